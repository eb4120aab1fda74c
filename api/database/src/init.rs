//! `parking database init`: a login with a password for each role, on a server of one's own.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use crate::format;
use crate::prepare::{PrepareError, connect_or_create};
use crate::scram::verifier;
use crate::{Database, Role, roles};

/// The login that backups use: it reads the rows of all tenants, and no service runs as it.
pub const BACKUP: (&str, &str) = ("parking_backup", "PARKING_BACKUP_URL");

/// On a role: its password was set here, and its URL was printed.
const MARK: &str = "its password was set by parking database init";

/// A login that was made.
pub struct Login {
    /// The variable that takes its URL.
    pub variable: &'static str,
    /// Its URL, with the password.
    pub url: String,
}

/// Makes the database, the roles, and a password for each login that has none from here yet; with `renew` for each. The
/// passwords are stored nowhere else than in the answer.
pub async fn init(
    database: &Database,
    renew: bool,
    fill: impl Fn(&mut [u8]),
) -> Result<Vec<Login>, PrepareError> {
    let mut admin = connect_or_create(&database.admin).await?;
    format::check(&mut admin, database).await?;
    roles::bootstrap(&mut admin).await?;
    let logins = Role::ALL.map(|role| (role.name(), role.variable()));
    let mut made = Vec::new();
    let mut transaction = admin.begin().await.map_err(PrepareError::Logins)?;
    for (role, variable) in logins.into_iter().chain([BACKUP]) {
        let comment = comment(&mut transaction, role).await.map_err(PrepareError::Logins)?;
        let Some(comment) = comment else { continue };
        if renew || comment != MARK {
            let password = new_password(&mut transaction, role, &fill).await.map_err(PrepareError::Logins)?;
            let mark = format!("comment on role {role} is '{MARK}'");
            transaction.execute(&*mark).await.map_err(PrepareError::Logins)?;
            made.push(Login { variable, url: url_of(&database.admin, role, Some(&password)) });
        }
    }
    transaction.commit().await.map_err(PrepareError::Logins)?;
    admin.close().await.map_err(PrepareError::Connect)?;
    Ok(made)
}

/// The comment on a role; empty without one. `None` without the role.
async fn comment(admin: &mut PgConnection, role: &str) -> Result<Option<String>, sqlx::Error> {
    let sql = "select coalesce(shobj_description(oid, 'pg_authid'), '') from pg_roles where rolname = $1";
    sqlx::query_scalar(sql).bind(role).fetch_optional(admin).await
}

/// Gives the role a new password and returns it.
pub(crate) async fn new_password(
    admin: &mut PgConnection,
    role: &str,
    fill: &impl Fn(&mut [u8]),
) -> Result<String, sqlx::Error> {
    let (mut secret, mut salt) = ([0; 32], [0; 16]);
    fill(&mut secret);
    fill(&mut salt);
    let password = hex::encode(secret);
    // The names of the roles and the verifier need no escaping.
    admin.execute(&*format!("alter role {role} password '{}'", verifier(&password, salt))).await?;
    Ok(password)
}

/// The URL of a login on the server of these options; without a password of its own it has theirs.
pub fn url_of(server: &PgConnectOptions, login: &str, password: Option<&str>) -> String {
    let mut url = server.to_url_lossy();
    url.set_username(login).expect("the URL of a server has a host");
    if password.is_some() {
        url.set_password(password).expect("the URL of a server has a host");
    }
    // sqlx marks certificates in files, and adds settings that only it knows.
    let tls: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name.starts_with("ssl"))
        .map(|(name, value)| (name.into_owned(), value.strip_prefix("file: ").unwrap_or(&value).to_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(tls);
    url.into()
}
