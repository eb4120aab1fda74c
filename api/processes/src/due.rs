//! Turns what is due into events, by commands to the aggregates that decide.
//!
//! The read models say where to look and may be behind. A space's time passes one moment at a time, and pending
//! arrivals are confirmed before each moment. So after a pause everything happens in its due order.
//!
//! An unconfirmed reservation ends only after `occupancy` has applied everything that was in the log when its end was due
//! and all arrivals that it shows are recorded. As long as it has not, all else that is due happens, and these wait.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use parking_domain::lorawan::DevEui;
use parking_domain::space::{ConfirmBySensor, PassTime, SpaceCommand, SpaceEvent};
use parking_projections::devices::Fleet;
use parking_projections::devices::silences::Silence;
use parking_projections::engine::feed;
use parking_projections::engine::progress::{Progresses, Sources};
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::arrivals::{self, Arrival};
use parking_projections::registry::Registry;
use parking_projections::registry::due_times::{self, DueTime};
use sqlx::PgConnection;
use tokio::time::timeout;
use tracing::warn;

use crate::watcher::Watcher;

/// Spaces queried at once.
const BATCH: i64 = 500;

/// Concurrent commands: enough to share the writer's batches, few enough to leave room for other callers.
const AT_ONCE: usize = 16;

/// How long to wait for the read models: to reach the head before unconfirmed reservations end, and to show the results
/// before they are queried again.
const PATIENCE: Duration = Duration::from_secs(2);

/// The time limit of a command.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// The actor of commands that no caller asked for.
const ACTOR: &str = "scheduler";

/// The projections that show what is due at spaces.
pub(crate) type Due = (Registry, Occupancies);

/// Executes what is due. Cheap to clone.
#[derive(Clone)]
pub struct Dues {
    platform: Arc<Platform>,
    progress: Progresses,
    watcher: Arc<dyn Watcher>,
    damaged: Arc<Mutex<Damaged>>,
}

/// Streams that accept no more commands, because an operator skipped an undecodable event of theirs. There are at most as
/// many as skips.
#[derive(Default)]
struct Damaged {
    spaces: BTreeSet<SpaceId>,
    devices: BTreeSet<DevEui>,
}

/// The result of a look for what is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Commands that appended events.
    pub commands: usize,
    /// The events they appended.
    pub events: usize,
    /// The last position they appended; 0 without one.
    pub position: i64,
    /// True if something shown as due appended nothing: a read model is behind, or a command failed.
    pub unsettled: bool,
}

impl Done {
    pub(crate) fn add(&mut self, more: Self) {
        self.commands += more.commands;
        self.events += more.events;
        self.position = self.position.max(more.position);
        self.unsettled |= more.unsettled;
    }
}

/// A command's events, and how late they are.
struct Appended {
    position: i64,
    events: usize,
    late: Option<TimeDelta>,
}

impl Dues {
    /// Uses these aggregates and read models.
    pub fn new(platform: Arc<Platform>, progress: Progresses, watcher: Arc<dyn Watcher>) -> Self {
        Self { platform, progress, watcher, damaged: Arc::default() }
    }

    /// The progress of the projections that are queried here.
    pub(crate) fn progress(&self) -> &Progresses {
        &self.progress
    }

    /// The spaces that accept no more commands.
    pub(crate) fn damaged(&self) -> Vec<SpaceId> {
        self.streams().spaces.iter().copied().collect()
    }

    /// True if the device accepts no more commands.
    pub(crate) fn is_damaged(&self, dev_eui: DevEui) -> bool {
        self.streams().devices.contains(&dev_eui)
    }

    fn streams(&self) -> MutexGuard<'_, Damaged> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends commands to damaged streams again: the log may have been restored.
    pub(crate) fn forget_damaged(&self) {
        *self.streams() = Damaged::default();
    }

