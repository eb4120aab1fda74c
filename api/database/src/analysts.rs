//! Logins of analysts: each belongs to one tenant, whatever its sessions set.

use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::init::{new_password, url_of};
use crate::{Database, Logins};

/// The longest name: PostgreSQL cuts longer role names off.
const LONGEST: usize = 40;

/// An analyst's login, and the tenant whose rows it sees.
#[derive(Debug, sqlx::FromRow)]
pub struct Analyst {
    /// The login.
    pub role: String,
    /// The tenant's id.
    pub tenant_id: Uuid,
}

/// Why an analyst was not added or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AnalystError {
    /// It is a name of a database role, in part.
    #[error(
        "{0:?} is no name for an analyst; use at most {LONGEST} of a-z, 0-9 and _, such as a user's name"
    )]
    Name(String),
    /// There is no such tenant.
    #[error("there is no tenant {0}; name it by its id or its slug")]
    NoTenant(String),
    /// The login exists.
    #[error("the login {0} exists; remove it first, or choose another name")]
    Exists(String),
    /// The login does not exist.
    #[error("there is no analyst {0}; `parking database analyst list` names them")]
    NoAnalyst(String),
    /// The database refused.
    #[error(
        "the login cannot be changed; DATABASE_URL must name a superuser or a role that may create roles: {0}"
    )]
    Database(#[from] sqlx::Error),
}

/// Makes the login of an analyst of a tenant. Returns its role and, where logins have passwords, its URL.
pub async fn add(
    database: &Database,
    name: &str,
    tenant: &str,
    fill: impl Fn(&mut [u8]),
) -> Result<(String, Option<String>), AnalystError> {
    let role = role_of(name)?;
    let mut admin = database.admin.connect().await?;
    let mut transaction = admin.begin().await?;
    let tenant_id = tenant_of(&mut transaction, tenant).await?;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
        .bind(&role)
        .fetch_one(&mut *transaction)
        .await?;
    if exists {
        return Err(AnalystError::Exists(role));
    }
    transaction.execute(&*format!("create role {role} login in role parking_analyst")).await?;
    let connect = "select format('grant connect on database %I to %I', current_database(), $1)";
    let connect: String = sqlx::query_scalar(connect).bind(&role).fetch_one(&mut *transaction).await?;
    transaction.execute(&*connect).await?;
    // A restored database has the entry, without the login.
    let enter = "insert into ops.analysts (role, tenant_id) values ($1, $2) \
                 on conflict (role) do update set tenant_id = excluded.tenant_id";
    sqlx::query(enter).bind(&role).bind(tenant_id).execute(&mut *transaction).await?;
    let url = match database.logins {
        // The kernel says who is at the other end.
        Logins::Private => None,
        Logins::ByName | Logins::Urls(_) => {
            let password = new_password(&mut transaction, &role, &fill).await?;
            Some(url_of(&database.admin, &role, Some(&password)))
        }
    };
    transaction.commit().await?;
    Ok((role, url))
}

/// Removes the login. Its open sessions see no row any more.
pub async fn remove(database: &Database, name: &str) -> Result<String, AnalystError> {
    let role = role_of(name)?;
    let mut admin = database.admin.connect().await?;
    let mut transaction = admin.begin().await?;
    let removed = sqlx::query("delete from ops.analysts where role = $1")
        .bind(&role)
        .execute(&mut *transaction)
        .await?;
    if removed.rows_affected() == 0 {
        return Err(AnalystError::NoAnalyst(role));
    }
    let revoke = "select format('revoke all on database %I from %I', current_database(), rolname) \
                    from pg_roles where rolname = $1";
    let revoke: Option<String> =
        sqlx::query_scalar(revoke).bind(&role).fetch_optional(&mut *transaction).await?;
    if let Some(revoke) = revoke {
        transaction.execute(&*revoke).await?;
        transaction.execute(&*format!("drop role {role}")).await?;
    }
    transaction.commit().await?;
    Ok(role)
}

/// All analysts of this database.
pub async fn list(database: &Database) -> Result<Vec<Analyst>, AnalystError> {
    let mut admin = database.admin.connect().await?;
    let analysts = "select role::text, tenant_id from ops.analysts order by role";
    Ok(sqlx::query_as(analysts).fetch_all(&mut admin).await?)
}

/// The login of an analyst.
fn role_of(name: &str) -> Result<String, AnalystError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(fits) && (1..=LONGEST).contains(&name.len()) {
        Ok(format!("analyst_{name}"))
    } else {
        Err(AnalystError::Name(name.to_owned()))
    }
}

async fn tenant_of(admin: &mut PgConnection, tenant: &str) -> Result<Uuid, AnalystError> {
    let found: Option<String> = sqlx::query_scalar(
        "select aggregate_id from claims where scope = 'tenant_slug' and key = $1 \
         union all select aggregate_id from streams where aggregate_type = 'tenant' and aggregate_id = $1 limit 1",
    )
    .bind(tenant)
    .fetch_optional(admin)
    .await?;
    found.and_then(|id| id.parse().ok()).ok_or_else(|| AnalystError::NoTenant(tenant.to_owned()))
}
