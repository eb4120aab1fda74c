//! Questions about what a tenant's devices reported. Whose they are, the connection knows.

use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::sensors::Occupancy;
use parking_domain::uplinks::Standing;
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::rows::from_json;

/// An uplink of an owned device.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Uplink {
    /// The event.
    pub position: i64,
    /// The device's owner.
    pub tenant_id: Uuid,
    /// The device.
    pub dev_eui: DevEui,
    /// When the platform received it.
    pub received_at: Instant,
    /// When the network heard it, as far as it says.
    pub heard_at: Instant,
    /// Its frame counter.
    pub f_cnt: Option<u32>,
    /// Its port.
    pub f_port: u8,
    /// The LoRaWAN session it belongs to, counted from the first.
    pub session: u32,
    /// Its place among the others.
    pub standing: Standing,
    /// What the device said of its space with it.
    pub occupancy: Occupancy,
    /// What its codec read in it.
    pub reading: Option<Value>,
    /// Why it could not be read.
    pub problem: Option<String>,
    /// Signal strength at the best gateway, in dBm.
    pub rssi: Option<i32>,
    /// Signal-to-noise ratio there, in dB.
    pub snr: Option<f64>,
    /// That gateway, 16 lower-case hex digits.
    pub gateway: Option<String>,
}

/// A time in which uplinks were received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// At this time or later.
    pub since: Option<Instant>,
    /// Before this time.
    pub until: Option<Instant>,
}

const FILTER: &str =
    "dev_eui = $1 and ($2 is null or received_at >= $2) and ($3 is null or received_at < $3)";

/// One page of what a device reported, the newest first.
pub async fn list(
    connection: &mut PgConnection,
    dev_eui: DevEui,
    received: Received,
    limit: i64,
    offset: i64,
) -> Result<Vec<Uplink>, sqlx::Error> {
    let query = format!(
        "select to_json(u)::text from uplinks u where {FILTER} order by position desc limit $4 offset $5"
    );
    let rows: Vec<String> = sqlx::query_scalar(&query)
        .bind(dev_eui.to_string())
        .bind(received.since.map(Instant::utc))
        .bind(received.until.map(Instant::utc))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// How many uplinks that are.
pub async fn count(
    connection: &mut PgConnection,
    dev_eui: DevEui,
    received: Received,
) -> Result<i64, sqlx::Error> {
    let query = format!("select count(*) from uplinks where {FILTER}");
    sqlx::query_scalar(&query)
        .bind(dev_eui.to_string())
        .bind(received.since.map(Instant::utc))
        .bind(received.until.map(Instant::utc))
        .fetch_one(connection)
        .await
}
