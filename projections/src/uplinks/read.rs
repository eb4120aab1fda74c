//! Queries on the uplinks of a tenant's devices. Row-level security limits every query to the connection's tenant.

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

const FILTER: &str =
    "dev_eui = $1 and ($2 is null or received_at >= $2) and ($3 is null or received_at < $3)";

/// One page of a device's uplinks, newest first.
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

/// The number of uplinks in the period.
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
