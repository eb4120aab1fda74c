//! A demonstration is not mixed with other data: a database that holds any is refused before anything in it is changed.

use parking_database::{Database, Role, check_format};
use sqlx::{ConnectOptions, Connection};

use crate::CommandError;
use crate::demo::estate;

/// The SQLSTATE for a database that does not exist.
const NO_SUCH_DATABASE: &str = "3D000";

/// Tables of other programs: neither the platform's nor an extension's.
const OTHER_TABLES: &str = "select exists ( \
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace \
     where c.relkind in ('r', 'p', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%' \
       and pg_get_userbyid(c.relowner) <> $1 \
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))";

/// Events that are not of an earlier demonstration. What every installation starts with has no actor.
const OTHER_EVENTS: &str = "select exists (select from public.events where metadata ->> 'actor' is not null) \
                               and not exists (select from public.requests where key = $1)";

/// Refuses a database with data that is not of an earlier demonstration. Changes nothing.
pub(crate) async fn refuse_other_data(database: &Database) -> Result<(), CommandError> {
    let mut admin = match database.admin.connect().await {
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some(NO_SUCH_DATABASE) => {
            return Ok(());
        }
        connected => connected?,
    };
    // The queries below know this format only.
    check_format(database).await?;
    let has_other_tables: bool =
        sqlx::query_scalar(OTHER_TABLES).bind(Role::Owner.name()).fetch_one(&mut admin).await?;
    let has_log = "select to_regclass('public.events') is not null";
    let holds_other_data = has_other_tables
        || sqlx::query_scalar(has_log).fetch_one(&mut admin).await?
            && sqlx::query_scalar(OTHER_EVENTS).bind(estate::first_key()).fetch_one(&mut admin).await?;
    admin.close().await?;
    if holds_other_data {
        return Err("--demo is refused: this database holds data, and simulated cars would mix with it; name another \
                    database or directory (DATABASE_URL, PARKING_DATA_DIR), or neither for the demonstration's own"
            .into());
    }
    Ok(())
}
