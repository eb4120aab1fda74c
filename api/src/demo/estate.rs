//! The demonstration's data: two sites, their spaces, a sensor at each and a display at some.

use parking_simulator::Simulation;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::Client;

/// Spaces of both sites, each with a sensor.
pub(super) const SPACES: u32 = 24;

const SITES: [(&str, &str, &str, f64, f64); 2] = [
    ("Harbour", "harbour", "Europe/Paris", 43.2951, 5.3640),
    ("Station", "station", "Europe/Vienna", 48.1850, 16.3760),
];

/// The prefix of simulated displays' EUIs: locally administered, so no real device has it.
const DISPLAYS: u64 = 0x0200_5140_0001_0000;

/// The idempotency key of the first request: a database that knows it holds an earlier demonstration.
pub(super) fn first_key() -> String {
    key_of_site(SITES[0].1)
}

fn key_of_site(slug: &str) -> String {
    format!("demo site {slug}")
}

/// Creates the data, or finds it again; returns the spaces in the simulation's order, none for deleted ones.
pub(super) async fn lay_down(client: &Client, simulation: &Simulation) -> Vec<Option<Uuid>> {
    let mut sites = Vec::new();
    for (name, slug, timezone, latitude, longitude) in SITES {
        let site = json!({
            "name": name, "slug": slug, "timezone": timezone, "latitude": latitude, "longitude": longitude,
        });
        sites.push(made(client, "/api/v6/sites", &key_of_site(slug), &site).await);
    }
    let per_site = SPACES as usize / SITES.len();
    let mut spaces = Vec::new();
    for (n, (dev_eui, model)) in simulation.devices().enumerate() {
        let (site, number) = (n / per_site, n % per_site + 1);
        // V6's pages take letters and digits only.
        let code = format!("{}{number:02}", &SITES[site].0[..1]);
        let space_id = space(client, sites[site], &code, number).await;
        device(client, dev_eui, "sensor", model.profile(), space_id).await;
        if number == 1 {
            device(client, DISPLAYS + n as u64, "display", "Kuando Busylight", space_id).await;
        }
        spaces.push(space_id);
    }
    if let Some(last) = spaces.last().copied().flatten() {
        close(client, last).await;
    }
    let policy = json!({"name": "Night", "description": "dim colours", "free_color": "002000"});
    made(client, "/api/v6/display-policies", "demo policy", &policy).await;
    spaces
}

/// Takes a space out of service, so that the demonstration shows an override too.
async fn close(client: &Client, space_id: Uuid) {
    let path = format!("/api/v6/spaces/{space_id}/overrides");
    let body = json!({"override_type": "out_of_service", "reason": "New paint"});
    made(client, &path, "demo override", &body).await;
}

async fn space(client: &Client, site_id: Option<Uuid>, code: &str, number: usize) -> Option<Uuid> {
    let site_id = site_id?;
    // A guest who books one of the first spaces has to arrive in time.
    let auto_release_minutes = if number <= 4 { 30 } else { 0 };
    let space = json!({
        "site_id": site_id, "code": code, "name": format!("Space {code}"),
        "floor": "0", "zone": if number <= 6 { "north" } else { "south" },
        "auto_release_minutes": auto_release_minutes,
    });
    made(client, "/api/v6/spaces", &format!("demo space {code}"), &space).await
}

async fn device(client: &Client, dev_eui: u64, kind: &str, model: &str, space_id: Option<Uuid>) {
    let dev_eui = format!("{dev_eui:016X}");
    let device = json!({"dev_eui": dev_eui, "type": kind, "name": format!("{model} {}", &dev_eui[12..]), "model": model});
    let key = format!("demo device {dev_eui}");
    if let (Some(id), Some(space_id)) = (made(client, "/api/v6/devices", &key, &device).await, space_id) {
        let assign = json!({"space_id": space_id, "reason": "demonstration"});
        let path = format!("/api/v6/devices/{id}/assign");
        client.post(&path, Some(&format!("demo assign {dev_eui}")), &assign).await;
    }
}

/// The id of the resource, created now or at an earlier start.
async fn made(client: &Client, path: &str, key: &str, body: &Value) -> Option<Uuid> {
    client.post(path, Some(key), body).await?["id"].as_str()?.parse().ok()
}
