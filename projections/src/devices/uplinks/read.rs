//! Queries on the uplinks of a tenant's devices. Row-level security limits every query to the connection's tenant.

use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::sensors::Occupancy;
use parking_domain::uplinks::Standing;
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::rows::from_json;
use crate::engine::seek::Start;
use crate::engine::selection::Selection;

/// An uplink of an owned device.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Uplink {
    /// The event's position.
    pub position: i64,
    /// The device's owner.
    pub tenant_id: Uuid,
    /// The device.
    pub dev_eui: DevEui,
    /// When the platform received it.
    pub received_at: Instant,
    /// When the network received it, as far as known.
    pub heard_at: Instant,
    /// Its frame counter.
    pub f_cnt: Option<u32>,
    /// Its port.
    pub f_port: u8,
    /// Its LoRaWAN session, numbered from the first.
    pub session: u32,
    /// Its standing in the session.
    pub standing: Standing,
    /// The device's occupancy after it.
    pub occupancy: Occupancy,
    /// What its codec decoded.
    pub reading: Option<Value>,
    /// Why it could not be decoded.
    pub problem: Option<String>,
    /// Signal strength at the best gateway, in dBm.
    pub rssi: Option<i32>,
    /// Signal-to-noise ratio at that gateway, in dB.
    pub snr: Option<f64>,
    /// That gateway, 16 lower-case hex digits.
    pub gateway: Option<String>,
}

/// A period of receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Received at this time or later.
    pub since: Option<Instant>,
    /// Received before this time.
    pub until: Option<Instant>,
}

impl Received {
    fn narrow(self, select: Selection<'_>, dev_eui: DevEui) -> Selection<'_> {
        select
            .given("dev_eui = $", Some(dev_eui.to_string()))
            .given("received_at >= $", self.since.map(Instant::utc))
            .given("received_at < $", self.until.map(Instant::utc))
    }
}

/// At most `limit` of a device's uplinks from `start` on, newest first.
pub async fn list(
    connection: &mut PgConnection,
    dev_eui: DevEui,
    received: Received,
    limit: i64,
    start: impl Into<Start>,
) -> Result<Vec<Uplink>, sqlx::Error> {
    let start = start.into();
    let rows: Vec<(String,)> = received
        .narrow(Selection::new("select to_json(u)::text from uplinks u"), dev_eui)
        .given("position < $", start.after().map(|place| place.position))
        .page("position desc", limit, start.offset())
        .rows(connection)
        .await?;
    rows.iter().map(|(row,)| from_json(row)).collect()
}

/// The number of uplinks in the period.
pub async fn count(
    connection: &mut PgConnection,
    dev_eui: DevEui,
    received: Received,
) -> Result<i64, sqlx::Error> {
    received.narrow(Selection::new("select count(*) from uplinks"), dev_eui).count(connection).await
}
