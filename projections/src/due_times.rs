//! Read model `due_times`: when time brings something to each space next, for a scheduler that only has to wait.
//!
//! The space's own rule decides, so the aggregates are folded here once more (`followed`).

mod followed;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::policy::Policy;
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::exceptions::held_back;
use crate::in_force;
use crate::projection::{ApplyError, Decoded, Projection, Tables};
use crate::registry::Registry;
use crate::rows::{self, Row, Rows, from_json};
use followed::Followed;

pub(crate) const TABLES: Tables =
    Tables { names: &["due_times"], internal: &["due_spaces"], schema: include_str!("due_times.sql") };

/// Spaces kept in memory between batches. Beyond that it starts anew: it is only a cache.
const KEPT: usize = 50_000;

/// When something is due at a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueTime {
    /// The space.
    pub space_id: SpaceId,
    /// Its owner.
    pub tenant_id: TenantId,
    /// When the next thing is due that nobody does before.
    pub due: Instant,
    /// How long before its start a reservation shows there.
    pub reserved_soon_sec: u32,
}

impl Row for DueTime {
    const TABLE: &'static str = "due_times";
    const KEY: &'static str = "space_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = SpaceId;

    fn key(&self) -> SpaceId {
        self.space_id
    }
}

/// When the first thing is due anywhere, but at the spaces of `except`.
pub async fn first(
    connection: &mut PgConnection,
    except: &[SpaceId],
) -> Result<Option<Instant>, sqlx::Error> {
    let query = format!("select d.due from due_times d where {} order by d.due limit 1", moving(1));
    let first: Option<DateTime<Utc>> =
        sqlx::query_scalar(&query).bind(uuids(except)).fetch_optional(connection).await?;
    first.map(rows::instant).transpose()
}

