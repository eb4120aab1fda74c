//! `DATABASE_URL`: which servers a program may log in to, and how.

use std::net::IpAddr;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Why a URL is not used. Nothing was sent. The text does not repeat the URL, which may contain a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UrlError {
    /// It is no URL, or has a parameter that is unknown.
    #[error("DATABASE_URL is not a PostgreSQL URL: postgres://user:password@host/database")]
    NotAUrl,
    /// The password and all data would be readable on the way.
    #[error(
        "DATABASE_URL names a server on another machine, {host}, without sslmode=verify-full: whoever is on the way could read \
         the password; add ?sslmode=verify-full, and &sslrootcert=FILE unless a public authority has signed its certificate"
    )]
    NotVerified {
        /// The server's host.
        host: String,
    },
}

/// How to connect to the server of a URL. A server on another machine must prove who it is, by TLS.
pub fn options_of(url: &str) -> Result<PgConnectOptions, UrlError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| UrlError::NotAUrl)?;
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    if is_verified || is_on_this_machine(&options) {
        return Ok(options);
    }
    Err(UrlError::NotVerified { host: options.get_host().to_owned() })
}

fn is_on_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is() {
        for host in ["db.example", "192.0.2.7", "[2001:db8::7]", "localhost.example", "0.0.0.0"] {
            for mode in ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"]
            {
                let refusal = options_of(&format!("postgres://ann:secret@{host}/parking{mode}")).err();
                assert!(matches!(refusal, Some(UrlError::NotVerified { .. })), "{host}{mode}");
            }
            assert!(options_of(&format!("postgres://ann:secret@{host}/parking?sslmode=verify-full")).is_ok());
        }
        for elsewhere in ["?host=db.example", "?hostaddr=192.0.2.7"] {
            assert!(options_of(&format!("postgres://ann@localhost/parking{elsewhere}")).is_err());
        }
    }

    #[test]
    fn this_machine_needs_no_proof() {
        for place in ["localhost", "127.0.0.1:5433", "127.9.9.9", "[::1]", "%2Frun%2Fpostgresql"] {
            assert!(options_of(&format!("postgres://ann:secret@{place}/parking")).is_ok(), "{place}");
        }
        assert!(options_of("postgres:///parking?host=/run/postgresql&user=ann").is_ok());
        assert_eq!(options_of("mysql//ann:secret@here").err(), Some(UrlError::NotAUrl));
    }
}