    /// Executes everything due at `now` or before at the spaces of one tenant, or of all. `connection` has the role projector.
    pub async fn pass_time(
        &self,
        connection: &mut PgConnection,
        of: Option<TenantId>,
        now: Instant,
    ) -> Result<Done, sqlx::Error> {
        let (mut all, mut applied) = (Done::default(), true);
        let mut waiting: Vec<SpaceId> = Vec::new();
        loop {
            let except = [waiting.as_slice(), &self.damaged()].concat();
            let due = due_times::until(connection, of, now, BATCH, &except).await?;
            applied = applied && (due.is_empty() || self.arrivals_are_applied(connection).await?);
            let (confirmed, recorded) = self.record_arrivals(connection, of, now).await?;
            all.add(confirmed);
            if due.is_empty() {
                return Ok(all);
            }
            let arrivals_known = applied && recorded;
            if !arrivals_known {
                // What may not end yet stays due: the others behind it have their turn.
                waiting.extend(due.iter().map(|due| due.space_id));
            }
            let commands = due.into_iter().map(|due| self.pass(due, arrivals_known, now)).collect();
            let passed = self.run_all::<Due, _>(commands).await;
            all.add(passed);
            all.unsettled |= !arrivals_known;
            if arrivals_known && (passed.events == 0 || passed.unsettled) {
                all.unsettled = true;
                return Ok(all);
            }
        }
    }

    /// Confirms all reservations whose vehicle a sensor saw. `connection` has the role projector.
    pub async fn confirm_arrivals(
        &self,
        connection: &mut PgConnection,
        now: Instant,
    ) -> Result<Done, sqlx::Error> {
        let (mut done, recorded) = self.record_arrivals(connection, None, now).await?;
        done.unsettled |= !recorded;
        Ok(done)
    }

    /// Confirms the arrivals that are shown; false if one of the commands failed. A space may refuse an arrival for ever,
    /// because it came too late.
    async fn record_arrivals(
        &self,
        connection: &mut PgConnection,
        of: Option<TenantId>,
        now: Instant,
    ) -> Result<(Done, bool), sqlx::Error> {
        let mut all = Done::default();
        loop {
            let arrived = arrivals::first(connection, of, BATCH, &self.damaged()).await?;
            if arrived.is_empty() {
                return Ok((all, true));
            }
            let commands = arrived.into_iter().map(|arrival| self.confirm(arrival, now)).collect();
            let confirmed = self.run_all::<Due, _>(commands).await;
            all.add(confirmed);
            if confirmed.events == 0 || confirmed.unsettled {
                return Ok((all, !confirmed.unsettled));
            }
        }
    }

    /// Waits until `occupancy` has applied what is in the log now; false if it does not.
    async fn arrivals_are_applied(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        let head = feed::head(connection).await.map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
        Ok(self.progress.wait_for::<Occupancies>(head, PATIENCE).await.is_ok())
    }

    /// Reports the silences that are due at `now`.
    pub(crate) async fn note_silences(&self, silences: Vec<Silence>, now: Instant) -> Done {
        self.run_all::<Fleet, _>(
            silences.into_iter().map(|silence| self.report_silence(silence, now)).collect(),
        )
        .await
    }

    /// Runs commands concurrently and waits until the projections they came from show their events.
    async fn run_all<S: Sources, C>(&self, commands: Vec<C>) -> Done
    where
        C: Future<Output = Result<Option<Appended>, Failure>> + Send,
    {
        let mut results = stream::iter(commands).map(within_limit).buffered(AT_ONCE);
        let mut done = Done::default();
        while let Some(result) = results.next().await {
            match result {
                Ok(None) => {}
                Ok(Some(appended)) => {
                    done.commands += 1;
                    done.events += appended.events;
                    done.position = done.position.max(appended.position);
                    let late = appended.late.and_then(|late| late.to_std().ok());
                    self.watcher.happened(late.unwrap_or_default());
                }
                Err(error) => {
                    warn!(error, "something due could not be done: it is tried again");
                    done.unsettled = true;
                }
            }
        }
        let (position, appended) = (done.position, done.position > 0);
        done.unsettled |= appended && self.progress.wait_for::<S>(position, PATIENCE).await.is_err();
        done
    }

