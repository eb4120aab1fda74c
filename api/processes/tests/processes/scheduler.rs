//! What is due happens in its second, once, and is not delayed by anything slow.

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::device::LONGEST_HEARTBEAT_SEC;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::space::{OverrideKind, SetOverride, SpaceCommand};
use parking_processes::silences::SilenceWatch;
use parking_testkit::Role;
use sqlx::{Connection, PgConnection};

use crate::support::{Rig, Running, t, window};

/// Sets the clock and waits until everything due by then is executed; returns the types of the newest events.
async fn until(rig: &Rig, running: &Running, time: &str, newest: i64) -> Vec<String> {
    rig.clock.set(t(time));
    rig.quiet(running).await;
    let query = "select event_type from (select event_type, position from events order by position desc limit $1) e \
                  order by position";
    sqlx::query_scalar(query).bind(newest).fetch_all(&rig.log.pool).await.unwrap()
}

/// The effective times of all events of a type.
async fn due(rig: &Rig, event_type: &str) -> Vec<Instant> {
    let query = "select (payload -> event_type ->> 'due')::timestamptz from events where event_type = $1 order by position";
    let times: Vec<DateTime<Utc>> =
        sqlx::query_scalar(query).bind(event_type).fetch_all(&rig.log.pool).await.unwrap();
    times.into_iter().map(Instant::at_or_before).collect()
}

#[tokio::test]
async fn a_reservation_approaches_starts_and_ends_in_its_second() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", Some(15)).await;
    rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    let running = rig.serve();
    assert_eq!(until(&rig, &running, "09:44:59", 1).await, ["ReservationBooked"]);
    assert_eq!(until(&rig, &running, "09:45:00", 1).await, ["ReservationApproached"]);
    assert_eq!(until(&rig, &running, "09:59:59", 1).await, ["ReservationApproached"]);
    assert_eq!(until(&rig, &running, "10:00:00", 1).await, ["ReservationStarted"]);
    assert_eq!(until(&rig, &running, "10:14:59", 1).await, ["ReservationStarted"]);
    assert_eq!(until(&rig, &running, "10:15:00", 1).await, ["ReservationNotTakenUp"]);
    running.stop().await;
}

#[tokio::test]
async fn an_override_starts_and_ends_at_its_second() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", None).await;
    let running = rig.serve();
    // The scheduler already sleeps when this is set.
    rig.quiet(&running).await;
    let set = SetOverride {
        override_id: uuid::Uuid::from_u128(9).into(),
        kind: OverrideKind::Blocked,
        from: t("09:00:00"),
        until: Some(t("09:30:00")),
        reason: None,
        notes: None,
        asked: rig.asked(),
    };
    rig.ask(space, SpaceCommand::SetOverride(Box::new(set))).await.unwrap();
    running.caught_up(&rig).await;
    assert_eq!(until(&rig, &running, "08:59:59", 1).await, ["OverrideSet"]);
    assert_eq!(until(&rig, &running, "09:00:00", 1).await, ["OverrideStarted"]);
    assert_eq!(until(&rig, &running, "09:30:00", 1).await, ["OverrideEnded"]);
    running.stop().await;
}

#[tokio::test]
async fn a_reservation_with_a_detected_arrival_is_not_released() {
    let rig = Rig::create(t("08:00:00")).await;
    let (space, dev_eui) = (rig.space("A-1", Some(15)).await, DevEui::from(1));
    rig.sensor(dev_eui, space).await;
    rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    let running = rig.serve();
    until(&rig, &running, "10:05:00", 1).await;
    rig.says(dev_eui, 1, true).await;
    assert_eq!(until(&rig, &running, "10:05:01", 2).await, ["UplinkReceived", "ReservationConfirmed"]);
    assert_eq!(until(&rig, &running, "11:00:00", 1).await, ["ReservationCompleted"]);
    running.stop().await;
}

#[tokio::test]
async fn after_a_pause_everything_happens_in_order_and_no_arrived_guest_is_released() {
    let rig = Rig::create(t("08:00:00")).await;
    let (space, dev_eui) = (rig.space("A-1", Some(15)).await, DevEui::from(1));
    rig.sensor(dev_eui, space).await;
    for hour in ["10:00:00", "12:00:00", "14:00:00"] {
        rig.book(space, window(t(hour), 60)).await.unwrap();
    }
    // Uplinks are recorded, and no process leads until three.
    rig.clock.set(t("12:05:00"));
    rig.says(dev_eui, 1, true).await;
    rig.clock.set(t("15:00:00"));
    let running = rig.serve();
    rig.quiet(&running).await;
    let ends: Vec<(String, DateTime<Utc>)> =
        sqlx::query_as("select status, ended_at from projections.reservations order by start_time")
            .fetch_all(&rig.log.pool)
            .await
            .unwrap();
    // The second guest's vehicle is still there when the third reservation starts.
    let expected = [("no_show", t("10:15:00")), ("completed", t("13:00:00")), ("no_show", t("14:15:00"))];
    assert_eq!(ends, expected.map(|(status, at)| (status.to_owned(), at.utc())));
    assert_eq!(due(&rig, "ReservationStarted").await, [t("10:00:00"), t("12:00:00"), t("14:00:00")]);
    running.stop().await;
}

