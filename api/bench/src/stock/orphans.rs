//! The read model `orphan_devices` as a view of cqrs-es: one for each device, loaded and stored by every command.

use std::sync::Arc;

use cqrs_es::persist::GenericQuery;
use cqrs_es::{EventEnvelope, Query, View};
use parking_domain::instant::Instant;
use parking_domain::lorawan::GatewayEui;
use parking_domain::uplinks::{NetworkReport, Standing, UplinkEvent, UplinkReceived, Uplinks};
use postgres_es::PostgresViewRepository;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgPool;

/// The view table of postgres-es's `db/init.sql`.
pub(super) const SCHEMA: &str = "
create table orphan_devices (
    view_id text                        not null,
    version bigint check (version >= 0) not null,
    payload json                        not null,
    primary key (view_id)
)";

/// The query that updates the views. An update that fails makes the request fail, and the run with it.
pub(super) fn query(pool: PgPool) -> Box<dyn Query<Uplinks>> {
    let repository = Arc::new(PostgresViewRepository::<OrphanDevice, Uplinks>::new("orphan_devices", pool));
    let mut query = GenericQuery::new(repository);
    query.use_error_handler(Box::new(|error| panic!("a view was not updated: {error}")));
    Box::new(query)
}

/// The same data as in the platform's row of a device.
#[derive(Debug, Default, Serialize, Deserialize)]
struct OrphanDevice {
    first_seen: Option<Instant>,
    last_seen: Option<Instant>,
    message_count: i64,
    last_rssi: Option<i32>,
    last_snr: Option<f64>,
    last_gateway: Option<GatewayEui>,
    device_profile: Option<String>,
    device_name: Option<String>,
    last_object: Option<Map<String, Value>>,
}

impl View<Uplinks> for OrphanDevice {
    fn update(&mut self, event: &EventEnvelope<Uplinks>) {
        match &event.payload {
            UplinkEvent::UplinkReceived(uplink) => self.receive(uplink),
            UplinkEvent::DeviceJoined(join) => self.hear(&join.report),
            _ => {}
        }
    }
}

impl OrphanDevice {
    fn hear(&mut self, report: &NetworkReport) {
        self.first_seen.get_or_insert(report.received_at);
        self.last_seen = self.last_seen.max(Some(report.received_at));
        self.device_name = report.device.name.clone().or(self.device_name.take());
        self.device_profile = report.device.profile_name.clone().or(self.device_profile.take());
    }

    fn receive(&mut self, uplink: &UplinkReceived) {
        self.hear(&uplink.report);
        self.message_count += i64::from(uplink.standing != Standing::Repeated);
        if !uplink.standing.is_new() {
            return;
        }
        if let Some(best) = uplink.rx_info.iter().max_by_key(|reception| reception.rssi) {
            self.last_rssi = Some(best.rssi);
            self.last_snr = Some(best.snr);
            self.last_gateway = best.gateway_id;
        }
        self.last_object = uplink.object.clone().or(self.last_object.take());
    }
}
