//! A server that `DATABASE_URL` names, as the variables of PostgreSQL's own programs.

use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The certificates of public authorities, which psql does not find by itself.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The variables for a session of this login. psql finds everything in them: on its command line every user of the machine
/// could read the password.
pub(super) fn variables(options: &PgConnectOptions) -> Vec<(&'static str, String)> {
    // sqlx makes a URL of a host and a user as they are, and panics where that is none: the password and TLS are all that is
    // read from it.
    let url = options.clone().host("localhost").username("login").to_url_lossy();
    let host = options.get_host().trim_matches(['[', ']']).to_owned();
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    let mut variables = vec![
        ("PGHOST", socket.unwrap_or(host)),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGDATABASE", options.get_database().unwrap_or_else(|| options.get_username()).to_owned()),
    ];
    if let Some(password) = url.password() {
        // A query is what the URL's type decodes.
        let mut decoded = url.clone();
        decoded.set_query(Some(&format!("password={password}")));
        let password = decoded.query_pairs().next().map(|(_, password)| password.into_owned());
        variables.extend(password.map(|password| ("PGPASSWORD", password)));
    }
    for (name, value) in url.query_pairs() {
        let variable = match &*name {
            "sslmode" => "PGSSLMODE",
            "sslrootcert" => "PGSSLROOTCERT",
            "sslcert" => "PGSSLCERT",
            "sslkey" => "PGSSLKEY",
            _ => continue,
        };
        let file = value.strip_prefix("file: ").map(str::to_owned);
        variables.push((variable, file.unwrap_or_else(|| value.into_owned())));
    }
    if matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)
        && !variables.iter().any(|(name, _)| *name == "PGSSLROOTCERT")
        && Path::new(AUTHORITIES).exists()
    {
        variables.push(("PGSSLROOTCERT", AUTHORITIES.to_owned()));
    }
    if let Some(own) = options.get_options() {
        variables.push(("PGOPTIONS", own.to_owned()));
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_the_variables_of_psql() {
        let url = "postgres://ann:p%40ss%2Fw%25rd@db.example:5433/lot?sslmode=verify-full&sslrootcert=/etc/ca.pem\
                   &options=-c%20jit%3Doff";
        let found = variables(&url.parse().expect("a URL"));
        for expected in [
            ("PGHOST", "db.example"),
            ("PGPORT", "5433"),
            ("PGUSER", "ann"),
            ("PGDATABASE", "lot"),
            ("PGPASSWORD", "p@ss/w%rd"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/etc/ca.pem"),
        ] {
            assert!(
                found.iter().any(|(name, value)| (*name, &**value) == expected),
                "{expected:?}: {found:?}"
            );
        }
        let (_, options) = found.last().expect("the options are the last");
        assert!(options.ends_with("-c jit=off"), "{options}");
    }

    #[test]
    fn each_way_to_write_a_url_becomes_the_variables_of_psql() {
        let variable = |url: &str, name: &str| {
            let found = variables(&url.parse().expect("a URL"));
            found.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
        };
        for place in ["[::1]/lot", "/lot?host=::1", "/lot?hostaddr=::1", "[::1]/lot?sslmode=disable"] {
            let url =
                format!("postgres://{}{place}", if place.starts_with('/') { "" } else { "app:p%40ss@" });
            assert_eq!(variable(&url, "PGHOST").as_deref(), Some("::1"), "{url}");
        }
        let url = "postgres://ann%40lot%2Fx:p%40+%26ss@db.example/lot";
        for (name, value) in [("PGHOST", "db.example"), ("PGUSER", "ann@lot/x"), ("PGPASSWORD", "p@+&ss")] {
            assert_eq!(variable(url, name).as_deref(), Some(value));
        }
        let socket = "postgres://ann@%2Frun%2Fpostgresql/lot";
        assert_eq!(variable(socket, "PGHOST").as_deref(), Some("/run/postgresql"));
    }
}