#[tokio::test]
async fn a_sensor_that_is_not_heard_for_three_heartbeats_falls_silent_once() {
    let rig = Rig::create(t("08:00:00")).await;
    let dev_eui = DevEui::from(1);
    rig.claim(dev_eui, 600).await;
    rig.says(dev_eui, 1, true).await;
    let running = rig.follow();
    running.caught_up(&rig).await;
    let mut connection =
        PgConnection::connect_with(&rig.log.database.as_role(Role::Projector)).await.unwrap();
    let mut watch = SilenceWatch::default();
    let mut look = async |time: &str| {
        let looked = watch.look(&running.dues, &mut connection, t(time)).await.unwrap();
        (looked.events, watch.next())
    };
    assert_eq!(look("08:29:59").await, (0, Some(t("08:30:00"))));
    assert_eq!(look("08:31:00").await, (1, Some(t("08:31:01"))), "the sensor is looked at again");
    assert_eq!(look("08:32:00").await, (0, Some(t("09:02:00"))));
    assert_eq!(due(&rig, "DeviceFellSilent").await, [t("08:30:00")]);
    // Heard again, it may fall silent again.
    rig.clock.set(t("09:00:00"));
    rig.says(dev_eui, 2, true).await;
    running.caught_up(&rig).await;
    assert_eq!(look("09:02:00").await, (0, Some(t("09:30:00"))));
    assert_eq!(look("09:30:00").await, (1, Some(t("09:30:01"))));
    running.stop().await;
}

#[tokio::test]
async fn a_scheduler_notes_silences_when_they_are_due() {
    let rig = Rig::create(t("08:00:00")).await;
    rig.claim(DevEui::from(1), 600).await;
    rig.says(DevEui::from(1), 1, true).await;
    let running = rig.serve();
    running.caught_up(&rig).await;
    let mut minute = t("08:00:00");
    while rig.count("DeviceFellSilent").await == 0 {
        minute = (minute + TimeDelta::minutes(1)).min(t("08:30:00"));
        rig.clock.set(minute);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(due(&rig, "DeviceFellSilent").await, [t("08:30:00")]);
    running.stop().await;
}

#[tokio::test]
async fn a_silence_that_a_change_makes_due_earlier_is_found() {
    let rig = Rig::create(t("08:00:00")).await;
    let running = rig.follow();
    let mut connection =
        PgConnection::connect_with(&rig.log.database.as_role(Role::Projector)).await.unwrap();
    let mut watch = SilenceWatch::default();
    let mut look = async |time: &str| {
        let looked = watch.look(&running.dues, &mut connection, t(time)).await.unwrap();
        (looked.events, watch.next())
    };
    assert_eq!(look("08:00:00").await, (0, None));
    // Claimed after the first look; the codec of its first uplink decides how long it may be silent.
    rig.claim(DevEui::from(1), LONGEST_HEARTBEAT_SEC).await;
    assert_eq!(look("08:00:00").await.0, 0);
    rig.says(DevEui::from(1), 1, true).await;
    rig.heartbeat(DevEui::from(1), 60).await;
    assert_eq!(look("08:00:02").await, (0, Some(t("08:03:00"))));
    rig.silent_after(100).await;
    assert_eq!(look("08:00:04").await, (0, Some(t("08:01:40"))));
    assert_eq!(look("08:01:40").await.0, 1);
    assert_eq!(due(&rig, "DeviceFellSilent").await, [t("08:01:40")]);
    running.stop().await;
}

#[tokio::test]
async fn a_sensor_whose_frames_are_all_late_falls_silent_and_stays_so() {
    let rig = Rig::create(t("08:00:00")).await;
    let (space, dev_eui) = (rig.space("A-1", None).await, DevEui::from(1));
    rig.claim(dev_eui, 600).await;
    rig.assign(dev_eui, space).await;
    rig.says(dev_eui, 9, true).await;
    let running = rig.serve();
    let shown = async || -> (bool, String) {
        running.caught_up(&rig).await;
        let query = "select d.silent, o.reason from projections.devices d \
                       join projections.space_occupancy o using (space_id)";
        sqlx::query_as(query).fetch_one(&rig.log.pool).await.unwrap()
    };
    rig.clock.set(t("08:20:00"));
    rig.says_from(dev_eui, 8, true, t("07:50:00")).await;
    assert_eq!(shown().await, (false, "sensor".to_owned()));
    rig.clock.set(t("08:30:00"));
    while rig.count("DeviceFellSilent").await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(due(&rig, "DeviceFellSilent").await, [t("08:30:00")]);
    assert_eq!(shown().await, (true, "sensor_silent".to_owned()));
    rig.clock.set(t("08:40:00"));
    rig.says_from(dev_eui, 7, true, t("07:40:00")).await;
    assert_eq!(shown().await, (true, "sensor_silent".to_owned()), "an old frame says nothing new");
    rig.says(dev_eui, 10, true).await;
    assert_eq!(shown().await, (false, "sensor".to_owned()));
    running.stop().await;
}
