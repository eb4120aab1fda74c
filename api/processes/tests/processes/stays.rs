//! Which vehicles confirm a reservation, from the report to the reservation's end (decision 0042).

use chrono::TimeDelta;
use parking_domain::device::LONGEST_HEARTBEAT_SEC;
use parking_domain::id::{ReservationId, TenantId};
use parking_domain::lorawan::DevEui;
use parking_projections::engine::projection::Projection;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_testkit::Role;
use sqlx::{Connection, PgConnection};

use crate::support::{DEADLINE, Rig, Running, t, window};

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

/// How often each of the events is in the log: a start, a confirmation, a release, an expiry.
async fn counts(rig: &Rig) -> [i64; 4] {
    [
        rig.count("ReservationStarted").await,
        rig.count("ReservationConfirmed").await,
        rig.count("ReservationNotTakenUp").await,
        rig.count("ReservationExpired").await,
    ]
}

#[tokio::test]
async fn no_guest_is_released_while_occupancy_has_not_applied_the_log() {
    for auto_release in [Some(15), None] {
        let rig = Rig::create(t("08:00:00")).await;
        let space = rig.space("A-1", auto_release).await;
        let other = rig.space("A-2", Some(15)).await;
        rig.sensor(sensor(), space).await;
        let reservation_id = rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
        rig.book(other, window(t("11:30:00"), 60)).await.unwrap();
        let mut running = rig.follow_without(Occupancies::NAME);
        rig.clock.set(t("10:05:00"));
        rig.says(sensor(), 1, true).await;
        rig.clock.set(t("11:30:00"));
        let mut connection =
            PgConnection::connect_with(&rig.log.database.as_role(Role::Projector)).await.unwrap();
        let registry = async || {
            let head = rig.log.head().await;
            assert!(running.progress.of::<Registry>().wait_for(head, DEADLINE).await);
        };
        registry().await;
        for of in [None, Some(TenantId::DEFAULT)] {
            let done = running.dues.pass_time(&mut connection, of, t("11:30:00")).await.unwrap();
            assert!(done.unsettled, "the end of a reservation waits");
            registry().await;
            assert_eq!(counts(&rig).await, [2, 0, 0, 0], "all else happens");
        }
        running.resume();
        running.caught_up(&rig).await;
        let done = running.dues.pass_time(&mut connection, None, t("11:30:00")).await.unwrap();
        assert!(!done.unsettled);
        assert_eq!(counts(&rig).await, [2, 1, 0, 0]);
        assert_eq!(status(&rig, reservation_id).await, "completed");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_booking_right_after_the_vehicle_came_releases_nobody() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", Some(15)).await;
    rig.sensor(sensor(), space).await;
    let reservation_id = rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    rig.clock.set(t("10:14:59.98"));
    rig.says(sensor(), 1, true).await;
    rig.clock.set(t("10:15:00.03"));
    let tomorrow = t("10:00:00") + TimeDelta::days(1);
    rig.book(space, window(tomorrow, 60)).await.unwrap();
    let running = rig.serve();
    rig.quiet(&running).await;
    until(&rig, &running, "11:00:00").await;
    assert_eq!(status(&rig, reservation_id).await, "completed");
    running.stop().await;
}

#[tokio::test]
async fn a_vehicle_that_came_after_the_release_was_due_confirms_nothing() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", Some(15)).await;
    rig.sensor(sensor(), space).await;
    let first = rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    rig.clock.set(t("10:20:00"));
    rig.says(sensor(), 1, true).await;
    let running = rig.serve();
    rig.quiet(&running).await;
    assert_eq!((status(&rig, first).await.as_str(), rig.count("ReservationConfirmed").await), ("no_show", 0));
    running.stop().await;
}

#[tokio::test]
async fn a_booking_for_another_day_leaves_the_stay_to_the_guest_who_stands_there() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", Some(15)).await;
    rig.sensor(sensor(), space).await;
    let running = rig.serve();
    until(&rig, &running, "09:00:00").await;
    says(&rig, &running, 1, true).await;
    until(&rig, &running, "09:05:00").await;
    let monday = rig.book(space, window(t("09:00:00") + TimeDelta::days(7), 60)).await.unwrap();
    until(&rig, &running, "09:08:00").await;
    let now = rig.book(space, window(t("09:10:00"), 110)).await.unwrap();
    until(&rig, &running, "09:25:00").await;
    assert_eq!(rig.count("ReservationConfirmed").await, 1);
    until(&rig, &running, "11:00:00").await;
    assert_eq!([status(&rig, now).await, status(&rig, monday).await], ["completed", "active"]);
    running.stop().await;
}
