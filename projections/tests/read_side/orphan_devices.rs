//! Read model `orphan_devices`.

use parking_commands::ingest::Ingest;
use parking_domain::chirpstack::EventKind::{Join, Log as LogLine, Status, Up};
use parking_projections::devices::Fleet;
use parking_projections::devices::orphan_devices::{self, OrphanDevice};
use parking_testkit::{EventLog, Role};
use serde_json::{Value, json};

use crate::support::{at, catch_up, record};

fn up(id: &str, f_cnt: u32, second: i64, rssi: &[i32]) -> Value {
    let rx_info: Vec<Value> = (1..)
        .zip(rssi)
        .map(|(gateway, rssi)| json!({"gatewayId": format!("00000000000000{gateway:02}"), "rssi": rssi, "snr": 9.5}))
        .collect();
    json!({
        "deviceInfo": {"devEui": "58a0cb0000100001", "deviceName": "Bay 1", "deviceProfileName": "TBMS100"},
        "deduplicationId": id, "time": at(second), "devAddr": "0100a001", "fCnt": f_cnt,
        "fPort": 102, "data": "AQ==", "object": {"f_cnt": f_cnt}, "rxInfo": rx_info,
    })
}

async fn rows(log: &EventLog) -> Vec<OrphanDevice> {
    orphan_devices::list(&log.database.pool(Role::Reader), None, 100, 0).await.unwrap()
}

#[tokio::test]
async fn an_uplink_of_an_unknown_device_makes_a_row() {
    let log = EventLog::create().await;
    record(&Ingest::new(log.store()), Up, 5, up("a", 1, 0, &[-110, -70, -90])).await;
    catch_up::<Fleet>(&log).await;
    let [row] = &rows(&log).await[..] else { panic!("one device") };
    assert_eq!(row.dev_eui, "58a0cb0000100001");
    assert_eq!((row.first_seen, row.last_seen, row.message_count), (at(5), at(5), 1));
    assert_eq!((row.last_rssi, row.last_snr), (Some(-70), Some(9.5)));
    assert_eq!(row.last_gateway.as_deref(), Some("0000000000000002"), "the gateway that heard it best");
    assert_eq!((row.device_name.as_deref(), row.device_profile.as_deref()), (Some("Bay 1"), Some("TBMS100")));
    assert_eq!(row.last_object.as_ref().map(|object| object.get()), Some(r#"{"f_cnt":1}"#));
}

#[tokio::test]
async fn repetitions_do_not_count_and_like_late_frames_change_no_values() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store());
    record(&lanes, Up, 10, up("a", 10, 10, &[-70])).await;
    record(&lanes, Up, 11, up("b", 10, 11, &[-60])).await;
    record(&lanes, Up, 12, up("c", 9, 9, &[-50])).await;
    catch_up::<Fleet>(&log).await;
    let [row] = &rows(&log).await[..] else { panic!("one device") };
    assert_eq!((row.message_count, row.last_seen), (2, at(12)));
    assert_eq!(row.last_rssi, Some(-70));
    assert_eq!(row.last_object.as_ref().map(|object| object.get()), Some(r#"{"f_cnt":10}"#));
}

#[tokio::test]
async fn a_join_updates_last_seen_and_reports_of_the_network_itself_do_not() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store());
    let other = |id: &str| json!({"deviceInfo": {"devEui": "58a0cb0000100002"}, "deduplicationId": id, "code": "OTAA"});
    record(&lanes, LogLine, 1, other("a")).await;
    record(&lanes, Status, 2, other("b")).await;
    record(&lanes, Join, 3, json!({"deviceInfo": {"devEui": "58a0cb0000100001"}, "deduplicationId": "c"}))
        .await;
    catch_up::<Fleet>(&log).await;
    let [row] = &rows(&log).await[..] else { panic!("one device") };
    assert_eq!((row.dev_eui.as_str(), row.message_count, row.last_seen), ("58a0cb0000100001", 0, at(3)));
}

#[tokio::test]
async fn rows_do_not_depend_on_batches() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store());
    for n in 0..20 {
        record(&lanes, Up, i64::from(n), up(&n.to_string(), n, i64::from(n), &[-70])).await;
        if n % 3 == 0 {
            catch_up::<Fleet>(&log).await;
        }
    }
    catch_up::<Fleet>(&log).await;
    let in_parts: String = row_text(&log).await;
    let owner = log.database.pool(Role::Owner);
    sqlx::query("truncate projections.orphan_devices, projections.checkpoints")
        .execute(&owner)
        .await
        .unwrap();
    catch_up::<Fleet>(&log).await;
    assert_eq!(row_text(&log).await, in_parts);
}

async fn row_text(log: &EventLog) -> String {
    sqlx::query_scalar("select string_agg(o::text, '; ' order by dev_eui) from projections.orphan_devices o")
        .fetch_one(&log.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn pages_are_ordered_by_last_seen() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store());
    for n in 0..5 {
        let body = json!({"deviceInfo": {"devEui": format!("58a0cb000010000{n}")}, "deduplicationId": "a"});
        record(&lanes, Up, n, body).await;
    }
    catch_up::<Fleet>(&log).await;
    let reader = log.database.pool(Role::Reader);
    assert_eq!(orphan_devices::count(&reader, None).await.unwrap(), 5);
    let page = orphan_devices::list(&reader, None, 2, 2).await.unwrap();
    let devices: Vec<_> = page.iter().map(|row| row.dev_eui.as_str()).collect();
    assert_eq!(devices, ["58a0cb0000100002", "58a0cb0000100001"]);
}
