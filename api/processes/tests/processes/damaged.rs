//! A damaged stream of a space delays no other space, and rebuilt rows are read again.

use parking_commands::append::Expected;
use parking_commands::bus::Bus;
use parking_commands::skipping::{self, Skip};
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::log::Log;
use parking_domain::lorawan::DevEui;
use parking_processes::silences::SilenceWatch;
use parking_projections::devices::Fleet;
use parking_projections::engine::projection::Projection;
use parking_projections::engine::rebuild::rebuild;
use parking_projections::registry::Registry;
use parking_testkit::Role;
use sqlx::{Connection, Executor, PgConnection};

use crate::support::{Rig, t, window};

/// Appends an undecodable event to the stream of a space; returns its position.
async fn damage(rig: &Rig, space: SpaceId) -> i64 {
    let mut append = rig.log.to(&space.to_string(), Expected::Any, &["{}"]);
    append.streams[0].aggregate_type = "space".into();
    append.streams[0].events[0].event_type = "ReservationBooked".into();
    append.streams[0].events[0].tenant_id = Some(TenantId::DEFAULT.uuid());
    rig.log.writer.append(append).await.unwrap().last_position
}

async fn rebuild_rows<P: Projection>(rig: &Rig) {
    let (owner, projector) =
        (rig.log.database.as_role(Role::Owner), rig.log.database.as_role(Role::Projector));
    rebuild::<P>(&owner, &projector, |_, _| {}).await.unwrap();
}

async fn projector(rig: &Rig) -> PgConnection {
    PgConnection::connect_with(&rig.log.database.as_role(Role::Projector)).await.unwrap()
}

#[tokio::test]
async fn a_damaged_space_delays_no_other_space() {
    let rig = Rig::create(t("08:00:00")).await;
    let (damaged, whole) = (rig.space("A-1", None).await, rig.space("A-2", None).await);
    for space in [damaged, whole] {
        rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    }
    let poison = damage(&rig, damaged).await;
    let running = rig.follow();
    running.caught_up(&rig).await;
    let mut connection = projector(&rig).await;

    // Its stream is held back, so it is not listed as due.
    let done = running.dues.pass_time(&mut connection, None, t("09:50:00")).await.unwrap();
    assert_eq!(
        (done.commands, done.events, done.unsettled),
        (1, 1, false),
        "the other reservation approached"
    );
    running.caught_up(&rig).await;

    // The event is skipped: the rows show the space again, and its stream accepts no more commands.
    let projection = Registry::NAME.to_owned();
    let skip = Skip { position: poison, projection, reason: "written by hand".to_owned(), undecodable: true };
    skipping::skip(&Bus::<Log>::new(rig.log.store()), &skip, t("09:55:00")).await.unwrap();
    running.caught_up(&rig).await;
    rebuild_rows::<Registry>(&rig).await;
    let platform = rig.second_platform().await;
    let running = {
        running.stop().await;
        rig.follow_as(platform)
    };
    running.caught_up(&rig).await;
    let done = running.dues.pass_time(&mut connection, None, t("10:05:00")).await.unwrap();
    assert_eq!((done.commands, done.events, done.unsettled), (1, 1, false), "the other reservation started");
    running.caught_up(&rig).await;
    let done = running.dues.pass_time(&mut connection, None, t("10:06:00")).await.unwrap();
    assert_eq!((done.commands, done.unsettled), (0, false), "the damaged space is not listed as due");
    running.stop().await;
}

#[tokio::test]
async fn rebuilt_rows_are_read_again() {
    let rig = Rig::create(t("08:00:00")).await;
    rig.claim(DevEui::from(1), 600).await;
    rig.says(DevEui::from(1), 1, true).await;
    let running = rig.follow();
    running.caught_up(&rig).await;
    rig.log.admin().execute("delete from projections.devices").await.unwrap();
    let mut connection = projector(&rig).await;
    let mut watch = SilenceWatch::default();
    let looked = watch.look(&running.dues, &mut connection, t("08:00:00")).await.unwrap();
    assert_eq!((looked.events, watch.next()), (0, None), "rows that lack the sensor");
    rebuild_rows::<Fleet>(&rig).await;
    watch.look(&running.dues, &mut connection, t("08:00:01")).await.unwrap();
    assert_eq!(watch.next(), Some(t("08:30:00")));
    running.stop().await;
}
