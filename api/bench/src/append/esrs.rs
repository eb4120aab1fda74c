//! The statements of the crate esrs 0.18, in its order and on its table: load, begin, insert, commit.
//!
//! The crate itself is not a dependency: it enables OpenSSL in the sqlx of the whole workspace and brings 25 crates along.
//! It locks nothing unless its caller asks for it, and it has no place for metadata and bodies.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_commands::ids::Ids;
use parking_domain::aggregate::Decider;
use parking_domain::uplinks::{UplinkEvent, Uplinks};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::types::Json;
use sqlx::{Executor, PgPool};
use uuid::Uuid;

use super::Job;
use crate::BenchError;
use crate::environment::{SystemIds, now};
use crate::measure::{Sample, drive};

/// Connections, as many as postgres-es opens.
const POOL: u32 = 10;

/// What the migrations of esrs create for an aggregate named `uplinks`.
const SCHEMA: &str = "
create table uplinks_events (
    id              uuid        not null,
    aggregate_id    uuid        not null,
    payload         jsonb       not null,
    occurred_on     timestamptz not null default current_timestamp,
    sequence_number int         not null default 1,
    version         integer,
    constraint uplinks_events_pkey primary key (id)
);
create index uplinks_events_aggregate_id on uplinks_events (aggregate_id);
create unique index uplinks_events_aggregate_id_sequence_number on uplinks_events (aggregate_id, sequence_number);
";

const LOAD: &str = "select * from uplinks_events where aggregate_id = $1 order by sequence_number asc";

const INSERT: &str = "insert into uplinks_events (id, aggregate_id, payload, occurred_on, sequence_number, version) \
                      values ($1, $2, $3, $4, $5, $6)";

#[derive(sqlx::FromRow)]
struct Row {
    payload: Value,
    sequence_number: i32,
}

/// The pool, with the table.
pub(crate) struct Esrs(Arc<PgPool>);

impl Esrs {
    pub(crate) async fn start(url: &str) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(POOL).connect(url).await?;
        pool.execute(SCHEMA).await?;
        Ok(Self(Arc::new(pool)))
    }

    /// Executes the commands; each begins a stream.
    pub(crate) async fn execute(&self, jobs: Vec<Job>, concurrency: usize) -> Result<Sample, BenchError> {
        let pool = self.0.clone();
        drive(jobs, concurrency, move |job| {
            let pool = pool.clone();
            async move { execute(&pool, job).await }
        })
        .await
    }
}

async fn execute(pool: &PgPool, Job { command, .. }: Job) -> Result<(), BenchError> {
    // Its streams have UUIDs as ids.
    let stream = SystemIds.next();
    let rows: Vec<Row> = sqlx::query_as(LOAD).bind(stream).fetch_all(pool).await?;
    let mut uplinks = Uplinks::default();
    let mut sequence = 0;
    for row in rows {
        uplinks.evolve(&serde_json::from_value::<UplinkEvent>(row.payload)?);
        sequence = row.sequence_number;
    }
    let mut transaction = pool.begin().await?;
    let occurred_on = DateTime::<Utc>::from_timestamp_micros(now().micros());
    for event in uplinks.decide(&command)? {
        sequence += 1;
        let id: Uuid = SystemIds.next();
        sqlx::query(INSERT)
            .bind(id)
            .bind(stream)
            .bind(Json(&event))
            .bind(occurred_on)
            .bind(sequence)
            .bind(None::<i32>)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
