//! A claim of a long-time orphan device: it brings the uplinks within the horizon, in pages.

use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::device::{Category, Device, DeviceEvent};
use parking_domain::lorawan::DevEui;
use parking_domain::uplinks::{LookUp, RecordReport, Source, Uplinks, stream_id};
use parking_projections::devices::Fleet;
use parking_projections::engine::diff::diff;
use parking_projections::engine::rebuild::rebuild;
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::support::catch_up;

const DAY: i64 = 86_400;

/// A device without an owner reports every `every` seconds until `until`.
async fn orphaned(log: &EventLog, dev_eui: DevEui, count: i64, every: i64, until: i64) {
    let mut stream = Uplinks::default();
    let mut events = Vec::new();
    for n in 0..count {
        let second = until - (count - 1 - n) * every;
        let body = json!({
            "deduplicationId": format!("{dev_eui}-{n}"), "time": at(second),
            "deviceInfo": {"devEui": dev_eui, "deviceProfileName": "Bosch TPS110"},
            "devAddr": "0100a001", "fCnt": n, "fPort": 1, "data": if n % 2 == 0 { "AQ==" } else { "AA==" },
        });
        let report = chirpstack::parse(EventKind::Up, body.to_string().as_bytes()).unwrap();
        let decided =
            stream.decide(&RecordReport { report, at: at(second), look_up: LookUp::Absent }).unwrap();
        for event in &decided {
            stream.evolve(event);
        }
        events.extend(decided);
    }
    for events in events.chunks(400) {
        log.happen::<Uplinks>(&stream_id(Source::Platform, dev_eui), None, events).await;
    }
}

/// The device's uplink count, the stored uplinks, and the first of them in seconds before the claim.
async fn shown(log: &EventLog, dev_eui: DevEui, claimed: i64) -> (i64, i64, Option<i64>) {
    sqlx::query_as(
        "select d.uplink_count, count(u.position), extract(epoch from $2 - min(u.received_at))::bigint \
           from devices d left join uplinks u using (dev_eui) where dev_eui = $1 group by d.dev_eui",
    )
    .bind(dev_eui.to_string())
    .bind(at(claimed).utc())
    .fetch_one(&log.pool)
    .await
    .unwrap()
}

async fn assert_reproducible(log: &EventLog) {
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    let found = diff::<Fleet>(&mut auditor, |_, _| {}).await.unwrap().expect("it has run");
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    let rebuilt = rebuild::<Fleet>(&owner, &projector, |_, _| {}).await.unwrap();
    for table in found.tables.iter().chain(&rebuilt.tables) {
        assert_eq!((table.different, &table.examples[..]), (0, &[][..]), "{table}");
    }
}

/// The peak memory of this process since the last call, in KiB, counted by the kernel.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak = line.trim().trim_end_matches(" kB").parse().unwrap();
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak
}

#[tokio::test]
async fn a_claim_counts_all_uplinks_and_brings_those_of_ninety_days() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (dev_eui, claimed) = (estate.eui(1), 200 * DAY);
    orphaned(&log, dev_eui, 2_000, DAY / 10, claimed - 60).await;
    estate.device(1, Category::Sensor, claimed).await;
    estate.reports(dev_eui, 1, true, claimed + 60).await;
    catch_up::<Fleet>(&log).await;
    assert_eq!(shown(&log, dev_eui, claimed).await, (2_001, 901, Some(90 * DAY - 60 - DAY / 10 + 60 + 60)));
    assert_reproducible(&log).await;
}

#[tokio::test]
async fn twenty_thousand_uplinks_are_brought_page_by_page() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (dev_eui, claimed) = (estate.eui(1), 80 * DAY);
    orphaned(&log, dev_eui, 20_000, 300, claimed - 60).await;
    catch_up::<Fleet>(&log).await;
    estate.device(1, Category::Sensor, claimed).await;
    peak_kib();
    let before = peak_kib();
    catch_up::<Fleet>(&log).await;
    let grown = peak_kib().saturating_sub(before);
    eprintln!("memory grew by {grown} KiB");
    assert!(grown < 24 * 1024, "{grown} KiB");
    assert_eq!(shown(&log, dev_eui, claimed).await, (20_000, 20_000, Some(19_999 * 300 + 60)));
    assert_reproducible(&log).await;
}

#[tokio::test]
async fn a_device_that_changes_owners_brings_its_uplinks_between_them_in_any_batches() {
    let log = EventLog::create().await;
    let (one, other) = (Estate::new(&log, 'a'), Estate::new(&log, 'b'));
    let dev_eui = one.device(1, Category::Sensor, 0).await;
    one.reports(dev_eui, 1, true, 10).await;
    let released = DeviceEvent::DeviceReleased { reason: None, at: at(20), by: OWNER };
    one.happens::<Device>(dev_eui, released).await;
    one.reports(dev_eui, 2, true, 30).await;
    one.reports(dev_eui, 3, false, 40).await;
    let claimed = DeviceEvent::DeviceClaimed {
        tenant_id: other.tenant(),
        category: Category::Sensor,
        definition: definition(&log).await,
        at: at(50),
        by: OWNER,
    };
    other.happens::<Device>(dev_eui, claimed).await;
    catch_up::<Fleet>(&log).await;
    assert_eq!(shown(&log, dev_eui, 50).await, (2, 2, Some(20)));
    assert_reproducible(&log).await;
}

/// The definition of the device in the log.
async fn definition(log: &EventLog) -> Box<parking_domain::device::Definition> {
    let claimed =
        "select payload -> 'DeviceClaimed' ->> 'definition' from events where event_type = 'DeviceClaimed'";
    let text: String = sqlx::query_scalar(claimed).fetch_one(&log.pool).await.unwrap();
    serde_json::from_str(&text).unwrap()
}
