//! Which passwords are accepted (OWASP ASVS 5.0, 6.2): the length counts, and common ones are refused.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The minimum length of a password, in characters.
pub const SHORTEST_PASSWORD: usize = 8;

/// The maximum length of a password, in characters.
pub const LONGEST_PASSWORD: usize = 128;

/// Why a password is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Too short or too long.
    #[error("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: choose another")]
    Length,
    /// One of those that are tried first.
    #[error("this password is one of the most common ones: choose another")]
    Common,
    /// The e-mail, or the part before its `@`.
    #[error("the password is the e-mail: choose another")]
    IsEmail,
    /// The current one.
    #[error("the new password is the current one: choose another")]
    Unchanged,
}

/// In lower case; letter case makes a common password no better.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with("# ")).collect()
});

/// Refuses a password that is too short or too long, common, or the user's e-mail. It is used as it is written.
pub(super) fn check(password: &str, email: Option<&str>) -> Result<(), PasswordRefusal> {
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.chars().count()) {
        return Err(PasswordRefusal::Length);
    }
    let lower = password.trim().to_lowercase();
    if COMMON.contains(&*lower) {
        return Err(PasswordRefusal::Common);
    }
    let is_email = email.is_some_and(|email| {
        let email = email.trim().to_lowercase();
        lower == email || email.rsplit_once('@').is_some_and(|(local, _)| lower == local)
    });
    if is_email { Err(PasswordRefusal::IsEmail) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_uncommon_and_not_the_email() {
        let email = Some("Wilhelmine@Example.com");
        for good in ["correct horse", "šílenost", &"x".repeat(128), " leading blank", "12345678901234567890x"]
        {
            assert_eq!(check(good, email), Ok(()), "{good}");
        }
        for short_or_long in ["", "1234567", "šílenos", &"x".repeat(129)] {
            assert_eq!(check(short_or_long, email), Err(PasswordRefusal::Length), "{short_or_long}");
        }
        for common in ["password", "12345678", "Password1", "QWERTYUIOP", "iloveyou", " password "] {
            assert_eq!(check(common, email), Err(PasswordRefusal::Common), "{common}");
        }
        for own in ["wilhelmine@example.com", "WILHELMINE"] {
            assert_eq!(check(own, email), Err(PasswordRefusal::IsEmail), "{own}");
        }
        assert_eq!(check("wilhelmine", None), Ok(()));
    }

    #[test]
    fn the_list_has_three_thousand_passwords_that_the_length_does_not_refuse() {
        assert_eq!(COMMON.len(), 3000);
        assert!(
            COMMON.iter().all(|common| common.len() >= SHORTEST_PASSWORD && *common == common.to_lowercase())
        );
    }
}
