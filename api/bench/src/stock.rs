//! cqrs-es and postgres-es set up by their documentation: the reference for this store.

mod orphans;

use std::collections::HashMap;

use cqrs_es::AggregateError;
use parking_commands::ids::Ids;
use parking_domain::uplinks::{RecordReport, UplinkRefusal, Uplinks};
use postgres_es::{PostgresCqrs, default_postgress_pool, postgres_cqrs};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use crate::environment::SystemIds;

/// Its own database on the same server.
pub(crate) const DATABASE: &str = "stock";

/// The part of postgres-es 0.5.0's `db/init.sql` that its event store needs.
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

/// Creates the database.
pub(crate) async fn prepare(admin: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = admin.clone().database("postgres").connect().await?;
    connection.execute(&*format!("create database {DATABASE}")).await?;
    connection.close().await?;
    let mut connection = admin.clone().database(DATABASE).connect().await?;
    connection.execute(SCHEMA).await?;
    connection.execute(orphans::SCHEMA).await?;
    connection.close().await
}

/// The framework on that database, with postgres-es's pool and store.
pub(crate) async fn framework(url: &str) -> PostgresCqrs<Uplinks> {
    postgres_cqrs(default_postgress_pool(url).await, Vec::new(), ())
}

/// The same, with the platform's read model as a view.
pub(crate) async fn framework_with_view(url: &str) -> PostgresCqrs<Uplinks> {
    let pool = default_postgress_pool(url).await;
    postgres_cqrs(pool.clone(), vec![orphans::query(pool)], ())
}

/// Executes one command and stores what the platform stores; a body has no place except the metadata.
pub(crate) async fn execute(
    framework: &PostgresCqrs<Uplinks>,
    id: &str,
    command: RecordReport,
    body: Option<&[u8]>,
) -> Result<(), AggregateError<UplinkRefusal>> {
    let mut metadata = HashMap::from([
        ("actor".to_owned(), "chirpstack".to_owned()),
        ("request_id".to_owned(), SystemIds.next().to_string()),
    ]);
    metadata.extend(body.map(|body| ("body".to_owned(), String::from_utf8_lossy(body).into_owned())));
    framework.execute_with_metadata(id, command, metadata).await
}
