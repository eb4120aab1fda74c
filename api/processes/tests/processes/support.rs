//! A platform with read models and processes, and a clock that moves only when it is set.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use parking_commands::bus::ExecuteError;
use parking_commands::devices::AssignDevice;
use parking_commands::ids::Ids;
use parking_commands::ingest::{Incoming, Ingest};
use parking_commands::metadata::Metadata;
use parking_commands::platform::Platform;
use parking_commands::randomness::Randomness;
use parking_commands::store::CommandContext;
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::device::{Category, DeviceCommand, DevicePatch, LONGEST_HEARTBEAT_SEC};
use parking_domain::id::{PolicyId, ReservationId, SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::patch::Patch;
use parking_domain::policy::Policy;
use parking_domain::space::{
    BookReservation, CreateSpace, DefinitionPatch, Details, MAX_DURATION, SpaceCommand, SpaceEvent,
    SpaceRefusal, Window,
};
use parking_domain::tenant::{NamedPolicy, TenantCommand};
use parking_domain::uplinks::Source;
use parking_processes::arrivals::Arrivals;
use parking_processes::clock::Clock;
use parking_processes::due::Dues;
use parking_processes::leader::lead;
use parking_processes::scheduler::Scheduler;
use parking_projections::engine::follower;
use parking_projections::engine::progress::Progresses;
use parking_projections::engine::wake;
use parking_projections::list;
use parking_projections::occupancy::changes;
use parking_testkit::{EventLog, Role};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{self, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::runners::{StartRunner, Waiting};

/// Longer than any step that succeeds.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Shows the time that the test sets.
pub(crate) struct Stepped(watch::Sender<Instant>);

impl Stepped {
    pub(crate) fn at(now: Instant) -> Arc<Self> {
        Arc::new(Self(watch::channel(now).0))
    }

    pub(crate) fn set(&self, now: Instant) {
        self.0.send_replace(now);
    }
}

impl Clock for Stepped {
    fn now(&self) -> Instant {
        *self.0.borrow()
    }

    fn reach(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            now.wait_for(|now| *now >= at).await.expect("the clock outlives the wait");
        })
    }
}

/// The same bytes in every run.
struct Drawn(AtomicU64);

impl Randomness for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(drawn.iter().cycle()).for_each(|(byte, drawn)| *byte = *drawn);
    }
}

/// A log with its aggregates.
pub(crate) struct Rig {
    pub(crate) log: EventLog,
    pub(crate) platform: Arc<Platform>,
    pub(crate) clock: Arc<Stepped>,
    ingest: Ingest,
}

/// Read models that follow the log, and processes that use them, until stopped.
pub(crate) struct Running {
    pub(crate) progress: Progresses,
    pub(crate) dues: Dues,
    changed: watch::Receiver<()>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// The runners that wait.
    waiting: Vec<Waiting>,
}

impl Rig {
    pub(crate) async fn create(now: Instant) -> Self {
        let log = EventLog::create().await;
        let platform = platform(&log, log.writer.clone()).await;
        platform.make_defaults(now).await.unwrap();
        Self { ingest: Ingest::new(log.store()), clock: Stepped::at(now), platform, log }
    }

    /// Runs the read models, without a scheduler.
    pub(crate) fn follow(&self) -> Running {
        self.follow_as(self.platform.clone())
    }

    /// Like [`Self::follow`], but the projection of this name applies nothing before [`Running::resume`].
    pub(crate) fn follow_without(&self, name: &'static str) -> Running {
        self.start(self.platform.clone(), Some(name))
    }

    /// Like [`Self::follow`], with the aggregates of another process.
    pub(crate) fn follow_as(&self, platform: Arc<Platform>) -> Running {
        self.start(platform, None)
    }

    fn start(&self, platform: Arc<Platform>, without: Option<&'static str>) -> Running {
        let (stop, tasks) = (self.log.stop.child_token(), TaskTracker::new());
        let (signal, woken) = watch::channel(());
        let projector = self.log.database.as_role(Role::Projector);
        tasks.spawn(wake::listen(projector, self.log.writer.head(), signal, stop.clone()));
        let projector = self.log.database.as_role(Role::Projector);
        let (tasks_too, stop_too, waiting) = (tasks.clone(), stop.clone(), Vec::new());
        let mut start = StartRunner { projector, woken, tasks: tasks_too, stop: stop_too, without, waiting };
        let progress: Progresses = list::each(&mut start).into_iter().collect();
        let dues = Dues::new(platform, progress.clone(), Arc::new(()));
        let (signal, changed) = watch::channel(());
        let projector = self.log.database.as_role(Role::Projector);
        tasks.spawn(wake::listen_to(changes::CHANNEL, projector, signal, stop.clone()));
        Running { progress, dues, changed, stop, tasks, waiting: start.waiting }
    }

