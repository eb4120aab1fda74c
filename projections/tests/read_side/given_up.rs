//! Devices whose owners give them up: they become orphans, the same live as in a fold of the whole log.

use parking_domain::device::{Category, Device, DeviceEvent};
use parking_projections::devices::Fleet;
use parking_projections::devices::inventory::read;
use parking_projections::devices::orphan_devices::{self, OrphanDevice};
use parking_projections::engine::diff::diff;
use parking_projections::engine::reader::Reader;
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, PgConnection};

use crate::support::Running;

fn released(second: i64) -> DeviceEvent {
    DeviceEvent::DeviceReleased { reason: None, at: at(second), by: OWNER }
}

fn retired(second: i64) -> DeviceEvent {
    DeviceEvent::DeviceRetired { reason: None, at: at(second), by: OWNER }
}

fn dismissed(second: i64) -> DeviceEvent {
    DeviceEvent::OrphanDismissed { reason: None, at: at(second), by: OWNER }
}

async fn orphans(log: &EventLog) -> Vec<OrphanDevice> {
    orphan_devices::list(&log.database.pool(Role::Reader), None, 100, 0).await.unwrap()
}

async fn assert_audited(log: &EventLog) {
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    let found = diff::<Fleet>(&mut auditor, |_, _| {}).await.unwrap().expect("it has run");
    assert!(found.tables.iter().all(|table| table.different == 0), "{found:?}");
}

#[tokio::test]
async fn an_orphan_takes_along_when_it_was_heard_and_none_of_its_owners_values() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let running = Running::start::<Fleet>(&log);
    let dev_eui = estate.device(1, Category::Sensor, 10).await;
    estate.reports(dev_eui, 1, true, 20).await;
    running.wait_for(estate.happens::<Device>(dev_eui, released(30)).await).await;
    let [row] = &orphans(&log).await[..] else { panic!("one orphan") };
    assert_eq!((row.first_seen, row.last_seen, row.message_count), (at(20), at(20), 0));
    assert_eq!((row.last_rssi, &row.last_gateway, row.last_object.is_none()), (None, &None, true));

    // Hidden, retired or claimed, it is in no list of orphans.
    running.wait_for(estate.happens::<Device>(dev_eui, dismissed(40)).await).await;
    assert!(orphans(&log).await.is_empty());
    estate.device(1, Category::Sensor, 50).await;
    running.wait_for(estate.happens::<Device>(dev_eui, retired(60)).await).await;
    assert!(orphans(&log).await.is_empty());
    running.wait_for(estate.reports(dev_eui, 2, true, 70).await).await;
    assert_eq!(orphans(&log).await[0].message_count, 1);
    running.wait_for(estate.happens::<Device>(dev_eui, released(80)).await).await;
    assert_eq!(orphans(&log).await[0].message_count, 1);

    // The next owner gets what was heard since the retirement.
    estate.device(1, Category::Sensor, 90).await;
    running.wait_for(log.head().await).await;
    let mut reading = Reader::new(log.database.pool(Role::Reader)).of(estate.tenant()).await.unwrap();
    let device = read::get(&mut reading, dev_eui).await.unwrap().unwrap().device;
    assert_eq!((device.uplink_count, device.last_seen_at), (1, Some(at(70))));
    running.stop().await;
    assert_audited(&log).await;
}

/// Numbers that look random and are the same in every run.
fn draws() -> impl FnMut(u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

/// What may come next depends on this.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Nobody,
    Tenant,
    Formerly,
}

#[tokio::test]
async fn any_sequence_of_owners_gives_the_same_rows_live_and_audited() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let running = Running::start::<Fleet>(&log);
    let mut draw = draws();
    let mut devices = [(1_u16, Owner::Nobody, 0_u32), (2, Owner::Nobody, 0), (3, Owner::Nobody, 0)];
    for step in 1..=150_i64 {
        let second = 10 * step;
        let (n, owner, f_cnt) = &mut devices[usize::try_from(draw(3)).unwrap()];
        let dev_eui = estate.eui(*n);
        match (draw(8), *owner) {
            (0..=2, _) => {
                *f_cnt += 1;
                estate.reports(dev_eui, *f_cnt, step % 2 == 0, second).await;
            }
            (3, Owner::Nobody | Owner::Formerly) if *f_cnt > 0 => {
                estate.happens::<Device>(dev_eui, dismissed(second)).await;
            }
            (4, Owner::Tenant) => {
                estate.happens::<Device>(dev_eui, retired(second)).await;
                *owner = Owner::Formerly;
            }
            (_, Owner::Tenant | Owner::Formerly) => {
                estate.happens::<Device>(dev_eui, released(second)).await;
                *owner = Owner::Nobody;
            }
            (_, Owner::Nobody) => {
                estate.device(*n, Category::Sensor, second).await;
                *owner = Owner::Tenant;
            }
        }
        // In batches of different sizes, most of one event.
        if draw(4) > 0 {
            running.wait_for(log.head().await).await;
        }
    }
    running.wait_for(log.head().await).await;
    running.stop().await;
    assert_audited(&log).await;
}
