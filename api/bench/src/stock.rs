//! cqrs-es and postgres-es as their documentation sets them up: what this store is measured against.

mod orphans;

use std::collections::HashMap;

use cqrs_es::AggregateError;
use parking_commands::ids::Ids;
use parking_domain::uplinks::{RecordReport, UplinkRefusal, Uplinks};
use postgres_es::{PostgresCqrs, default_postgress_pool, postgres_cqrs};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use crate::environment::SystemIds;

/// The database of its own, on the same server.
pub(crate) const DATABASE: &str = "stock";

/// `db/init.sql` of postgres-es 0.5.0, what its event store needs of it.
const SCHEMA: &str = "
create table events (
    aggregate_type text                         not null,
    aggregate_id   text                         not null,
    sequence       bigint check (sequence >= 0) not null,
    event_type     text                         not null,
    event_version  text                         not null,
    payload        json                         not null,
    metadata       json                         not null,
    primary key (aggregate_type, aggregate_id, sequence)
)";

/// Makes the database.
pub(crate) async fn prepare(admin: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = admin.clone().database("postgres").connect().await?;
    connection.execute(&*format!("create database {DATABASE}")).await?;
    connection.close().await?;
    let mut connection = admin.clone().database(DATABASE).connect().await?;
    connection.execute(SCHEMA).await?;
    connection.execute(orphans::SCHEMA).await?;
    connection.close().await
}

/// The framework on that database, with the pool and the store that postgres-es offers.
pub(crate) async fn framework(url: &str) -> PostgresCqrs<Uplinks> {
    postgres_cqrs(default_postgress_pool(url).await, Vec::new(), ())
}

/// The same, keeping the platform's read model too.
pub(crate) async fn framework_with_view(url: &str) -> PostgresCqrs<Uplinks> {
    let pool = default_postgress_pool(url).await;
    postgres_cqrs(pool.clone(), vec![orphans::query(pool)], ())
}

/// Executes one command and keeps what the platform keeps: the body too, for which there is no place but the metadata.
pub(crate) async fn execute(
    framework: &PostgresCqrs<Uplinks>,
    id: &str,
    command: RecordReport,
    body: &[u8],
) -> Result<(), AggregateError<UplinkRefusal>> {
    let metadata = [
        ("actor", "chirpstack".to_owned()),
        ("request_id", SystemIds.next().to_string()),
        ("body", String::from_utf8_lossy(body).into_owned()),
    ];
    let metadata = HashMap::from(metadata.map(|(name, value)| (name.to_owned(), value)));
    framework.execute_with_metadata(id, command, metadata).await
}