    /// Runs read models and a scheduler, as a server does.
    pub(crate) fn serve(&self) -> Running {
        let running = self.follow();
        running.schedule(self);
        running
    }

    /// The aggregates of a second process on the same log.
    pub(crate) async fn second_platform(&self) -> Arc<Platform> {
        platform(&self.log, self.log.second_writer()).await
    }

    /// A space with this auto-release time.
    pub(crate) async fn space(&self, code: &str, auto_release_minutes: Option<u16>) -> SpaceId {
        let space_id = SpaceId::from(self.log.ids.next());
        let definition = DefinitionPatch { auto_release_minutes, ..DefinitionPatch::default() };
        let create =
            CreateSpace { site_id: SiteId::DEFAULT, code: code.into(), definition, asked: self.asked() };
        self.ask(space_id, SpaceCommand::CreateSpace(Box::new(create))).await.unwrap();
        space_id
    }

    /// A sensor at the space that may be silent for three weeks.
    pub(crate) async fn sensor(&self, dev_eui: DevEui, space_id: SpaceId) {
        self.claim(dev_eui, LONGEST_HEARTBEAT_SEC).await;
        self.assign(dev_eui, space_id).await;
    }

    /// Assigns a claimed sensor.
    pub(crate) async fn assign(&self, dev_eui: DevEui, space_id: SpaceId) {
        let assign = AssignDevice { dev_eui, space_id, replace: false, reason: None, asked: self.asked() };
        self.platform.store.execute(&assign, &command_context()).await.unwrap();
    }

    /// A sensor of the default tenant with this heartbeat.
    pub(crate) async fn claim(&self, dev_eui: DevEui, heartbeat_sec: u32) {
        let definition = json!({"name": "Sensor", "enabled": true, "heartbeat_sec": heartbeat_sec});
        let definition = Box::new(serde_json::from_value(definition).unwrap());
        let claim =
            DeviceCommand::ClaimDevice { category: Category::Sensor, definition, asked: self.asked() };
        self.platform.devices.execute(&dev_eui.to_string(), &claim, &command_context()).await.unwrap();
    }

    /// Sets another heartbeat.
    pub(crate) async fn heartbeat(&self, dev_eui: DevEui, seconds: u32) {
        let patch = Box::new(DevicePatch { heartbeat_sec: Patch::Set(seconds), ..DevicePatch::default() });
        let update = DeviceCommand::UpdateDevice { patch, asked: self.asked() };
        self.platform.devices.execute(&dev_eui.to_string(), &update, &command_context()).await.unwrap();
    }

    /// Enables or disables a sensor.
    pub(crate) async fn enable(&self, dev_eui: DevEui, enabled: bool) {
        let patch = Box::new(DevicePatch { enabled: Some(enabled), ..DevicePatch::default() });
        let update = DeviceCommand::UpdateDevice { patch, asked: self.asked() };
        self.platform.devices.execute(&dev_eui.to_string(), &update, &command_context()).await.unwrap();
    }

    /// An active policy by which every sensor is silent after that many seconds.
    pub(crate) async fn silent_after(&self, seconds: u32) {
        let asked = self.asked();
        let policy_id = PolicyId::from(self.log.ids.next());
        let policy = Policy { sensor_unknown_timeout_sec: Some(seconds), ..Policy::default() };
        let policy = Box::new(NamedPolicy { name: "Strict".into(), description: None, policy });
        for command in [
            TenantCommand::CreateDisplayPolicy { policy_id, policy, asked },
            TenantCommand::ActivateDisplayPolicy { policy_id, asked },
        ] {
            self.platform
                .tenants
                .execute(&asked.tenant_id.to_string(), &command, &command_context())
                .await
                .unwrap();
        }
    }

    /// The sensor reports now whether a vehicle is there.
    pub(crate) async fn says(&self, dev_eui: DevEui, f_cnt: u32, occupied: bool) {
        self.says_from(dev_eui, f_cnt, occupied, self.clock.now()).await;
    }

