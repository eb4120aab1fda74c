//! Compares the stays of the read model with what the simulator computes, and with the reservations and the hours.

use chrono::{DateTime, Utc};
use parking_simulator::{Simulation, Stay};
use parking_testkit::world::space;
use sqlx::PgConnection;
use uuid::Uuid;

/// The stays of every space are those of the reports that arrived while its sensor was assigned and enabled.
pub(crate) async fn assert_stays(auditor: &mut PgConnection, simulation: &Simulation) {
    let (mut arrivals, mut departures) = (0, 0);
    for (n, _) in simulation.devices().enumerate() {
        let rows: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> =
            sqlx::query_as("select arrived_at, departed_at from stays where space_id = $1 order by position")
                .bind(space(n).uuid())
                .fetch_all(&mut *auditor)
                .await
                .unwrap();
        let found: Vec<Stay> = rows.into_iter().map(|(from, until)| Stay { from, until }).collect();
        let expected = simulation.stays(n);
        assert!(!expected.is_empty(), "space {n}");
        assert_eq!(found, expected, "space {n}");
        arrivals += expected.len();
        departures += expected.iter().filter(|stay| stay.until.is_some()).count();
    }
    let counted: (i64, i64) =
        sqlx::query_as("select sum(arrivals)::bigint, sum(departures)::bigint from occupancy_hourly")
            .fetch_one(&mut *auditor)
            .await
            .unwrap();
    let expected = (i64::try_from(arrivals).unwrap(), i64::try_from(departures).unwrap());
    assert_eq!(counted, expected, "the hours count the same arrivals and departures");
    assert_owned(auditor).await;
}

/// A stay belongs to at most one reservation, and some vehicles stay beyond their own reservation into another one.
async fn assert_owned(auditor: &mut PgConnection) {
    let twice: Vec<Uuid> = sqlx::query_scalar(
        "select reservation_id from stays where reservation_id is not null group by 1 having count(*) > 1",
    )
    .fetch_all(&mut *auditor)
    .await
    .unwrap();
    assert_eq!(twice, [] as [Uuid; 0], "a reservation has one stay of its own");
    let (owned, overstaying): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where s.reservation_id = r.reservation_id), \
                count(*) filter (where s.reservation_id is distinct from r.reservation_id and s.arrived_at < r.start_time) \
           from stays s join reservations r on r.space_id = s.space_id \
            and s.arrived_at < r.end_time and coalesce(s.departed_at, 'infinity') > r.start_time",
    )
    .fetch_one(&mut *auditor)
    .await
    .unwrap();
    eprintln!("{owned} reservations have a stay, {overstaying} vehicles were there before and stayed");
    assert!(owned > 0 && overstaying > 0);
}
