//! Spaces folded from their events, and what is kept of them in the table `due_spaces`, so that a space with years of
//! bookings is taken up again as fast as a new one.
//!
//! A space is kept after every 100 events of its own; what follows is folded again from its stream. Kept in another form,
//! or not at all, it is folded from its first event, page by page.

use std::collections::HashMap;

use parking_domain::aggregate::Decider;
use parking_domain::id::SpaceId;
use parking_domain::space::{Space, SpaceEvent};
use parking_domain::stored::Event;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::feed::{self, StreamPage};
use crate::rows::{from_json, upsert};

/// Events of a space between two times that it is kept.
const KEPT_EVERY: i64 = 100;

/// Events of a space read at once.
const PAGE: i64 = 1_000;

/// A space, how many events it is made of, and of how many when it was last kept.
#[derive(Debug, Default)]
pub(super) struct Followed {
    space: Space,
    sequence: i64,
    kept: i64,
}

impl Followed {
    pub(super) fn take(&mut self, event: &SpaceEvent, sequence: i64) {
        self.space.evolve(event);
        self.sequence = sequence;
    }

    /// The space as far as it matters for what is to come.
    pub(super) fn without_what_is_over(&mut self) -> &Space {
        self.space.forget_what_is_over();
        &self.space
    }

    pub(super) fn is_to_be_kept(&self) -> bool {
        self.sequence - self.kept >= KEPT_EVERY
    }

    /// Takes what follows in its stream before a position. What cannot be read was passed over when it came.
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
            let events = feed::read_stream(connection, page).await?;
            let Some(last) = events.last() else { return Ok(()) };
            for recorded in &events {
                if let Ok(Event::Space(event)) = recorded.event() {
                    self.space.evolve(event);
                }
            }
            self.space.forget_what_is_over();
            self.sequence = last.sequence;
        }
    }
}

/// Those of these spaces that are kept.
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
        Ok((space_id.into(), Followed { space: from_json(&state)?, sequence, kept: sequence }))
    };
    rows.into_iter().map(followed).collect()
}

/// A space as it is kept.
#[derive(Serialize)]
struct Kept<'a> {
    space_id: SpaceId,
    state_version: i32,
    sequence: i64,
    state: &'a Space,
}

/// Keeps spaces as they are now.
pub(super) async fn store(
    connection: &mut PgConnection,
    spaces: &mut [(SpaceId, &mut Followed)],
) -> Result<(), sqlx::Error> {
    for (_, followed) in &mut *spaces {
        followed.space.forget_what_is_over();
        followed.kept = followed.sequence;
    }
    let rows: Vec<Kept<'_>> = spaces
        .iter()
        .map(|(space_id, followed)| Kept {
            space_id: *space_id,
            state_version: Space::STATE_VERSION,
            sequence: followed.sequence,
            state: &followed.space,
        })
        .collect();
    upsert(connection, "due_spaces", "space_id", &rows).await
}
