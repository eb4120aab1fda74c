//! Spaces folded from their events, and their state saved in the table `due_spaces`, so that a space with years of
//! bookings loads as fast as a new one.
//!
//! A space is saved after every 100 of its events; later events are folded from its stream. If the saved state has
//! another version or is missing, the space is folded from its first event, page by page.

use std::collections::HashMap;

use parking_domain::aggregate::Decider;
use parking_domain::id::SpaceId;
use parking_domain::space::{Space, SpaceEvent};
use parking_domain::stored::Event;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::feed::{self, StreamPage};
use crate::engine::reread;
use crate::engine::rows::{from_json, upsert};
use crate::registry::name;

/// Events of a space between two saves.
const SAVE_EVERY: i64 = 100;

/// Events of a space read at once.
const PAGE: i64 = 1_000;

/// A space, its last sequence, and the sequence at which it was last saved.
#[derive(Debug, Default)]
pub(super) struct Followed {
    space: Space,
    sequence: i64,
    saved: i64,
}

impl Followed {
    pub(super) fn take(&mut self, event: &SpaceEvent, sequence: i64) {
        self.space.evolve(event);
        self.sequence = sequence;
    }

    /// The space without what is over: all that future changes depend on.
    pub(super) fn without_what_is_over(&mut self) -> &Space {
        self.space.forget_what_is_over();
        &self.space
    }

    pub(super) fn needs_saving(&self) -> bool {
        self.sequence - self.saved >= SAVE_EVERY
    }

    /// Folds the events of its stream before a position. An event that does not decode was passed over when it was
    /// first read.
    pub(super) async fn catch_up(
        &mut self,
        connection: &mut PgConnection,
        space_id: SpaceId,
        before: i64,
    ) -> Result<(), sqlx::Error> {
        loop {
            let page = StreamPage {
                aggregate_type: "space",
                aggregate_id: &space_id.to_string(),
                after_sequence: self.sequence,
                after: 0,
                through: before - 1,
                limit: PAGE,
            };
            let mut events = feed::read_stream(connection, page).await?;
            let Some(last) = events.last().map(|event| event.sequence) else { return Ok(()) };
            reread::leave_out(connection, name::NAME, &mut events).await?;
            for recorded in &events {
                if let Ok(Event::Space(event)) = recorded.event() {
                    self.space.evolve(event);
                }
            }
            self.space.forget_what_is_over();
            self.sequence = last;
        }
    }
}

/// The saved ones among these spaces.
pub(super) async fn load(
    connection: &mut PgConnection,
    space_ids: &[SpaceId],
) -> Result<HashMap<SpaceId, Followed>, sqlx::Error> {
    if space_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "select space_id, sequence, state::text from due_spaces where space_id = any($1) and state_version = $2",
    )
    .bind(space_ids.iter().map(|space_id| space_id.uuid()).collect::<Vec<_>>())
    .bind(Space::STATE_VERSION)
    .fetch_all(connection)
    .await?;
    let followed = |(space_id, sequence, state): (Uuid, i64, String)| {
        Ok((space_id.into(), Followed { space: from_json(&state)?, sequence, saved: sequence }))
    };
    rows.into_iter().map(followed).collect()
}

/// A row of `due_spaces`.
#[derive(Serialize)]
struct SavedSpace<'a> {
    space_id: SpaceId,
    state_version: i32,
    sequence: i64,
    state: &'a Space,
}

/// Saves the current state of spaces.
pub(super) async fn store(
    connection: &mut PgConnection,
    spaces: &mut [(SpaceId, &mut Followed)],
) -> Result<(), sqlx::Error> {
    for (_, followed) in &mut *spaces {
        followed.space.forget_what_is_over();
        followed.saved = followed.sequence;
    }
    let rows: Vec<SavedSpace<'_>> = spaces
        .iter()
        .map(|(space_id, followed)| SavedSpace {
            space_id: *space_id,
            state_version: Space::STATE_VERSION,
            sequence: followed.sequence,
            state: &followed.space,
        })
        .collect();
    upsert(connection, "due_spaces", "space_id", &rows).await
}