/// The spaces where something is due at a moment or before, but those of `except`; those first that wait longest.
pub async fn until(
    connection: &mut PgConnection,
    at: Instant,
    limit: i64,
    except: &[SpaceId],
) -> Result<Vec<DueTime>, sqlx::Error> {
    let query = format!(
        "select to_json(d)::text from due_times d where {} and d.due <= $2 order by d.due, d.space_id limit $3",
        moving(1)
    );
    let rows: Vec<String> = sqlx::query_scalar(&query)
        .bind(uuids(except))
        .bind(at.utc())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// The condition that a row is followed: its space is not one of a parameter's, and its stream is not held back.
fn moving(except: u8) -> String {
    format!("d.space_id <> all(${except}) and not {}", held_back(Registry::NAME, "d.space_id"))
}

fn uuids(space_ids: &[SpaceId]) -> Vec<Uuid> {
    space_ids.iter().map(|space_id| space_id.uuid()).collect()
}

/// Follows the spaces and the policies in force there.
#[derive(Default)]
pub(crate) struct DueTimes {
    spaces: HashMap<SpaceId, Followed>,
    rows: Rows<DueTime>,
}

impl DueTimes {
    /// Comes after sites, spaces and policies have been written: theirs is the word on what is in force.
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), ApplyError> {
        let Some(first) = events.first().map(|decoded| decoded.recorded.position) else { return Ok(()) };
        let changed: BTreeSet<SpaceId> = events.iter().filter_map(space_of).map(SpaceId::from).collect();
        let mut concerned = changed.clone();
        concerned.extend(under_other_policies(connection, events).await?.into_iter().map(SpaceId::from));
        if concerned.is_empty() {
            return Ok(());
        }
        self.recall(connection, &concerned, events, first).await?;
        for decoded in events {
            if let (Event::Space(event), Some(space_id)) = (&decoded.event, space_of(decoded)) {
                self.spaces.entry(space_id.into()).or_default().take(event, decoded.recorded.sequence);
            }
        }
        self.keep(connection, &changed).await?;
        self.save(connection, &concerned).await
    }

    /// Makes spaces known as they were before the batch. One that begins in it was nothing.
    async fn recall(
        &mut self,
        connection: &mut PgConnection,
        concerned: &BTreeSet<SpaceId>,
        events: &[Decoded<'_>],
        before: i64,
    ) -> Result<(), sqlx::Error> {
        for begun in events.iter().filter(|decoded| decoded.recorded.sequence == 1).filter_map(space_of) {
            self.spaces.insert(begun.into(), Followed::default());
        }
        let unknown: Vec<SpaceId> =
            concerned.iter().filter(|space_id| !self.spaces.contains_key(space_id)).copied().collect();
        let mut kept = followed::load(connection, &unknown).await?;
        for space_id in unknown {
            let mut space = kept.remove(&space_id).unwrap_or_default();
            space.catch_up(connection, space_id, before).await?;
            self.spaces.insert(space_id, space);
        }
        Ok(())
    }

    /// Keeps those of which there is much that is not kept yet.
    async fn keep(
        &mut self,
        connection: &mut PgConnection,
        changed: &BTreeSet<SpaceId>,
    ) -> Result<(), sqlx::Error> {
        let is_to_be_kept = |space_id| self.spaces.get(space_id).is_some_and(Followed::is_to_be_kept);
        if !changed.iter().any(is_to_be_kept) {
            return Ok(());
        }
        let mut due: Vec<(SpaceId, &mut Followed)> = self
            .spaces
            .iter_mut()
            .filter(|(space_id, space)| changed.contains(space_id) && space.is_to_be_kept())
            .map(|(space_id, space)| (*space_id, space))
            .collect();
        followed::store(connection, &mut due).await
    }

    async fn save(
        &mut self,
        connection: &mut PgConnection,
        concerned: &BTreeSet<SpaceId>,
    ) -> Result<(), ApplyError> {
        self.rows.load(connection, concerned.iter().copied()).await?;
        let space_ids: Vec<Uuid> = concerned.iter().map(|space_id| space_id.uuid()).collect();
        let policies: HashMap<SpaceId, Policy> =
            in_force::at_spaces(connection, &space_ids).await?.into_iter().collect();
        for space_id in concerned {
            let due = policies.get(space_id).and_then(|policy| self.next(*space_id, policy));
            match due {
                None => self.rows.remove(space_id),
                Some(due) if self.rows.get(space_id) == Some(&due) => {}
                Some(due) => self.rows.put(due),
            }
        }
        self.rows.save(connection).await?;
        if self.spaces.len() > KEPT {
            self.spaces.clear();
        }
        Ok(())
    }

    fn next(&mut self, space_id: SpaceId, policy: &Policy) -> Option<DueTime> {
        let space = self.spaces.get_mut(&space_id)?.without_what_is_over();
        let tenant_id = space.description()?.tenant_id;
        let due = space.next_due(policy.reserved_soon())?.at;
        Some(DueTime { space_id, tenant_id, due, reserved_soon_sec: policy.reserved_soon_threshold_sec })
    }
}

fn space_of(decoded: &Decoded<'_>) -> Option<Uuid> {
    matches!(decoded.event, Event::Space(_)).then(|| decoded.stream_uuid()).flatten()
}

/// The spaces of those sites and tenants of which the batch tells something.
async fn under_other_policies(
    connection: &mut PgConnection,
    events: &[Decoded<'_>],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let of = |wanted: fn(&Event) -> bool| -> Vec<Uuid> {
        events.iter().filter(|decoded| wanted(decoded.event)).filter_map(Decoded::stream_uuid).collect()
    };
    let sites = of(|event| matches!(event, Event::Site(_)));
    let tenants = of(|event| matches!(event, Event::Tenant(_)));
    if sites.is_empty() && tenants.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("select space_id from spaces where site_id = any($1) or tenant_id = any($2)")
        .bind(sites)
        .bind(tenants)
        .fetch_all(connection)
        .await
}
