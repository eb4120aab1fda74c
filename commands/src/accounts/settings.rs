//! How long sessions, tokens and links last, and how many passwords are hashed at once.

use chrono::TimeDelta;

/// The settings of accounts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer that access tokens name.
    pub issuer: String,
    /// The audience that access tokens name.
    pub audience: String,
    /// How long an access token is valid.
    pub access_life: TimeDelta,
    /// How long a session lasts without a refresh.
    pub idle_life: TimeDelta,
    /// How long a session lasts at most.
    pub session_life: TimeDelta,
    /// How long an invitation can be accepted.
    pub invitation_life: TimeDelta,
    /// How long a link can reset a password.
    pub reset_life: TimeDelta,
    /// How many passwords are hashed at the same time; each takes 19 MiB.
    pub hashers: usize,
    /// How many more may wait. Beyond them a login is refused as [`Busy`](super::AccountError::Busy).
    pub waiting_hashes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            issuer: "parking".to_owned(),
            audience: "parking-api".to_owned(),
            access_life: TimeDelta::minutes(60),
            idle_life: TimeDelta::days(7),
            session_life: TimeDelta::days(30),
            invitation_life: TimeDelta::days(7),
            reset_life: TimeDelta::hours(1),
            hashers: 2,
            waiting_hashes: 64,
        }
    }
}
