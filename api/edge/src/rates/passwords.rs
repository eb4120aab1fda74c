//! Tries of passwords. Each is counted before the password is hashed, by whose password it is and by who tries.

use parking_domain::id::UserId;
use parking_domain::instant::Instant;

use super::bucket::{Allowance, Quota};
use super::{RateLimits, take};
use crate::devices::Device;
use crate::network::Network;
use crate::proxies::Sender;

/// Wrong passwords of one user from one network, or in the sessions of one user.
const OF_USER: Quota = Quota::of(10, 1);

/// Wrong passwords from one device that the user has logged in from before.
const OF_DEVICE: Quota = Quota::of(10, 1);

/// Wrong passwords from all such devices of one user.
const OF_DEVICES: Quota = Quota::of(30, 10);

/// Wrong passwords of all users from one subscriber, and registrations.
const OF_ADDRESS: Quota = Quota::of(30, 10);

/// Passwords of all users from everywhere, right or wrong. Hashing so many keeps one processor busy for a third of the time.
const OF_ALL: Quota = Quota::of(600, 600);

/// Right passwords of one user, and of one subscriber: what they have at most of the passwords of all.
const RIGHT_OF_USER: Quota = Quota::of(60, 10);
const RIGHT_OF_ADDRESS: Quota = Quota::of(120, 60);

/// Whose password is tried, and from where.
#[derive(Clone, Copy, Debug)]
pub struct TriedUser<'a> {
    user: User,
    /// Where somebody logs in; none in a session.
    from: Option<(&'a Sender, Option<Device>)>,
}

/// Of an e-mail or an id, the buckets keep only a hash.
#[derive(Clone, Copy, Debug, Hash)]
enum User {
    Email([u8; 16]),
    Id(UserId),
}

/// Whose tries are counted together. Known devices have buckets of their own, also the wide ones: what others try elsewhere
/// takes nothing from them.
#[derive(Clone, Copy, Debug, Hash)]
enum Key {
    User(User, Network),
    Session(User),
    Device(Device),
    Devices(User),
    Address(Network, IsKnown),
    All(IsKnown),
    Right(User),
    RightFrom(Network, IsKnown),
}

/// True for known devices.
type IsKnown = bool;

/// A try that was allowed, until it is known whether the password is right. Dropped, it counts as a wrong one.
#[derive(Debug)]
#[must_use = "a right password is put back with `succeeded`"]
pub struct Attempt {
    taken: Vec<(Key, Quota)>,
    /// What it counts in if the password is right.
    if_right: Vec<(Key, Quota)>,
    at: Instant,
}

impl<'a> TriedUser<'a> {
    /// The user with an e-mail, of which this is the keyed hash. A user has it or not; somebody logs in.
    pub fn of_email(email_key: [u8; 16], sender: &'a Sender, device: Option<Device>) -> Self {
        Self { user: User::Email(email_key), from: Some((sender, device)) }
    }

    /// The user of a session, who says the current password. What anybody else tries anywhere does not count for it.
    pub fn of_session(user_id: UserId) -> Self {
        Self { user: User::Id(user_id), from: None }
    }

    /// What a try counts in, from the narrowest to the widest, so that one attacker does not use up what is everyone's.
    fn keys(&self) -> Vec<(Key, Quota)> {
        let Some((sender, device)) = self.from else { return vec![(Key::Session(self.user), OF_USER)] };
        let mut keys = match device {
            Some(device) => vec![(Key::Device(device), OF_DEVICE), (Key::Devices(self.user), OF_DEVICES)],
            None => vec![(Key::User(self.user, Network::of_neighbours(sender.address)), OF_USER)],
        };
        keys.extend(of_everyone(sender, device.is_some()));
        keys
    }

    /// What a right password counts in. A program of this machine has better ways to keep the processor busy.
    fn keys_if_right(&self) -> Vec<(Key, Quota)> {
        let of_user = (Key::Right(self.user), RIGHT_OF_USER);
        match self.from {
            None => vec![of_user],
            Some((sender, _)) if sender.is_local => Vec::new(),
            Some((sender, device)) => {
                let address = Network::of_subscriber(sender.address);
                vec![of_user, (Key::RightFrom(address, device.is_some()), RIGHT_OF_ADDRESS)]
            }
        }
    }
}

/// What passwords of all users count in. Programs of this machine that no proxy forwards are free of limits by address.
fn of_everyone(sender: &Sender, is_known: IsKnown) -> Vec<(Key, Quota)> {
    if sender.is_local {
        return Vec::new();
    }
    let address = Network::of_subscriber(sender.address);
    vec![(Key::Address(address, is_known), OF_ADDRESS), (Key::All(is_known), OF_ALL)]
}

impl RateLimits {
    /// Counts a try of a password, before it is hashed. An error: it is refused.
    pub fn check_password(&self, tried: &TriedUser<'_>, now: Instant) -> Result<Attempt, Allowance> {
        let if_right = tried.keys_if_right();
        // Taken only if the password is right: who tries wrong ones must not use it up.
        for (key, quota) in &if_right {
            self.passwords.look(key, *quota, now)?;
        }
        Ok(Attempt { taken: self.take_all(tried.keys(), now)?, if_right, at: now })
    }

    /// Counts a registration as a try from its address: it hashes a password too. An error: it is refused.
    pub fn check_registration(&self, sender: &Sender, now: Instant) -> Result<(), Allowance> {
        self.take_all(of_everyone(sender, false), now).map(|_| ())
    }

    fn take_all(&self, keys: Vec<(Key, Quota)>, now: Instant) -> Result<Vec<(Key, Quota)>, Allowance> {
        for (n, (key, quota)) in keys.iter().enumerate() {
            if let Err(refused) = take(&self.passwords, key, *quota, now) {
                self.put_back(keys[..n].iter().copied());
                return Err(refused);
            }
        }
        Ok(keys)
    }

    /// The password was right: it counts only as one that was hashed.
    pub fn succeeded(&self, attempt: Attempt) {
        let Attempt { taken, if_right, at } = attempt;
        self.put_back(taken.into_iter().filter(|(key, _)| !matches!(key, Key::All(_))));
        for (key, quota) in if_right {
            // Tries that ran at the same time may have emptied it since.
            let _counted = take(&self.passwords, key, quota, at);
        }
    }

    /// The password was not hashed: it does not count.
    pub fn withdraw(&self, attempt: Attempt) {
        self.put_back(attempt.taken);
    }

    fn put_back(&self, taken: impl IntoIterator<Item = (Key, Quota)>) {
        for (key, quota) in taken {
            self.passwords.put_back(key, quota);
        }
    }
}
