//! Inserts a month into the log in bulk: the rows that `append_events` would write, without its checks.

use parking_commands::ids::Ids;
use parking_commands::metadata::Metadata;
use parking_projections::engine::install::Installed;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::month::{Made, Month};
use crate::BenchError;
use crate::environment::SystemIds;

/// Rows inserted at once.
const BATCH: usize = 5_000;

/// Inserts the month's events; returns their number.
pub(super) async fn fill(connection: &mut PgConnection, mut month: Month) -> Result<i64, BenchError> {
    let (mut head, mut waiting) = (0, Vec::new());
    loop {
        let mut next = month.go_on()?;
        let over = next.is_empty();
        waiting.append(&mut next);
        if over || waiting.len() >= BATCH {
            insert(connection, head, &waiting).await?;
            head += i64::try_from(waiting.len())?;
            waiting.clear();
        }
        if over {
            break;
        }
    }
    sqlx::query("update log_head set position = $1, recorded_at = (select max(recorded_at) from events)")
        .bind(head)
        .execute(&mut *connection)
        .await?;
    // Otherwise it would run during the measurement.
    connection.execute("vacuum (analyze) events").await?;
    Ok(head)
}

async fn insert(connection: &mut PgConnection, head: i64, rows: &[Made]) -> Result<(), BenchError> {
    let metadata = Metadata {
        actor: Some("chirpstack".to_owned()),
        request_id: Some(SystemIds.next().to_string()),
        ..Metadata::default()
    };
    let mut transaction = connection.begin().await?;
    sqlx::query(
        "insert into events (position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                             payload, metadata, event_id, append_id, recorded_at, body, body_encoding) \
         select $1 + n, tenant_id, type, id, sequence, event_type, event_version, payload::json, $2::json, event_id, \
                event_id, recorded_at, convert_to(body, 'utf8'), case when body is not null then 0 end \
           from unnest($3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], \
                       $10::uuid[], $11::timestamptz[], $12::text[]) \
                  with ordinality as e (tenant_id, type, id, sequence, event_type, event_version, payload, event_id, \
                                        recorded_at, body, n)",
    )
    .bind(head)
    .bind(metadata.to_json())
    .bind(rows.iter().map(|row| row.tenant_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.aggregate_type).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.aggregate_id.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.sequence).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event_type.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event_version.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.payload.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|_| SystemIds.next()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.recorded_at.utc()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.body.as_deref()).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Sets a projection's checkpoint to a position, without rows.
pub(super) async fn stand_at(
    connection: &mut PgConnection,
    projection: &Installed,
    position: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into projections.checkpoints (projection, version, position) values ($1, $2, $3)")
        .bind(projection.name)
        .bind(projection.version)
        .bind(position)
        .execute(connection)
        .await
        .map(drop)
}