    /// Like [`Self::says`], in a frame that was heard at this time.
    pub(crate) async fn says_from(&self, dev_eui: DevEui, f_cnt: u32, occupied: bool, heard_at: Instant) {
        let data = if occupied { "Afs4AAAxEQA=" } else { "APs4AAAxEQA=" };
        let now = self.clock.now();
        let body = json!({
            "deviceInfo": {"devEui": dev_eui, "deviceProfileName": "TBMS100"}, "time": heard_at.to_string(),
            "devAddr": "0100a001", "fCnt": f_cnt, "fPort": 102, "data": data,
        });
        let body = Bytes::from(body.to_string());
        let report = chirpstack::parse(EventKind::Up, &body).unwrap();
        let metadata = Metadata::default();
        let incoming = Incoming { source: Source::Platform, report, received_at: now, body, metadata };
        self.ingest.record(incoming).await.unwrap();
    }

    /// Books the space; none if it is taken.
    pub(crate) async fn book(&self, space_id: SpaceId, window: Window) -> Option<ReservationId> {
        let reservation_id = ReservationId::from(self.log.ids.next());
        let book = BookReservation {
            reservation_id,
            window,
            max_duration: MAX_DURATION,
            details: Box::new(Details::default()),
            asked: self.asked(),
        };
        let booked = self.ask(space_id, SpaceCommand::BookReservation(Box::new(book))).await;
        match booked {
            Ok(_) => Some(reservation_id),
            Err(SpaceRefusal::SpaceAlreadyReserved { .. } | SpaceRefusal::SpaceNotAvailable { .. }) => None,
            Err(refusal) => panic!("{refusal}"),
        }
    }

    pub(crate) async fn ask(
        &self,
        space_id: SpaceId,
        command: SpaceCommand,
    ) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        match self.platform.spaces.execute(&space_id.to_string(), &command, &command_context()).await {
            Ok(executed) => Ok(executed.events),
            Err(ExecuteError::Refused { refusal, .. }) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// The default tenant, now.
    pub(crate) fn asked(&self) -> Asked {
        Asked { tenant_id: TenantId::DEFAULT, by: Actor::System, at: self.clock.now() }
    }

    /// The number of events of this type in the log.
    pub(crate) async fn count(&self, event_type: &str) -> i64 {
        let count = sqlx::query_scalar("select count(*) from events where event_type = $1");
        count.bind(event_type).fetch_one(&self.log.pool).await.unwrap()
    }

    /// Waits until nothing due by now is left.
    pub(crate) async fn quiet(&self, running: &Running) {
        let asked = time::Instant::now();
        loop {
            running.caught_up(self).await;
            let left: Option<String> = sqlx::query_scalar(
                "select space_id || ' at ' || due from projections.due_times where due <= $1 \
                 union all select space_id || ' came' from projections.arrivals limit 1",
            )
            .bind(self.clock.now().utc())
            .fetch_optional(&self.log.pool)
            .await
            .unwrap();
            let Some(left) = left else { return };
            assert!(asked.elapsed() < DEADLINE, "still due: {left}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Running {
    /// Starts the runners that wait.
    pub(crate) fn resume(&mut self) {
        self.waiting.drain(..).for_each(|runner| drop(self.tasks.spawn(runner)));
    }

    /// Starts a scheduler that leads if no other one does.
    pub(crate) fn schedule(&self, rig: &Rig) {
        let (scheduler, _) = Scheduler::new(self.dues.clone(), rig.clock.clone());
        let projector = rig.log.database.as_role(Role::Projector);
        let arrivals = Arrivals::new(self.dues.clone(), rig.clock.clone());
        self.tasks.spawn(follower::run(arrivals, projector.clone(), self.changed.clone(), self.stop.clone()));
        self.tasks.spawn(lead(projector, scheduler, self.stop.clone()));
    }

    /// Waits until the read models have reached the head.
    pub(crate) async fn caught_up(&self, rig: &Rig) {
        let head = rig.log.head().await;
        assert_eq!(self.progress.wait_for_all(head, DEADLINE).await, Ok(()), "of {head}");
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn platform(log: &EventLog, writer: parking_commands::writer::Writer) -> Arc<Platform> {
    let store = log.store_of(writer, parking_commands::snapshots::Snapshots::off());
    let drawn = Arc::new(Drawn(AtomicU64::new(0)));
    Arc::new(Platform::start(store, log.database.pool(Role::Writer), drawn).await.unwrap())
}

/// A moment of the day on which the short tests run.
pub(crate) fn t(time: &str) -> Instant {
    format!("2026-03-02T{time}Z").parse().unwrap()
}

pub(crate) fn window(start: Instant, minutes: i64) -> Window {
    Window { start, end: start + TimeDelta::minutes(minutes) }
}

fn command_context() -> CommandContext {
    CommandContext { tenant_id: Some(TenantId::DEFAULT.uuid()), ..CommandContext::default() }
}
