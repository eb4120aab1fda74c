//! Read model `due_times`: when the next timed change of each space is due. The scheduler only waits for it.
//!
//! The space's own rule decides, so the space aggregates are folded here too (`followed`).

mod followed;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use parking_domain::id::{Id, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::policy::Policy;
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::exceptions::held_back;
use crate::engine::projection::{ApplyError, Decoded, Tables};
use crate::engine::rows::{self, Row, Rows, from_json};
use crate::registry::in_force;
use crate::registry::name;
use followed::Followed;

pub(crate) const TABLES: Tables =
    Tables { names: &["due_times"], internal: &["due_spaces"], schema: include_str!("due_times.sql") };

/// Upper limit of spaces cached in memory; beyond it the cache is cleared.
const KEPT: usize = 50_000;

/// When a timed change of a space is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueTime {
    /// The space.
    pub space_id: SpaceId,
    /// The space's owner.
    pub tenant_id: TenantId,
    /// When the next change is due, unless a command makes it first.
    pub due: Instant,
    /// How long before its start the space shows a reservation.
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

/// When the first change is due, without the spaces in `except`.
pub async fn first(
    connection: &mut PgConnection,
    except: &[SpaceId],
) -> Result<Option<Instant>, sqlx::Error> {
    let query = format!("select d.due from due_times d where {} order by d.due limit 1", served(1));
    let first: Option<DateTime<Utc>> =
        sqlx::query_scalar(&query).bind(uuids(except)).fetch_optional(connection).await?;
    first.map(rows::instant).transpose()
}

/// Spaces of one tenant, or of all, with a change due at a moment or before, without those in `except`, longest overdue
/// first.
pub async fn until(
    connection: &mut PgConnection,
    of: Option<TenantId>,
    at: Instant,
    limit: i64,
    except: &[SpaceId],
) -> Result<Vec<DueTime>, sqlx::Error> {
    let query = format!(
        "select to_json(d)::text from due_times d where {} and d.due <= $2 \
            and ($4::uuid is null or d.tenant_id = $4) order by d.due, d.space_id limit $3",
        served(1)
    );
    let rows: Vec<String> = sqlx::query_scalar(&query)
        .bind(uuids(except))
        .bind(at.utc())
        .bind(limit)
        .bind(of.map(Id::uuid))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// The condition that a row is served: its space is not in the parameter, and its stream is not held back.
fn served(except: u8) -> String {
    format!("d.space_id <> all(${except}) and not {}", held_back(name::NAME, "d.space_id"))
}

fn uuids(space_ids: &[SpaceId]) -> Vec<Uuid> {
    space_ids.iter().map(|space_id| space_id.uuid()).collect()
}

/// Applies events of spaces and of their policies.
#[derive(Default)]
pub(crate) struct DueTimes {
    spaces: HashMap<SpaceId, Followed>,
    rows: Rows<DueTime>,
}

impl DueTimes {
    /// Runs after sites, spaces and policies are saved, because it reads the policy in force from them.
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), ApplyError> {
        let Some(first) = events.first().map(|decoded| decoded.recorded.position) else { return Ok(()) };
        let changed: BTreeSet<SpaceId> = events.iter().filter_map(space_of).map(SpaceId::from).collect();
        let mut affected = changed.clone();
        affected.extend(with_changed_policy(connection, events).await?.into_iter().map(SpaceId::from));
        if affected.is_empty() {
            return Ok(());
        }
        self.load_spaces(connection, &affected, events, first).await?;
        for decoded in events {
            if let (Event::Space(event), Some(space_id)) = (&decoded.event, space_of(decoded)) {
                self.spaces.entry(space_id.into()).or_default().take(event, decoded.recorded.sequence);
            }
        }
        self.save_states(connection, &changed).await?;
        self.save(connection, &affected).await
    }

    /// Loads spaces as they were before the batch. A space created in the batch starts empty.
    async fn load_spaces(
        &mut self,
        connection: &mut PgConnection,
        affected: &BTreeSet<SpaceId>,
        events: &[Decoded<'_>],
        before: i64,
    ) -> Result<(), sqlx::Error> {
        for created in events.iter().filter(|decoded| decoded.recorded.sequence == 1).filter_map(space_of) {
            self.spaces.insert(created.into(), Followed::default());
        }
        let unknown: Vec<SpaceId> =
            affected.iter().filter(|space_id| !self.spaces.contains_key(space_id)).copied().collect();
        let mut saved = followed::load(connection, &unknown).await?;
        for space_id in unknown {
            let mut space = saved.remove(&space_id).unwrap_or_default();
            space.catch_up(connection, space_id, before).await?;
            self.spaces.insert(space_id, space);
        }
        Ok(())
    }

    /// Saves the state of spaces with many events since the last save.
    async fn save_states(
        &mut self,
        connection: &mut PgConnection,
        changed: &BTreeSet<SpaceId>,
    ) -> Result<(), sqlx::Error> {
        let needs_saving = |space_id| self.spaces.get(space_id).is_some_and(Followed::needs_saving);
        if !changed.iter().any(needs_saving) {
            return Ok(());
        }
        let mut due: Vec<(SpaceId, &mut Followed)> = self
            .spaces
            .iter_mut()
            .filter(|(space_id, space)| changed.contains(space_id) && space.needs_saving())
            .map(|(space_id, space)| (*space_id, space))
            .collect();
        followed::store(connection, &mut due).await
    }

    async fn save(
        &mut self,
        connection: &mut PgConnection,
        affected: &BTreeSet<SpaceId>,
    ) -> Result<(), ApplyError> {
        self.rows.load(connection, affected.iter().copied()).await?;
        let space_ids: Vec<Uuid> = affected.iter().map(|space_id| space_id.uuid()).collect();
        let policies: HashMap<SpaceId, Policy> =
            in_force::at_spaces(connection, &space_ids).await?.into_iter().collect();
        for space_id in affected {
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

/// The spaces of the sites and tenants that have events in the batch.
async fn with_changed_policy(
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
