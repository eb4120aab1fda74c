//! A tenant's data, appended to a log event by event: for tests that state exactly what happened.
//!
//! All data of a tenant contains its mark: ids, EUIs, names, codes and sealed data. Where the mark shows, there is data
//! of that tenant.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::device::{Category, Definition, Device, DeviceEvent};
use parking_domain::document::Document;
use parking_domain::id::{PolicyId, ReservationId, SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::policy::Policy;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::site::{self, Site, SiteEvent};
use parking_domain::space::{self, Details, Space, SpaceEvent, Window};
use parking_domain::tenant::{NamedPolicy, Tenant, TenantEvent};
use parking_domain::uplinks::{LookUp, RecordReport, Source, Uplinks, stream_id};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{EventLog, Role};

/// The actor of everything in an estate.
pub const OWNER: Actor = Actor::ApiKey(Uuid::from_u128(7));

/// A second of the day on which everything happens.
pub fn at(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

/// A tenant's data.
pub struct Estate<'a> {
    log: &'a EventLog,
    mark: String,
    uplinks: Mutex<HashMap<DevEui, Uplinks>>,
}

impl<'a> Estate<'a> {
    /// The estate of the tenant whose mark is this hexadecimal digit, eight times.
    pub fn new(log: &'a EventLog, mark: char) -> Self {
        Self { log, mark: mark.to_string().repeat(8), uplinks: Mutex::default() }
    }

    /// The tenant's mark.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The tenant.
    pub fn tenant(&self) -> TenantId {
        self.id(0).into()
    }

    /// The n-th UUID of the tenant.
    pub fn id(&self, n: u16) -> Uuid {
        let id = format!("{}-0000-4000-8000-{n:012}", self.mark);
        id.parse().unwrap_or_else(|_| panic!("{} is no hexadecimal mark", self.mark))
    }

    /// The n-th EUI of the tenant.
    pub fn eui(&self, n: u16) -> DevEui {
        let eui = format!("{}{n:08}", self.mark);
        eui.parse().unwrap_or_else(|_| panic!("{} is no hexadecimal mark", self.mark))
    }

    /// Sealed data.
    pub fn sealed(&self, text: &str) -> Sealed {
        let sealed = format!("{text} of {}", self.mark).into_bytes().into();
        let hash = Some(KeyedHash(format!("{}-{text}", self.mark)));
        Sealed { subject: self.id(9999), sealed, hash }
    }

    /// Appends an event to one of its streams; returns the position.
    pub async fn happens<A: Decider>(&self, id: impl ToString, event: A::Event) -> i64 {
        self.log.happen::<A>(&id.to_string(), Some(self.tenant()), &[event]).await
    }

    /// A site in Paris.
    pub async fn site(&self, n: u16, second: i64) -> SiteId {
        let site_id = self.id(n).into();
        let created = SiteEvent::SiteCreated {
            tenant_id: self.tenant(),
            name: format!("Site {n} {}", self.mark),
            slug: format!("site-{n}-{}", self.mark),
            definition: Box::new(site::Definition::in_zone("Europe/Paris")),
            at: at(second),
            by: OWNER,
        };
        self.happens::<Site>(site_id, created).await;
        site_id
    }

    /// A space of a site.
    pub async fn space(&self, n: u16, site_id: SiteId, second: i64) -> SpaceId {
        let space_id = self.id(n).into();
        let name = format!("Space {n} {}", self.mark);
        let created = SpaceEvent::SpaceCreated {
            tenant_id: self.tenant(),
            site_id,
            code: format!("P{n}-{}", self.mark),
            definition: Box::new(space::Definition {
                display_name: name.clone(),
                name,
                enabled: true,
                auto_release_minutes: None,
                building: None,
                floor: None,
                zone: None,
                position: None,
                policy: parking_domain::policy::PolicyOverrides::default(),
                config: Document::default(),
                metadata: Document::default(),
            }),
            at: at(second),
            by: OWNER,
        };
        self.happens::<Space>(space_id, created).await;
        space_id
    }

    /// An unassigned device.
    pub async fn device(&self, n: u16, category: Category, second: i64) -> DevEui {
        let dev_eui = self.eui(n);
        let claimed = DeviceEvent::DeviceClaimed {
            tenant_id: self.tenant(),
            category,
            definition: Box::new(Definition::named(format!("Device {n} {}", self.mark))),
            at: at(second),
            by: OWNER,
        };
        self.happens::<Device>(dev_eui, claimed).await;
        dev_eui
    }

    /// A sensor assigned to a space.
    pub async fn sensor(&self, n: u16, space_id: SpaceId, second: i64) -> DevEui {
        let dev_eui = self.device(n, Category::Sensor, second).await;
        let assigned = DeviceEvent::DeviceAssigned {
            space_id,
            category: Category::Sensor,
            reason: Some("new here".to_owned()),
            at: at(second),
            by: OWNER,
        };
        self.happens::<Device>(dev_eui, assigned).await;
        dev_eui
    }

    /// A Bosch TPS110 reports its state.
    ///
    /// # Panics
    ///
    /// When the report is one that was recorded before.
    pub async fn reports(&self, dev_eui: DevEui, f_cnt: u32, occupied: bool, second: i64) -> i64 {
        let body = json!({
            "deduplicationId": format!("{dev_eui}-{f_cnt}-{second}"),
            "time": at(second),
            "deviceInfo": {"devEui": dev_eui, "deviceProfileName": "Bosch TPS110"},
            "devAddr": "0100a001", "fCnt": f_cnt, "fPort": 1, "data": if occupied { "AQ==" } else { "AA==" },
            "rxInfo": [{"gatewayId": "0016c001f1500000", "rssi": -80, "snr": 7.5}],
        });
        self.posted(dev_eui, &body, second).await
    }

    /// An uplink of a device arrives, as ChirpStack posts it.
    ///
    /// # Panics
    ///
    /// When the body names no device, or the same report arrived before.
    pub async fn posted(&self, dev_eui: DevEui, body: &Value, second: i64) -> i64 {
        let report = chirpstack::parse(EventKind::Up, body.to_string().as_bytes())
            .expect("the report names its device");
        let command = RecordReport { report, at: at(second), look_up: LookUp::Absent };
        let events = {
            let mut uplinks = self.uplinks.lock().expect("no panic while it is locked");
            let stream = uplinks.entry(dev_eui).or_default();
            let events = stream.decide(&command).expect("the report is new");
            for event in &events {
                stream.evolve(event);
            }
            events
        };
        self.log.happen::<Uplinks>(&stream_id(Source::Platform, dev_eui), None, &events).await
    }

    /// A space booked from one second to another.
    pub async fn booked(
        &self,
        n: u16,
        space_id: SpaceId,
        (from, until): (i64, i64),
        second: i64,
    ) -> ReservationId {
        let reservation_id = self.id(n).into();
        let booked = SpaceEvent::ReservationBooked {
            reservation_id,
            tenant_id: self.tenant(),
            window: Window { start: at(from), end: at(until) },
            details: Box::new(Details {
                user_email: Some(self.sealed("guest@example.org")),
                user_name: Some(self.sealed("A. Guest")),
                ..Details::default()
            }),
            at: at(second),
            by: OWNER,
        };
        self.happens::<Space>(space_id, booked).await;
        reservation_id
    }

    /// An active display policy.
    pub async fn policy(&self, n: u16, second: i64) -> PolicyId {
        let policy_id = self.id(n).into();
        let named = NamedPolicy {
            name: format!("Policy {n} {}", self.mark),
            description: None,
            policy: Policy::default(),
        };
        let (at, by) = (at(second), OWNER);
        let created = TenantEvent::DisplayPolicyCreated { policy_id, policy: Box::new(named), at, by };
        self.happens::<Tenant>(self.tenant(), created).await;
        let activated = TenantEvent::DisplayPolicyActivated { policy_id, at, by };
        self.happens::<Tenant>(self.tenant(), activated).await;
        policy_id
    }

    /// Stores the key that seals the data of a guest.
    ///
    /// # Panics
    ///
    /// When the insert fails.
    pub async fn remembers_a_person(&self) {
        sqlx::query("insert into ops.subject_keys (subject, tenant_id, key) values ($1, $2, $3)")
            .bind(self.id(9999))
            .bind(self.tenant().uuid())
            .bind(vec![7_u8; 32])
            .execute(&self.log.database.pool(Role::Writer))
            .await
            .expect("the writer may store keys");
    }
}
