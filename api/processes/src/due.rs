//! What is due becomes events, by commands to the aggregates that decide whether it is.
//!
//! The read models say where to look and may be behind. A space's time passes one moment at a time, and before each one the
//! reservations are told whose vehicles have come: so after a pause everything happens in the order in which it would have
//! happened, and nobody is released who came.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use parking_commands::bus::{ExecuteError, Executed};
use parking_commands::metadata::Metadata;
use parking_commands::platform::Platform;
use parking_commands::store::{CommandContext, LoadError};
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::device::{DeviceCommand, DeviceEvent};
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::space::{ConfirmBySensor, PassTime, SpaceCommand, SpaceEvent};
use parking_projections::arrivals::{self, Arrival};
use parking_projections::due_times::{self, DueTime};
use parking_projections::progress::Progress;
use parking_projections::silences::Silence;
use sqlx::PgConnection;
use tokio::time::timeout;
use tracing::warn;

use crate::watcher::Watcher;

/// Spaces looked at together.
const BATCH: i64 = 500;

/// Commands under way at a time: they share batches of the writer, and leave it room for others.
const AT_ONCE: usize = 16;

/// How long the read models may take to show what was done before they are asked again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// Who is named as the actor of what nobody asked for.
const ACTOR: &str = "scheduler";

/// How far the read models are that are asked here.
#[derive(Clone, Debug)]
pub struct ReadModels {
    /// Tells when something is due.
    pub registry: Progress,
    /// Tells who has come.
    pub space_occupancy: Progress,
    /// Tells when sensors were last heard.
    pub devices: Progress,
}

/// Makes events of what is due. Cheap to clone.
#[derive(Clone)]
pub struct Dues {
    platform: Arc<Platform>,
    read_models: ReadModels,
    watcher: Arc<dyn Watcher>,
    /// Spaces that take no commands any more: an operator skipped an event of theirs that nobody can read. As many as
    /// operators skipped.
    damaged: Arc<Mutex<BTreeSet<SpaceId>>>,
}

/// What came of looking for what is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Commands that came to something.
    pub commands: usize,
    /// The events they made.
    pub events: usize,
    /// True when something is shown as due that came to nothing: a read model is behind, or a command failed.
    pub unsettled: bool,
}

/// One command's events, and how far behind their time they came.
struct Happened {
    position: i64,
    events: usize,
    late: Option<TimeDelta>,
}

impl Dues {
    /// Over these aggregates and read models.
    pub fn new(platform: Arc<Platform>, read_models: ReadModels, watcher: Arc<dyn Watcher>) -> Self {
        Self { platform, read_models, watcher, damaged: Arc::default() }
    }

    /// The read models, to be woken by.
    pub(crate) fn read_models(&self) -> &ReadModels {
        &self.read_models
    }

    /// The spaces that take no commands any more.
    pub(crate) fn damaged(&self) -> Vec<SpaceId> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Lets everything happen at spaces that is due at `now` or before. `connection` is a projector's.
    pub async fn pass_time(&self, connection: &mut PgConnection, now: Instant) -> Result<Done, sqlx::Error> {
        let mut all = Done::default();
        loop {
            let damaged = self.damaged();
            let came = arrivals::first(connection, BATCH, &damaged).await?;
            let due = due_times::until(connection, now, BATCH, &damaged).await?;
            if came.is_empty() && due.is_empty() {
                return Ok(all);
            }
            let told =
                self.together(came.into_iter().map(|arrival| self.confirm(arrival, now)).collect()).await;
            let passed = self.together(due.into_iter().map(|due| self.pass_moment(due, now)).collect()).await;
            all.commands += told.commands + passed.commands;
            all.events += told.events + passed.events;
            if told.events + passed.events == 0 || told.unsettled || passed.unsettled {
                all.unsettled = true;
                return Ok(all);
            }
        }
    }

    /// Notes these silences, which are too long at `now`.
    pub(crate) async fn note_silences(&self, silences: Vec<Silence>, now: Instant) -> Done {
        self.together(silences.into_iter().map(|silence| self.note(silence, now)).collect()).await
    }

