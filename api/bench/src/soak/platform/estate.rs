//! The car park of the soak: spaces with a sensor each. Half of the sensors fall silent within seconds.

use reqwest::Method;
use serde_json::json;

use super::client::Client;
use crate::BenchError;

/// The number of spaces and of sensors.
pub(crate) const SPACES: u32 = 24;

/// The spaces' ids.
pub(crate) struct Estate {
    pub(crate) spaces: Vec<String>,
}

/// The n-th sensor.
pub(crate) fn dev_eui(n: u32) -> String {
    format!("58a0cb00{n:08x}")
}

/// True for a sensor whose heartbeat is two seconds.
pub(crate) fn is_impatient(n: u32) -> bool {
    n.is_multiple_of(2)
}

pub(crate) async fn lay_down(client: &Client) -> Result<Estate, BenchError> {
    let mut spaces = Vec::new();
    for n in 0..SPACES {
        let body = json!({"code": format!("P-{n}"), "auto_release_minutes": 5}).to_string();
        let space = client.must(Method::POST, "/api/v6/spaces", Some(&body)).await?;
        let space_id = space["id"].as_str().ok_or("a space has an id")?.to_owned();
        let heartbeat = if is_impatient(n) { 2 } else { 3600 };
        let body = json!({"dev_eui": dev_eui(n), "name": format!("Sensor {n}"), "type": "sensor",
                          "codec": "browan-tbms100", "heartbeat_sec": heartbeat});
        client.must(Method::POST, "/api/v6/devices", Some(&body.to_string())).await?;
        let path = format!("/api/v6/devices/{}/assign", dev_eui(n));
        client.must(Method::POST, &path, Some(&json!({"space_id": space_id}).to_string())).await?;
        spaces.push(space_id);
    }
    Ok(Estate { spaces })
}
