//! The read side: the ordered feed, the runner that carries projections along it, and one file per read model.
//!
//! Only [`feed`] reads the log in order. A projection commits its rows and its checkpoint in one transaction, so it may
//! run twice, be killed anywhere, or be down, and its rows are always those of one prefix of the log.

pub mod feed;
pub mod orphan_devices;
pub mod outage;
pub mod progress;
pub mod projection;
pub mod runner;
pub mod wake;

use sqlx::{Executor, PgConnection};

/// Creates the tables of every read model that are not there yet. Needs the owner's role.
pub async fn install(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    connection.execute(orphan_devices::SCHEMA).await?;
    Ok(())
}
