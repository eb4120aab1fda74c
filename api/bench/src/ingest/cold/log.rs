//! A full log by `COPY`: the rows that the server would have written for the uplinks of these devices, in turns.

use std::fmt::Write as _;

use cqrs_es::{Aggregate, DomainEvent};
use parking_commands::ids::Ids;
use parking_commands::metadata::Metadata;
use parking_domain::aggregate::Decider;
use parking_domain::uplinks::Uplinks as Stream;
use sqlx::{Executor, PgConnection};
use tokio::sync::mpsc;

use crate::BenchError;
use crate::environment::{SystemIds, now};
use crate::uplinks::{Uplinks, command};

/// Bytes sent at once, and the most chunks that wait.
const CHUNK: usize = 1024 * 1024;
const WAITING: usize = 8;

/// Appends to the log; returns the number of events. The checkpoints are set to its end.
pub(super) async fn fill(
    connection: &mut PgConnection,
    devices: u32,
    history: u32,
) -> Result<i64, BenchError> {
    let head: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&mut *connection).await?;
    let (chunks, mut waiting) = mpsc::channel(WAITING);
    let made = tokio::task::spawn_blocking(move || make(head, devices, history, &chunks));
    let mut copy = connection
        .copy_in_raw(
            "copy events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, \
                          event_id, append_id, recorded_at, body, body_encoding) from stdin",
        )
        .await?;
    while let Some(chunk) = waiting.recv().await {
        copy.send(chunk).await?;
    }
    copy.finish().await?;
    let ids = made.await??;
    let events = i64::from(devices) * i64::from(history);
    sqlx::query(
        "insert into streams (aggregate_type, aggregate_id, version, last_position) \
         select 'uplinks', id, $2, $3 + place from unnest($1::text[]) with ordinality as d (id, place)",
    )
    .bind(ids)
    .bind(i64::from(history))
    .bind(head + events - i64::from(devices))
    .execute(&mut *connection)
    .await?;
    let end = head + events;
    sqlx::query("update log_head set position = $1, recorded_at = clock_timestamp()")
        .bind(end)
        .execute(&mut *connection)
        .await?;
    sqlx::query("update projections.checkpoints set position = $1")
        .bind(end)
        .execute(&mut *connection)
        .await?;
    connection.execute("vacuum (analyze) events").await?;
    connection.execute("analyze streams").await?;
    connection.execute("checkpoint").await?;
    Ok(events)
}

/// Makes the rows; returns the ids of the streams.
fn make(
    head: i64,
    devices: u32,
    history: u32,
    chunks: &mpsc::Sender<Vec<u8>>,
) -> Result<Vec<String>, BenchError> {
    let mut uplinks = Uplinks::of_devices(0, devices);
    let mut streams = vec![Stream::default(); devices as usize];
    let (mut ids, mut position, mut chunk) = (Vec::new(), head, String::with_capacity(2 * CHUNK));
    for sequence in 1..=history {
        for stream in &mut streams {
            position += 1;
            let id = write_row(&mut chunk, stream, &uplinks.make(), position, sequence)?;
            if sequence == 1 {
                ids.push(id);
            }
            if chunk.len() >= CHUNK {
                chunks.blocking_send(std::mem::take(&mut chunk).into_bytes())?;
                chunk.reserve(2 * CHUNK);
            }
        }
    }
    chunks.blocking_send(chunk.into_bytes())?;
    Ok(ids)
}

fn write_row(
    chunk: &mut String,
    stream: &mut Stream,
    body: &[u8],
    position: i64,
    sequence: u32,
) -> Result<String, BenchError> {
    let at = now();
    let (id, record) = command(body, at)?;
    let [event] = &stream.decide(&record)?[..] else { return Err("a new report is one event".into()) };
    stream.evolve(event);
    let metadata = Metadata {
        actor: Some("chirpstack".to_owned()),
        request_id: Some(SystemIds.next().to_string()),
        ..Metadata::default()
    };
    let payload = serde_json::to_string(event)?.replace('\\', "\\\\");
    let (event_id, append_id) = (SystemIds.next(), SystemIds.next());
    writeln!(
        chunk,
        "{position}\t{}\t{id}\t{sequence}\t{}\t{}\t{payload}\t{}\t{event_id}\t{append_id}\t{}\t\\\\x{}\t0",
        Stream::TYPE,
        event.event_type(),
        event.event_version(),
        metadata.to_json().replace('\\', "\\\\"),
        at.utc().to_rfc3339(),
        hex::encode(body),
    )?;
    Ok(id)
}
