//! A platform for one test: the log, its buses and its keys, with short helpers for commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chrono::TimeDelta;
use parking_commands::bus::Bus;
use parking_commands::devices::AssignDevice;
use parking_commands::ids::Ids;
use parking_commands::ingest::{Incoming, Ingest};
use parking_commands::metadata::Metadata;
use parking_commands::personal::{Sealer, open};
use parking_commands::randomness::Randomness;
use parking_commands::reservations::{Booking, Guest, Reservations};
use parking_commands::store::{CommandContext, LogStore};
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::device::{Category, Definition, Device, DeviceCommand};
use parking_domain::id::{SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::sealed::Sealed;
use parking_domain::space::{
    CreateSpace, DefinitionPatch, DeleteSpace, Details, MAX_DURATION, Space, SpaceCommand, Window,
};
use parking_domain::uplinks::Source;
use parking_testkit::{EventLog, Role};
use secrecy::ExposeSecret;
use serde_json::json;

/// Different bytes at every call, the same in every run.
#[derive(Default)]
struct Drawn(AtomicU64);

impl Randomness for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, drawn) in bytes.iter_mut().zip(drawn.iter().cycle()) {
            *byte = *drawn;
        }
    }
}

pub(crate) struct Platform {
    pub(crate) log: EventLog,
    pub(crate) store: LogStore,
    pub(crate) spaces: Bus<Space>,
    pub(crate) devices: Bus<Device>,
    pub(crate) sealer: Sealer,
}

impl Platform {
    pub(crate) async fn create() -> Self {
        let log = EventLog::create().await;
        let store = log.store();
        let sealer = Sealer::load(log.database.pool(Role::Writer), Arc::new(Drawn::default())).await.unwrap();
        Self { spaces: Bus::new(store.clone()), devices: Bus::new(store.clone()), log, store, sealer }
    }

    pub(crate) fn reservations(&self) -> Reservations<'_> {
        Reservations::new(&self.spaces, &self.sealer)
    }

    /// A space with this code, on the default site.
    pub(crate) async fn space(&self, code: &str) -> SpaceId {
        let space_id = SpaceId::from(self.log.ids.next());
        let definition = DefinitionPatch::default();
        let create = CreateSpace { site_id: SiteId::DEFAULT, code: code.into(), definition, asked: asked() };
        self.ask(space_id, SpaceCommand::CreateSpace(Box::new(create))).await;
        space_id
    }

    pub(crate) async fn delete(&self, space_id: SpaceId) {
        let delete = DeleteSpace { space_id, reason: None, asked: asked() };
        self.ask(space_id, SpaceCommand::DeleteSpace(delete)).await;
    }

    async fn ask(&self, space_id: SpaceId, command: SpaceCommand) {
        self.spaces.execute(&space_id.to_string(), &command, &command_context()).await.unwrap();
    }

    /// Device number `n`, claimed by the default tenant.
    pub(crate) async fn device(&self, n: u64, category: Category) -> DevEui {
        let dev_eui = DevEui::from(n);
        let definition = definition();
        let claim = DeviceCommand::ClaimDevice { category, definition, asked: asked() };
        self.devices.execute(&dev_eui.to_string(), &claim, &command_context()).await.unwrap();
        dev_eui
    }

    /// The current state of a device.
    pub(crate) async fn state(&self, dev_eui: DevEui) -> Device {
        self.store.load(&dev_eui.to_string()).await.unwrap().aggregate
    }

    /// Records an uplink of the device.
    pub(crate) async fn hear(&self, dev_eui: DevEui) {
        let body = json!({"deviceInfo": {"devEui": dev_eui}, "fCnt": 1, "fPort": 1, "data": ""}).to_string();
        let incoming = Incoming {
            source: Source::Platform,
            report: chirpstack::parse(EventKind::Up, body.as_bytes()).unwrap(),
            received_at: at("07:00"),
            body: Bytes::from(body),
            metadata: Metadata::default(),
        };
        Ingest::new(self.store.clone()).record(incoming).await.unwrap();
    }

    /// The texts of sealed values.
    pub(crate) async fn opened(&self, values: &[Option<&Sealed>]) -> Vec<Option<String>> {
        let values: Vec<&Sealed> = values.iter().map(|value| value.unwrap()).collect();
        let mut connection = self.log.database.pool(Role::Writer).acquire().await.unwrap();
        let texts = open(&mut connection, &values).await.unwrap();
        texts.into_iter().map(|text| text.map(|text| text.expose_secret().to_owned())).collect()
    }

    /// The content of the log, as text.
    pub(crate) async fn everything(&self) -> String {
        sqlx::query_scalar("select string_agg(payload::text || metadata::text, ' ') from events")
            .fetch_one(&self.log.pool)
            .await
            .unwrap()
    }

    /// The number of subjects with a key.
    pub(crate) async fn keys(&self) -> i64 {
        let keys = sqlx::query_scalar("select count(*) from ops.subject_keys");
        keys.fetch_one(&self.log.admin()).await.unwrap()
    }

    /// The number of events of this type in the log.
    pub(crate) async fn count(&self, event_type: &str) -> i64 {
        let count = sqlx::query_scalar("select count(*) from events where event_type = $1");
        count.bind(event_type).fetch_one(&self.log.pool).await.unwrap()
    }

    /// A booking of the window by Ada, without a key.
    pub(crate) fn booking(&self, space_id: SpaceId, window: Window) -> Booking {
        let (email, name) = (Some("ada@example.com".into()), Some("Ada".into()));
        Booking {
            reservation_id: self.log.ids.next().into(),
            space_id,
            window,
            max_duration: MAX_DURATION,
            guest: Guest { email, name, ..Guest::default() },
            details: Details::default(),
            request_id: None,
            asked: asked(),
        }
    }
}

/// A time of the day.
pub(crate) fn at(time: &str) -> Instant {
    format!("2026-03-02T{time}:00Z").parse().unwrap()
}

/// From ten to noon, or this many hours later.
pub(crate) fn window(later: i64) -> Window {
    let later = TimeDelta::hours(later);
    Window { start: at("10:00") + later, end: at("12:00") + later }
}

/// The default tenant, at eight.
pub(crate) fn asked() -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: Actor::System, at: at("08:00") }
}

/// Another tenant, at eight.
pub(crate) fn elsewhere() -> Asked {
    Asked { tenant_id: TenantId::PLATFORM, ..asked() }
}

pub(crate) fn command_context() -> CommandContext {
    CommandContext { tenant_id: Some(TenantId::DEFAULT.uuid()), ..CommandContext::default() }
}

pub(crate) fn assign(dev_eui: DevEui, space_id: SpaceId) -> AssignDevice {
    AssignDevice { dev_eui, space_id, replace: false, reason: None, asked: asked() }
}

pub(crate) fn definition() -> Box<Definition> {
    Box::new(Definition::named("Bay"))
}
