//! Generated uplinks in ChirpStack's format, and concurrent posting.

use chrono::DateTime;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::support::{Answer, Client, UPLINK};

/// 2026-11-23T10:00:00Z.
const BEGIN: i64 = 1_795_428_000;

/// An uplink of a device in its first session, heard in the order of its counter. Each uplink is a separate report.
pub(crate) fn uplink(device: u32, f_cnt: u32) -> Value {
    let time = DateTime::from_timestamp(BEGIN + i64::from(f_cnt), 279_040_245).unwrap().to_rfc3339();
    json!({
        "deduplicationId": format!("{device:08x}-0000-4000-8000-{f_cnt:012x}"),
        "time": time,
        "deviceInfo": {
            "tenantName": "Parking Tenant",
            "applicationName": "bays",
            "deviceProfileName": "TBMS100",
            "deviceName": format!("Bay {device}"),
            "devEui": dev_eui(device),
            "deviceClassEnabled": "CLASS_A",
            "tags": {"site": "depot-1"}
        },
        "devAddr": format!("{device:08x}"),
        "adr": true,
        "dr": 5,
        "fCnt": f_cnt,
        "fPort": 102,
        "confirmed": false,
        "data": "Afs4AAAxEQA=",
        "rxInfo": [{
            "gatewayId": "0016c001f1500001",
            "uplinkId": f_cnt,
            "nsTime": time,
            "rssi": -71,
            "snr": 9.8,
            "crcStatus": "CRC_OK"
        }],
        "txInfo": {"frequency": 868_100_000},
        "regionConfigId": "eu868"
    })
}

/// The EUI in ChirpStack's format.
pub(crate) fn dev_eui(device: u32) -> String {
    format!("58a0cb00{device:08x}")
}

/// The uplinks of many devices, interleaved, all different.
pub(crate) fn fleet(devices: u32, uplinks_each: u32) -> Vec<Vec<u8>> {
    let rounds = (0..uplinks_each).flat_map(|f_cnt| (0..devices).map(move |device| (device, f_cnt)));
    rounds.map(|(device, f_cnt)| uplink(device, f_cnt).to_string().into_bytes()).collect()
}

/// A body and the result of posting it; an error if the connection failed.
pub(crate) type Outcome<'a> = (&'a Vec<u8>, Result<Answer, reqwest::Error>);

/// Posts all bodies over this many connections. After every success, `acknowledged` receives the number of successes.
pub(crate) async fn post_all<'a>(
    client: &Client,
    bodies: &'a [Vec<u8>],
    connections: usize,
    mut acknowledged: impl FnMut(usize),
) -> Vec<Outcome<'a>> {
    let mut answers = stream::iter(bodies)
        .map(async |body| (body, client.try_post(UPLINK, body.clone()).await))
        .buffer_unordered(connections);
    let (mut outcomes, mut count) = (Vec::new(), 0);
    while let Some(outcome) = answers.next().await {
        if outcome.1.as_ref().is_ok_and(|answer| answer.status == 200) {
            count += 1;
            acknowledged(count);
        }
        outcomes.push(outcome);
    }
    outcomes
}

/// The bodies that the server acknowledged.
pub(crate) fn acknowledged<'a>(outcomes: &[Outcome<'a>]) -> Vec<&'a Vec<u8>> {
    let ok = |outcome: &&Outcome| outcome.1.as_ref().is_ok_and(|answer| answer.status == 200);
    outcomes.iter().filter(ok).map(|(body, _)| *body).collect()
}
