//! The upper limit: the same rows, inserted in batches by one connection that does nothing else.
//!
//! No versions, no expectations, no claims: only a counter row for gapless positions and one `insert … select from
//! unnest`.

use bytes::Bytes;
use parking_commands::ids::Ids;
use parking_commands::metadata::Metadata;
use parking_domain::aggregate::Decider;
use parking_domain::uplinks::Uplinks;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Executor};
use tokio::time::Instant;
use uuid::Uuid;

use super::Job;
use crate::BenchError;
use crate::environment::SystemIds;
use crate::measure::Sample;

/// Rows inserted at once.
const BATCH: usize = 500;

/// Tables like the log's own: one with all its indexes, one with only the index that an ordered log needs.
const TABLES: &str = "
create schema raw;
create table raw.events (like public.events including all);
create table raw.bare (like public.events including storage);
alter table raw.bare add primary key (position);
create table raw.head as select 0::bigint as position;
";

/// A row to insert.
struct Row {
    id: String,
    event_id: Uuid,
    append_id: Uuid,
    payload: String,
    metadata: String,
    body: Bytes,
}

/// The connection and its tables.
pub(crate) struct Raw(PgConnection);

impl Raw {
    pub(crate) async fn start(admin: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connection = admin.connect().await?;
        connection.execute(TABLES).await?;
        Ok(Self(connection))
    }

    /// Inserts the events of the commands; they are decided before the clock starts.
    pub(crate) async fn insert(&mut self, table: &str, jobs: Vec<Job>) -> Result<Sample, BenchError> {
        let rows = jobs.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let sql = format!(
            "with h as (update raw.head set position = position + $1 returning position - $1 as position) \
             insert into raw.{table} (position, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                                      payload, metadata, event_id, append_id, recorded_at, body, body_encoding) \
             select h.position + e.n, 'uplinks', e.id, 1, 'UplinkReceived', '1', e.payload::json, e.metadata::json, \
                    e.event_id, e.append_id, clock_timestamp(), e.body, 0 \
               from h, unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bytea[]) \
                           with ordinality as e (id, event_id, append_id, payload, metadata, body, n)"
        );
        let (started, mut latencies) = (Instant::now(), Vec::new());
        for batch in rows.chunks(BATCH) {
            let began = Instant::now();
            sqlx::query(&sql)
                .bind(i64::try_from(batch.len()).expect("500 at most"))
                .bind(batch.iter().map(|row| row.id.as_str()).collect::<Vec<_>>())
                .bind(batch.iter().map(|row| row.event_id).collect::<Vec<_>>())
                .bind(batch.iter().map(|row| row.append_id).collect::<Vec<_>>())
                .bind(batch.iter().map(|row| row.payload.as_str()).collect::<Vec<_>>())
                .bind(batch.iter().map(|row| row.metadata.as_str()).collect::<Vec<_>>())
                .bind(batch.iter().map(|row| &row.body[..]).collect::<Vec<_>>())
                .execute(&mut self.0)
                .await?;
            latencies.extend(std::iter::repeat_n(began.elapsed(), batch.len()));
        }
        Ok(Sample::new(started.elapsed(), latencies))
    }
}

fn row(job: Job) -> Result<Row, BenchError> {
    let events = Uplinks::default().decide(&job.command)?;
    let metadata = Metadata {
        actor: Some("chirpstack".to_owned()),
        request_id: Some(SystemIds.next().to_string()),
        ..Metadata::default()
    };
    Ok(Row {
        id: job.id,
        event_id: SystemIds.next(),
        append_id: SystemIds.next(),
        payload: serde_json::to_string(&events[0])?,
        metadata: metadata.to_json(),
        body: job.body,
    })
}
