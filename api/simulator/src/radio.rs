//! The radio network between sensors and platform: it repeats, delays and loses reports, and devices rejoin.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::watch::Sent;
use crate::{Act, Next, Simulation};

/// The share of the reports affected by each fault, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// Posted twice: unchanged, or with another id.
    pub repeated: f64,
    /// Delayed for minutes, so that others overtake them.
    pub late: f64,
    /// Sent after a rejoin.
    pub rejoined: f64,
    /// Never received.
    pub lost: f64,
}

impl Faults {
    /// Typical of networks: 5 % repeated, 2 % late, 1 % after a join, 1 % lost.
    pub const USUAL: Self = Self { repeated: 0.05, late: 0.02, rejoined: 0.01, lost: 0.01 };
}

impl Simulation {
    /// The sensor sends its state.
    pub(crate) fn report(&mut self, space: usize, at: DateTime<Utc>, heartbeat: bool, minutes: u8) {
        let faults = self.plan.faults;
        if self.happens(faults.rejoined) {
            self.rejoin(space, at);
        }
        let (body, sent) = self.transmit(space, at, heartbeat, minutes);
        if self.happens(faults.lost) {
            return;
        }
        let delay = if self.happens(faults.late) {
            TimeDelta::minutes(self.rng.i64(2..20))
        } else {
            self.up_to(TimeDelta::milliseconds(300))
        };
        self.deliver(sent, at + delay, body.clone());
        if self.happens(faults.repeated) {
            let later = at + delay + self.up_to(TimeDelta::seconds(30));
            let body = if self.rng.bool() { body } else { self.renamed(body) };
            self.push(later, Next::Heard(Act::Report { event: "up", body }, Some(sent)));
        }
    }

    /// The sensor sends its state, and the report certainly arrives.
    pub(crate) fn report_surely(&mut self, space: usize, at: DateTime<Utc>) {
        let (body, sent) = self.transmit(space, at, true, 0);
        // After every delayed report.
        self.deliver(sent, at + TimeDelta::minutes(30), body);
    }

    fn happens(&mut self, share: f64) -> bool {
        self.rng.f64() < share
    }

    fn deliver(&mut self, sent: Sent, at: DateTime<Utc>, body: Value) {
        self.sensors[sent.space].arrived += 1;
        self.push(at, Next::Heard(Act::Report { event: "up", body }, Some(sent)));
    }

    fn rejoin(&mut self, space: usize, at: DateTime<Utc>) {
        self.sensors[space].join();
        let sensor = &self.sensors[space];
        let sent = Sent { space, order: (sensor.session, 0), occupied: None };
        let (dev_eui, dev_addr, profile) = (sensor.dev_eui(), sensor.dev_addr(), sensor.model().profile());
        let body = json!({
            "deduplicationId": self.uuid(),
            "time": time(at),
            "deviceInfo": device_info(dev_eui, profile),
            "devAddr": dev_addr,
        });
        self.push(at, Next::Heard(Act::Report { event: "join", body }, Some(sent)));
    }

    /// The report as ChirpStack posts it, and what the sensor sent.
    fn transmit(&mut self, space: usize, at: DateTime<Utc>, heartbeat: bool, minutes: u8) -> (Value, Sent) {
        let id = self.uuid();
        let (rssi, snr) = (self.rng.i32(-118..-60), f64::from(self.rng.i32(-80..120)) / 10.0);
        let sensor = &mut self.sensors[space];
        let f_cnt = sensor.f_cnt;
        sensor.f_cnt += 1;
        let sent = Sent { space, order: (sensor.session, sensor.f_cnt), occupied: Some(sensor.occupied) };
        let (f_port, data) = sensor.model().frame(sensor.occupied, heartbeat, minutes);
        let body = json!({
            "deduplicationId": id,
            "time": time(at),
            "deviceInfo": device_info(sensor.dev_eui(), sensor.model().profile()),
            "devAddr": sensor.dev_addr(),
            "adr": true,
            "dr": 5,
            "fCnt": f_cnt,
            "fPort": f_port,
            "confirmed": false,
            "data": STANDARD.encode(data),
            "rxInfo": [{
                "gatewayId": format!("0016c001f15{:05x}", space / 40),
                "uplinkId": f_cnt,
                "nsTime": time(at),
                "rssi": rssi,
                "snr": snr,
                "channel": 2,
                "crcStatus": "CRC_OK",
            }],
            "txInfo": {"frequency": 868_100_000, "modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 7}}},
        });
        (body, sent)
    }

    /// The same transmission with another id.
    fn renamed(&mut self, mut body: Value) -> Value {
        body["deduplicationId"] = self.uuid().into();
        body
    }

    fn uuid(&mut self) -> String {
        let bits = format!("{:032x}", self.rng.u128(..));
        format!("{}-{}-4{}-8{}-{}", &bits[..8], &bits[8..12], &bits[13..16], &bits[17..20], &bits[20..])
    }
}

fn device_info(dev_eui: u64, profile: &str) -> Value {
    json!({
        "tenantName": "Simulated", "applicationName": "Parking",
        "applicationId": "6e11f84c-34ca-4d5d-9278-2fa20c853072",
        "deviceProfileName": profile,
        "deviceName": format!("Sensor {:04}", dev_eui & 0xffff),
        "devEui": format!("{dev_eui:016x}"),
    })
}

/// With nine digits, as ChirpStack writes them; the last three vary.
fn time(at: DateTime<Utc>) -> String {
    let finer = TimeDelta::nanoseconds(at.timestamp().rem_euclid(1000));
    (at + finer).to_rfc3339_opts(SecondsFormat::Nanos, true)
}
