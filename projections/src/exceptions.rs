//! The events that a projection does not take although they are of its streams: those that the log says to skip, and those
//! of streams that it holds back. Kept in memory by whoever carries the projection, and in tables beside its checkpoint.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::feed::{FeedError, RecordedEvent};
use crate::skips::{self, Skip};

/// The tables that say what a projection did not take, in the schema of its checkpoint.
pub(crate) const TABLES: [&str; 3] = ["dead_letters", "skipped_events", "held_streams"];

/// A stream of which events are held back, for one of the tenants whose they are.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct HeldStream {
    /// The projection that holds it back.
    pub projection: String,
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// Whose events are held back.
    pub tenant_id: Uuid,
    /// The tenant's first event that is.
    pub position: i64,
    /// The event that could not be taken.
    pub cause: i64,
    /// Why not.
    pub failure: String,
}

impl HeldStream {
    /// The stream of an event of a tenant that could not be taken.
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

/// What a projection does not take.
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

/// A slice of the log without what is not taken of it.
pub(crate) struct Sifted<'a> {
    /// What is taken.
    pub(crate) events: Cow<'a, [RecordedEvent]>,
    /// What is skipped.
    pub(crate) skipped: Vec<Skip>,
    /// The first events that are held back of further tenants.
    pub(crate) held: Vec<HeldStream>,
}

impl Exceptions {
    /// Those of a projection, from the log and from the schema that the connection looks in first.
    pub(crate) async fn load(connection: &mut PgConnection, projection: &str) -> Result<Self, FeedError> {
        let mut exceptions = Self::of_skips(skips::of(connection, projection).await?);
        for held in held_streams(connection, projection).await? {
            exceptions.hold(&held);
        }
        Ok(exceptions)
    }

    /// Skips, and no stream that is held back.
    pub(crate) fn of_skips(skips: BTreeMap<i64, Skip>) -> Self {
        Self { skips, held: HashMap::new() }
    }

    /// How many streams are held back.
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

    /// Parts what is taken from what is not.
    pub(crate) fn sift<'a>(&self, projection: &str, events: &'a [RecordedEvent]) -> Sifted<'a> {
        let mut sifted = Sifted { events: Cow::Borrowed(events), skipped: Vec::new(), held: Vec::new() };
        if self.skips.is_empty() && self.held.is_empty() {
            return sifted;
        }
        let mut taken = Vec::with_capacity(events.len());
        let mut further = BTreeSet::new();
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
            // Another tenant's event in a stream that is held back: it is held back as well.
            let Some(tenant_id) = event.tenant_id else { continue };
            if !held.tenants.contains(&tenant_id) && further.insert((stream.clone(), tenant_id)) {
                let further = HeldStream::from(projection, event, tenant_id, &held.failure);
                sifted.held.push(HeldStream { cause: held.cause, ..further });
            }
        }
        sifted.events = Cow::Owned(taken);
        sifted
    }
}

/// The condition that a projection holds back the stream of the space that a column names. The projection's name is one of
/// the program's own: nothing to escape.
pub(crate) fn held_back(projection: &str, space_id: &str) -> String {
    format!(
        "exists (select from held_streams h where h.projection = '{projection}' and h.aggregate_type = 'space' \
                                             and h.aggregate_id = {space_id}::text)"
    )
}

/// The streams that a projection holds back, as the schema says that the connection looks in first.
pub(crate) async fn held_streams(
    connection: &mut PgConnection,
    projection: &str,
) -> Result<Vec<HeldStream>, sqlx::Error> {
    let query = "select projection, aggregate_type, aggregate_id, tenant_id, position, cause, failure \
                   from held_streams where projection = $1 order by position, tenant_id";
    sqlx::query_as(query).bind(projection).fetch_all(connection).await
}

/// Forgets what a projection did not take, in the schema that the connection looks in first.
pub(crate) async fn clear(connection: &mut PgConnection, projection: &str) -> Result<(), sqlx::Error> {
    for table in TABLES {
        let query = format!("delete from {table} where projection = $1");
        sqlx::query(&query).bind(projection).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The skips of the log up to a position that the rows do not keep to: the event is in them.
pub(crate) async fn unkept(
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
