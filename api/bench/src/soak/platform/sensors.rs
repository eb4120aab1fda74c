//! Reports as ChirpStack posts them, once each, valid and odd. Acknowledged ones are recorded.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Run;
use super::estate::{SPACES, dev_eui};
use crate::BenchError;

/// Times outside the range of an instant, and formats that ChirpStack and others write.
const TIMES: [&str; 5] = [
    "0000-01-01T00:00:00Z",
    "2016-12-31T23:59:60.5Z",
    "9999-12-31T23:59:59.9999999Z",
    "2026-11-23T10:32:21.621292871+00:00",
    "yesterday",
];

/// The reports answered with 200: device and counter.
#[derive(Default)]
pub(super) struct Acknowledged(Mutex<BTreeSet<(String, u32)>>);

impl Acknowledged {
    fn note(&self, dev_eui: String, f_cnt: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((dev_eui, f_cnt));
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn all(&self) -> BTreeSet<(String, u32)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Sends reports of every fourth sensor, until told to stop.
pub(super) async fn report(run: Run, first: u32, mut chance: Rng) -> Result<usize, BenchError> {
    for f_cnt in 0.. {
        for n in (first..SPACES).step_by(4) {
            if run.stop.is_cancelled() {
                return Ok(0);
            }
            let body = body(n, f_cnt, &mut chance);
            match run.client.ask(Method::POST, "/api/v1/uplink?event=up", Some(&body)).await {
                Some((200, _)) => {
                    run.acknowledged.note(dev_eui(n), f_cnt);
                }
                // Not stored, or unknown: ChirpStack does not send it again.
                Some((503, _)) | None => {
                    sleep(Duration::from_millis(50)).await;
                }
                Some((status, answer)) => {
                    run.client.fail(format!("a report was answered {status}: {answer}"));
                }
            }
        }
        sleep(Duration::from_millis(chance.u64(1..40))).await;
    }
    Ok(0)
}

fn body(n: u32, f_cnt: u32, chance: &mut Rng) -> String {
    let data = if chance.bool() { "Afs4AAAxEQA=" } else { "APs4AAAxEQA=" };
    let mut body = json!({
        "deduplicationId": format!("{n:08x}-0000-4000-8000-{f_cnt:012x}"),
        "deviceInfo": {"devEui": dev_eui(n), "deviceProfileName": "TBMS100"},
        "devAddr": format!("{n:08x}"), "fCnt": f_cnt, "fPort": 102, "data": data,
        "rxInfo": [{"gatewayId": "0016c001f1500001", "rssi": -71, "snr": 9.8}],
    });
    match chance.u8(0..8) {
        0 => body["time"] = json!(chance.choice(TIMES)),
        1 => body["rxInfo"][0]["nsTime"] = json!(chance.choice(TIMES)),
        2 => body["object"] = nested(chance.usize(1..110)),
        3 => body["object"] = json!({"text": "x".repeat(chance.usize(0..60_000))}),
        _ => {}
    }
    body.to_string()
}

/// An object with this many levels.
pub(super) fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({"level": 0}), |inner, _| json!({"inner": inner}))
}