    async fn confirm(&self, arrival: Arrival, now: Instant) -> Result<Option<Appended>, Failure> {
        let command = SpaceCommand::ConfirmBySensor(ConfirmBySensor {
            reservation_id: arrival.reservation_id,
            at: arrival.at,
            by: arrival.sensor.map_or(Actor::System, Actor::Sensor),
        });
        let executed = self
            .platform
            .spaces
            .execute(&arrival.space_id.to_string(), &command, &of(arrival.tenant_id))
            .await;
        self.exclude_if_damaged(arrival.space_id, &executed);
        appended(executed, |_| Some(now - arrival.at))
    }

    /// Passes one moment: arrivals may come before the next one. If they are not known, nothing that happens depends on
    /// them, and all moments pass.
    async fn pass(
        &self,
        due: DueTime,
        arrivals_known: bool,
        now: Instant,
    ) -> Result<Option<Appended>, Failure> {
        let reserved_soon = TimeDelta::seconds(due.reserved_soon_sec.into());
        let pass = PassTime { at: now, reserved_soon, arrivals_known };
        let command =
            if arrivals_known { SpaceCommand::PassMoment(pass) } else { SpaceCommand::PassTime(pass) };
        let executed =
            self.platform.spaces.execute(&due.space_id.to_string(), &command, &of(due.tenant_id)).await;
        self.exclude_if_damaged(due.space_id, &executed);
        appended(executed, |event: &SpaceEvent| event.due().map(|due| now - due))
    }

    fn exclude_if_damaged<T, E>(&self, space_id: SpaceId, executed: &Result<T, ExecuteError<E>>) {
        if is_damaged(executed) && self.streams().spaces.insert(space_id) {
            warn!(%space_id, "nothing happens at this space any more: its stream is damaged");
        }
    }

    async fn report_silence(&self, silence: Silence, now: Instant) -> Result<Option<Appended>, Failure> {
        let Silence { dev_eui, tenant_id, last_heard_at, due } = silence;
        let command = DeviceCommand::ReportSilence { last_heard_at, due, at: now };
        let executed = self.platform.devices.execute(&dev_eui.to_string(), &command, &of(tenant_id)).await;
        if is_damaged(&executed) && self.streams().devices.insert(dev_eui) {
            warn!(%dev_eui, "no silence of this device is recorded any more: its stream is damaged");
        }
        appended(executed, |_: &DeviceEvent| Some(now - due))
    }
}

/// The message for the log; a failure needs no other handling.
type Failure = String;

async fn within_limit(
    command: impl Future<Output = Result<Option<Appended>, Failure>>,
) -> Result<Option<Appended>, Failure> {
    timeout(COMMAND_LIMIT, command).await.unwrap_or_else(|_| Err("it took too long".to_owned()))
}

fn is_damaged<T, E>(executed: &Result<T, ExecuteError<E>>) -> bool {
    matches!(executed, Err(ExecuteError::Load(LoadError::Damaged { .. })))
}

/// None when nothing was to do: another process was faster, the read model is behind, or the stream is damaged.
fn appended<A: Decider>(
    executed: Result<Executed<A>, ExecuteError<A::Error>>,
    late: impl Fn(&A::Event) -> Option<TimeDelta>,
) -> Result<Option<Appended>, Failure> {
    match executed {
        Ok(Executed { position, events, .. }) => {
            Ok(events.first().map(|first| Appended { position, events: events.len(), late: late(first) }))
        }
        Err(ExecuteError::Refused { .. } | ExecuteError::Load(LoadError::Damaged { .. })) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn of(tenant_id: TenantId) -> CommandContext {
    let metadata = Metadata { actor: Some(ACTOR.to_owned()), ..Metadata::default() };
    CommandContext { tenant_id: Some(tenant_id.uuid()), metadata, ..CommandContext::default() }
}
