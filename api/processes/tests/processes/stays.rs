//! Which vehicles confirm a reservation, from the report to the reservation's end (decision 0042).

use parking_domain::device::LONGEST_HEARTBEAT_SEC;
use parking_domain::id::ReservationId;
use parking_domain::lorawan::DevEui;

use crate::support::{Rig, Running, t, window};

fn sensor() -> DevEui {
    DevEui::from(1)
}

async fn until(rig: &Rig, running: &Running, time: &str) {
    rig.clock.set(t(time));
    rig.quiet(running).await;
}

async fn says(rig: &Rig, running: &Running, f_cnt: u32, occupied: bool) {
    rig.says(sensor(), f_cnt, occupied).await;
    rig.quiet(running).await;
}

async fn status(rig: &Rig, reservation_id: ReservationId) -> String {
    sqlx::query_scalar("select status from projections.reservations where reservation_id = $1")
        .bind(reservation_id.uuid())
        .fetch_one(&rig.log.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_guest_whose_sensor_is_assigned_or_enabled_late_is_not_released() {
    for assigned in [false, true] {
        let rig = Rig::create(t("08:00:00")).await;
        let space = rig.space("A-1", Some(15)).await;
        rig.claim(sensor(), LONGEST_HEARTBEAT_SEC).await;
        if assigned {
            rig.assign(sensor(), space).await;
            rig.enable(sensor(), false).await;
        }
        let reservation_id = rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
        let running = rig.serve();
        until(&rig, &running, "10:01:00").await;
        says(&rig, &running, 1, true).await;
        until(&rig, &running, "10:02:00").await;
        if assigned {
            rig.enable(sensor(), true).await;
        } else {
            rig.assign(sensor(), space).await;
        }
        until(&rig, &running, "10:03:00").await;
        assert_eq!(rig.count("ReservationConfirmed").await, 0);
        says(&rig, &running, 2, true).await;
        assert_eq!(rig.count("ReservationConfirmed").await, 1);
        until(&rig, &running, "11:00:00").await;
        assert_eq!(status(&rig, reservation_id).await, "completed", "assigned before: {assigned}");
        running.stop().await;
    }
}

#[tokio::test]
async fn the_previous_guests_overstaying_car_does_not_confirm_the_next_reservation() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", Some(15)).await;
    rig.sensor(sensor(), space).await;
    let first = rig.book(space, window(t("09:00:00"), 60)).await.unwrap();
    let second = rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    let third = rig.book(space, window(t("11:00:00"), 60)).await.unwrap();
    let running = rig.serve();
    until(&rig, &running, "09:05:00").await;
    says(&rig, &running, 1, true).await;
    until(&rig, &running, "10:05:00").await;
    says(&rig, &running, 2, true).await;
    until(&rig, &running, "10:50:00").await;
    says(&rig, &running, 3, false).await;
    until(&rig, &running, "10:55:00").await;
    says(&rig, &running, 4, true).await;
    until(&rig, &running, "12:00:00").await;
    let statuses = [status(&rig, first).await, status(&rig, second).await, status(&rig, third).await];
    assert_eq!(statuses, ["completed", "no_show", "completed"]);
    running.stop().await;
}
