//! Writes snapshots in sets.

use sqlx::PgPool;

use super::Snapshot;

/// One row per stream: the newest state, or the first of a new form. A row whose last event is not in the log is
/// replaced too, as after the log was restored to another history.
pub(super) async fn write(pool: &PgPool, set: &[Snapshot]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into snapshots as old (aggregate_type, aggregate_id, state_version, version, event_id, state) \
         select distinct on (1, 2) type, id, state_version, version, event_id, state::json \
           from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::uuid[], $6::text[]) \
             as new (type, id, state_version, version, event_id, state) \
          order by 1, 2, version desc \
         on conflict (aggregate_type, aggregate_id) do update \
            set state_version = excluded.state_version, version = excluded.version, event_id = excluded.event_id, \
                state = excluded.state \
          where old.state_version <> excluded.state_version or old.version < excluded.version \
             or not exists (select from events e \
                             where e.aggregate_type = old.aggregate_type and e.aggregate_id = old.aggregate_id \
                               and e.sequence = old.version and e.event_id = old.event_id)",
    )
    .bind(set.iter().map(|s| s.aggregate_type).collect::<Vec<_>>())
    .bind(set.iter().map(|s| s.aggregate_id.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|s| s.state_version).collect::<Vec<_>>())
    .bind(set.iter().map(|s| s.version).collect::<Vec<_>>())
    .bind(set.iter().map(|s| s.event_id).collect::<Vec<_>>())
    .bind(set.iter().map(|s| s.state.as_str()).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}
