//! Devices and their uplinks.

use parking_domain::device::{Category, Device, DeviceEvent, Status};
use parking_domain::lorawan::DevEui;
use parking_domain::payload::Payload;
use parking_domain::sensors::{Frame, Occupancy, choose};
use parking_projections::devices::inventory::read::{self, Counts, Filter, Listed, StatusFilter};
use parking_projections::devices::orphan_devices;
use parking_projections::devices::uplinks::read::{self as uplinks, Received};
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use serde_json::{Value, json};

use super::reading;

const PUBLISHED: &str = include_str!("../../../../domain/tests/vectors/sensor-vectors.json");

fn euis(rows: &[Listed]) -> Vec<DevEui> {
    rows.iter().map(|row| row.device.dev_eui).collect()
}

#[tokio::test]
async fn filters_select_the_listed_and_counted_devices() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (near, far) = (estate.site(1, 0).await, estate.site(2, 0).await);
    let (here, there) = (estate.space(3, near, 1).await, estate.space(4, far, 1).await);
    let sensor = estate.sensor(5, here, 10).await;
    let other = estate.sensor(6, there, 20).await;
    let display = estate.device(7, Category::Display, 30).await;
    let retired = estate.device(8, Category::Sensor, 40).await;
    estate
        .happens::<Device>(retired, DeviceEvent::DeviceRetired { reason: None, at: at(41), by: OWNER })
        .await;
    estate.reports(sensor, 1, true, 50).await;

    let mut reading = reading(&log, &estate).await;
    for (filter, expected) in [
        (Filter::default(), vec![display, other, sensor]),
        (Filter { category: Some(Category::Sensor), ..Filter::default() }, vec![other, sensor]),
        (
            Filter { status: Some(StatusFilter::Is(Status::Assigned)), ..Filter::default() },
            vec![other, sensor],
        ),
        (Filter { status: Some(StatusFilter::Is(Status::Retired)), ..Filter::default() }, vec![retired]),
        (Filter { status: Some(StatusFilter::Active), ..Filter::default() }, vec![sensor]),
        (Filter { status: Some(StatusFilter::Inactive), ..Filter::default() }, vec![display, other]),
        (Filter { site_id: Some(far.uuid()), ..Filter::default() }, vec![other]),
        (Filter { space_id: Some(here.uuid()), ..Filter::default() }, vec![sensor]),
    ] {
        let rows = read::list(&mut reading, &filter, 100, 0).await.unwrap();
        assert_eq!(euis(&rows), expected, "{filter:?}");
        let count = read::count(&mut reading, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
    }
    let page = read::list(&mut reading, &Filter::default(), 1, 1).await.unwrap();
    assert_eq!(euis(&page), [other]);
    assert_eq!(page[0].space_code.as_deref(), Some("P4-aaaaaaaa"));
    assert_eq!(page[0].site_id, Some(far.uuid()));

    let stats = read::stats(&mut reading).await.unwrap();
    let sensors = Counts { total: 2, assigned: 2, unassigned: 0, active: 1, inactive: 1 };
    let displays = Counts { total: 1, assigned: 0, unassigned: 1, active: 0, inactive: 1 };
    assert_eq!((stats.sensors, stats.displays), (sensors, displays));
    assert_eq!(stats.all(), Counts { total: 3, assigned: 2, unassigned: 1, active: 1, inactive: 2 });

    let one = read::get(&mut reading, retired).await.unwrap().unwrap();
    assert_eq!((one.device.dev_eui, one.site_id), (retired, None));
    assert_eq!(read::get(&mut reading, estate.eui(99)).await.unwrap(), None);
}

#[tokio::test]
async fn the_uplinks_of_a_device_are_paged_by_when_they_were_received() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let (sensor, other) = (estate.sensor(3, space, 2).await, estate.device(4, Category::Sensor, 2).await);
    for n in 0..5_u32 {
        estate.reports(sensor, n, n % 2 == 1, 10 + i64::from(n)).await;
    }
    estate.reports(other, 1, true, 12).await;

    let mut reading = reading(&log, &estate).await;
    let all = Received::default();
    let rows = uplinks::list(&mut reading, sensor, all, 2, 1).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.f_cnt, row.received_at, row.occupancy)).collect();
    assert_eq!(seen, [(Some(3), at(13), Occupancy::Occupied), (Some(2), at(12), Occupancy::Vacant)]);
    assert_eq!(rows[0].reading.as_ref().unwrap()["codec"]["name"], "bosch-tps110");
    assert_eq!(uplinks::count(&mut reading, sensor, all).await.unwrap(), 5);
    let some = Received { since: Some(at(11)), until: Some(at(13)) };
    let rows = uplinks::list(&mut reading, sensor, some, 100, 0).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.f_cnt).collect::<Vec<_>>(), [Some(2), Some(1)]);
    assert_eq!(uplinks::count(&mut reading, sensor, some).await.unwrap(), 2);
}

