//! A server that `DATABASE_URL` names, as the variables of PostgreSQL's own programs.

use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::CommandError;

/// The certificates of public authorities, which psql does not find by itself.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The variables for a session of this login. psql finds everything in them: on its command line every user of the
/// machine could read the password.
pub(super) fn variables(options: &PgConnectOptions) -> Result<Vec<(&'static str, String)>, CommandError> {
    let url = options.to_url_lossy();
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    let mut variables = vec![
        ("PGHOST", socket.unwrap_or_else(|| options.get_host().to_owned())),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGDATABASE", options.get_database().unwrap_or_else(|| options.get_username()).to_owned()),
    ];
    if let Some(password) = url.password() {
        variables.push(("PGPASSWORD", decoded(password).ok_or("the password in DATABASE_URL is not UTF-8")?));
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
    if url.query_pairs().any(|(_, value)| value == "verify-full")
        && !variables.iter().any(|(name, _)| *name == "PGSSLROOTCERT")
        && Path::new(AUTHORITIES).exists()
    {
        variables.push(("PGSSLROOTCERT", AUTHORITIES.to_owned()));
    }
    if let Some(own) = options.get_options() {
        variables.push(("PGOPTIONS", own.to_owned()));
    }
    Ok(variables)
}

/// The text of a part of a URL.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| hex::decode(code).ok()).and_then(|code| code.first().copied());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_the_variables_of_psql() {
        let url = "postgres://ann:p%40ss%2Fw%25rd@db.example:5433/lot?sslmode=verify-full&sslrootcert=/etc/ca.pem\
                   &options=-c%20jit%3Doff";
        let found = variables(&url.parse().expect("a URL")).expect("UTF-8");
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
}
