//! The events of a projection's streams that it does not apply: events skipped in the log, and events of streams that
//! it holds back. The runner keeps them in memory, and in tables beside the checkpoint.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::engine::feed::{FeedError, RecordedEvent};
use crate::engine::skips::{self, Skip};

/// The tables of events that a projection did not apply, in the schema of its checkpoint.
pub(crate) const TABLES: [&str; 3] = ["dead_letters", "skipped_events", "held_streams"];

/// A held-back stream, for one of the tenants that have events in it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct HeldStream {
    /// The projection that holds it back.
    pub projection: String,
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// The tenant whose events are held back.
    pub tenant_id: Uuid,
    /// The position of the tenant's first held-back event.
    pub position: i64,
    /// The position of the event that could not be applied.
    pub cause: i64,
    /// Why it could not be applied.
    pub failure: String,
}

impl HeldStream {
    /// The stream of a tenant's event that could not be applied.
    pub(crate) fn from(projection: &str, event: &RecordedEvent, tenant_id: Uuid, failure: &str) -> Self {
        Self {
            projection: projection.to_owned(),
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            tenant_id,
            position: event.position,
            cause: event.position,
            failure: failure.to_owned(),
        }
    }
}

/// What a projection does not apply.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    skips: BTreeMap<i64, Skip>,
    held: HashMap<(String, String), Held>,
}

#[derive(Debug)]
struct Held {
    cause: i64,
    failure: String,
    tenants: BTreeSet<Uuid>,
}

/// A slice of the log, separated into applied and other events.
pub(crate) struct Sifted<'a> {
    /// Events to apply.
    pub(crate) events: Cow<'a, [RecordedEvent]>,
    /// Skipped events.
    pub(crate) skipped: Vec<Skip>,
    /// The first held-back event of each tenant that is new to a held stream.
    pub(crate) held: Vec<HeldStream>,
}

impl Exceptions {
    /// Loads a projection's exceptions from the log and from the first schema of the search path.
    pub(crate) async fn load(connection: &mut PgConnection, projection: &str) -> Result<Self, FeedError> {
        let mut exceptions = Self::of_skips(skips::of(connection, projection).await?);
        for held in held_streams(connection, projection).await? {
            exceptions.hold(&held);
        }
        Ok(exceptions)
    }

    /// Skips only, no held-back stream.
    pub(crate) fn of_skips(skips: BTreeMap<i64, Skip>) -> Self {
        Self { skips, held: HashMap::new() }
    }

    /// The number of held-back streams.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Holds a stream back from now on, for a tenant.
    pub(crate) fn hold(&mut self, stream: &HeldStream) {
        let HeldStream { aggregate_type, aggregate_id, tenant_id, cause, failure, .. } = stream;
        let key = (aggregate_type.clone(), aggregate_id.clone());
        let held = self.held.entry(key).or_insert_with(|| Held {
            cause: *cause,
            failure: failure.clone(),
            tenants: BTreeSet::new(),
        });
        held.tenants.insert(*tenant_id);
    }

    /// Separates the events to apply from the others.
    pub(crate) fn sift<'a>(&self, projection: &str, events: &'a [RecordedEvent]) -> Sifted<'a> {
        let mut sifted = Sifted { events: Cow::Borrowed(events), skipped: Vec::new(), held: Vec::new() };
        if self.skips.is_empty() && self.held.is_empty() {
            return sifted;
        }
        let mut taken = Vec::with_capacity(events.len());
        let mut new_tenants = BTreeSet::new();
        for event in events {
            if let Some(skip) = self.skips.get(&event.position) {
                sifted.skipped.push(skip.clone());
                continue;
            }
            if self.held.is_empty() {
                taken.push(event.clone());
                continue;
            }
            let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
            let Some(held) = self.held.get(&stream).filter(|held| held.cause <= event.position) else {
                taken.push(event.clone());
                continue;
            };
            // An event of another tenant in a held-back stream is held back too.
            let Some(tenant_id) = event.tenant_id else { continue };
            if !held.tenants.contains(&tenant_id) && new_tenants.insert((stream.clone(), tenant_id)) {
                let first = HeldStream::from(projection, event, tenant_id, &held.failure);
                sifted.held.push(HeldStream { cause: held.cause, ..first });
            }
        }
        sifted.events = Cow::Owned(taken);
        sifted
    }
}

/// The SQL condition that a projection holds back the stream of the space named by a column. The projection's name is a
/// constant, so it needs no escaping.
pub(crate) fn held_back(projection: &str, space_id: &str) -> String {
    format!(
        "exists (select from held_streams h where h.projection = '{projection}' and h.aggregate_type = 'space' \
                                             and h.aggregate_id = {space_id}::text)"
    )
}

/// The streams that a projection holds back, from the first schema of the search path.
pub(crate) async fn held_streams(
    connection: &mut PgConnection,
    projection: &str,
) -> Result<Vec<HeldStream>, sqlx::Error> {
    let query = "select projection, aggregate_type, aggregate_id, tenant_id, position, cause, failure \
                   from held_streams where projection = $1 order by position, tenant_id";
    sqlx::query_as(query).bind(projection).fetch_all(connection).await
}

/// Deletes a projection's exceptions in the first schema of the search path.
pub(crate) async fn clear(connection: &mut PgConnection, projection: &str) -> Result<(), sqlx::Error> {
    for table in TABLES {
        let query = format!("delete from {table} where projection = $1");
        sqlx::query(&query).bind(projection).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Skips in the log up to a position whose events the rows still contain.
pub(crate) async fn unapplied_skips(
    connection: &mut PgConnection,
    projection: &str,
    through: i64,
) -> Result<Vec<Skip>, FeedError> {
    let skips = skips::of(connection, projection).await?;
    let kept = "select position from skipped_events where projection = $1 \
                union all select position from dead_letters where projection = $1";
    let kept: Vec<i64> = sqlx::query_scalar(kept).bind(projection).fetch_all(connection).await?;
    Ok(skips
        .into_values()
        .filter(|skip| skip.position <= through && !kept.contains(&skip.position))
        .collect())
}