/// Posts an uplink, and returns the reading that its codec gives.
async fn decoded(estate: &Estate<'_>, sensor: DevEui, n: u32, uplink: &Value) -> Value {
    let mut body = uplink.clone();
    body["deduplicationId"] = json!(format!("{sensor}-{n}"));
    body["deviceInfo"]["devEui"] = json!(sensor);
    body["fCnt"] = json!(n);
    estate.posted(sensor, &body, 10 + i64::from(n)).await;
    let data: Payload = serde_json::from_value(uplink["data"].clone()).unwrap();
    let frame = Frame {
        f_port: u8::try_from(uplink["fPort"].as_u64().unwrap()).unwrap(),
        data: data.as_bytes(),
        object: uplink["object"].as_object(),
        encrypted: false,
    };
    let codec = choose(None, uplink["deviceInfo"]["deviceProfileName"].as_str(), &frame).unwrap();
    json!(codec.decode(&frame).unwrap())
}

#[tokio::test]
async fn every_published_reading_and_the_widest_numbers_of_an_object_are_stored_and_read() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let sensor = estate.device(1, Category::Sensor, 2).await;
    let published: Vec<Value> = serde_json::from_str(PUBLISHED).unwrap();
    let mut expected = Vec::new();
    for (n, vector) in (0..).zip(published.iter().filter(|vector| vector["direction"] == "uplink")) {
        let pairs = vector["hex"].as_str().unwrap().as_bytes().chunks(2);
        let pairs = pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
        let uplink = json!({
            "deviceInfo": {"deviceProfileName": format!("{} {}", vector["vendor"], vector["model"])},
            "fPort": vector["fPort"].as_u64().unwrap_or(1),
            "data": Payload::from(pairs.collect::<Vec<_>>()),
        });
        expected.push(decoded(&estate, sensor, n, &uplink).await);
    }
    let widest = json!({"occupied": true, "battery_voltage": f64::MAX, "temperature": f64::MIN});
    let uplink = json!({"deviceInfo": {}, "fPort": 1, "data": "AQ==", "object": widest});
    expected.push(decoded(&estate, sensor, 1000, &uplink).await);

    let mut reading = reading(&log, &estate).await;
    let rows = uplinks::list(&mut reading, sensor, Received::default(), 100, 0).await.unwrap();
    let stored: Vec<_> = rows.into_iter().rev().map(|row| row.reading.unwrap()).collect();
    assert_eq!(stored, expected);
    let device = read::get(&mut reading, sensor).await.unwrap().unwrap().device;
    assert_eq!((device.battery_v, device.temperature_c), (Some(f64::MAX), Some(f64::MIN)));
}

#[tokio::test]
async fn an_orphan_is_found_until_it_is_dismissed_and_when_it_is_heard_again() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let orphan = estate.eui(1);
    let reader = log.database.pool(Role::Reader);
    estate.reports(orphan, 1, true, 10).await;
    drop(reading(&log, &estate).await);
    assert_eq!(orphan_devices::get(&reader, orphan).await.unwrap().unwrap().message_count, 1);
    assert!(orphan_devices::get(&reader, estate.eui(2)).await.unwrap().is_none());
    let dismissed = DeviceEvent::OrphanDismissed { reason: None, at: at(20), by: OWNER };
    estate.happens::<Device>(orphan, dismissed).await;
    drop(reading(&log, &estate).await);
    assert!(orphan_devices::get(&reader, orphan).await.unwrap().is_none());
    estate.reports(orphan, 2, false, 30).await;
    drop(reading(&log, &estate).await);
    assert_eq!(orphan_devices::get(&reader, orphan).await.unwrap().unwrap().message_count, 2);
}