    /// Gives commands, several at a time, and waits until the read models show what came of them.
    async fn together<C>(&self, commands: Vec<C>) -> Done
    where
        C: Future<Output = Result<Option<Happened>, Failure>> + Send,
    {
        let mut results = stream::iter(commands).map(within_limit).buffered(AT_ONCE);
        let (mut done, mut position) = (Done::default(), 0);
        while let Some(result) = results.next().await {
            match result {
                Ok(None) => {}
                Ok(Some(happened)) => {
                    done.commands += 1;
                    done.events += happened.events;
                    position = position.max(happened.position);
                    let late = happened.late.and_then(|late| late.to_std().ok());
                    self.watcher.happened(late.unwrap_or_default());
                }
                Err(error) => {
                    warn!(error, "something due could not be done: it is tried again");
                    done.unsettled = true;
                }
            }
        }
        done.unsettled |= position > 0 && !self.shown(position).await;
        done
    }

    async fn shown(&self, position: i64) -> bool {
        let ReadModels { registry, space_occupancy, devices } = &self.read_models;
        let (a, b, c) = tokio::join!(
            registry.wait_for(position, PATIENCE),
            space_occupancy.wait_for(position, PATIENCE),
            devices.wait_for(position, PATIENCE),
        );
        a && b && c
    }

    async fn confirm(&self, arrival: Arrival, now: Instant) -> Result<Option<Happened>, Failure> {
        let command = SpaceCommand::ConfirmBySensor(ConfirmBySensor {
            reservation_id: Some(arrival.reservation_id),
            at: arrival.at,
            by: arrival.sensor.map_or(Actor::System, Actor::Sensor),
        });
        let executed = self
            .platform
            .spaces
            .execute(&arrival.space_id.to_string(), &command, &of(arrival.tenant_id))
            .await;
        self.leave_alone_if_damaged(arrival.space_id, &executed);
        happened(executed, |_| Some(now - arrival.at))
    }

    async fn pass_moment(&self, due: DueTime, now: Instant) -> Result<Option<Happened>, Failure> {
        let reserved_soon = TimeDelta::seconds(due.reserved_soon_sec.into());
        let command = SpaceCommand::PassMoment(PassTime { at: now, reserved_soon });
        let executed =
            self.platform.spaces.execute(&due.space_id.to_string(), &command, &of(due.tenant_id)).await;
        self.leave_alone_if_damaged(due.space_id, &executed);
        happened(executed, |event: &SpaceEvent| event.due().map(|due| now - due))
    }

    fn leave_alone_if_damaged<T, E>(&self, space_id: SpaceId, executed: &Result<T, ExecuteError<E>>) {
        if matches!(executed, Err(ExecuteError::Load(LoadError::Damaged { .. }))) {
            warn!(%space_id, "nothing happens at this space any more: its stream is damaged");
            self.damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(space_id);
        }
    }

    async fn note(&self, silence: Silence, now: Instant) -> Result<Option<Happened>, Failure> {
        let Silence { dev_eui, tenant_id, last_heard_at, due } = silence;
        let command = DeviceCommand::ReportSilence { last_heard_at, due, at: now };
        let executed = self.platform.devices.execute(&dev_eui.to_string(), &command, &of(tenant_id)).await;
        happened(executed, |_: &DeviceEvent| Some(now - due))
    }
}

/// What the log says: where it was handled, nothing else can be done about it.
type Failure = String;

async fn within_limit(
    command: impl Future<Output = Result<Option<Happened>, Failure>>,
) -> Result<Option<Happened>, Failure> {
    timeout(COMMAND_LIMIT, command).await.unwrap_or_else(|_| Err("it took too long".to_owned()))
}

/// None when there was nothing to do: somebody was faster, the read model is behind, or the stream is damaged for good.
fn happened<A: Decider>(
    executed: Result<Executed<A>, ExecuteError<A::Error>>,
    late: impl Fn(&A::Event) -> Option<TimeDelta>,
) -> Result<Option<Happened>, Failure> {
    match executed {
        Ok(Executed { position, events, .. }) => {
            Ok(events.first().map(|first| Happened { position, events: events.len(), late: late(first) }))
        }
        Err(ExecuteError::Refused { .. } | ExecuteError::Load(LoadError::Damaged { .. })) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn of(tenant_id: TenantId) -> CommandContext {
    let metadata = Metadata { actor: Some(ACTOR.to_owned()), ..Metadata::default() };
    CommandContext { tenant_id: Some(tenant_id.uuid()), metadata, ..CommandContext::default() }
}
