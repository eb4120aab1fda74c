//! Stays.

use parking_projections::occupancy::stays::Stay;
use parking_projections::occupancy::stays::read::{self, StayFilter};
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, at};

use super::reading;

#[tokio::test]
async fn stays_are_found_by_place_and_time_current_ones_included() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (near, far) = (estate.site(1, 0).await, estate.site(2, 0).await);
    let (here, there) = (estate.space(3, near, 0).await, estate.space(4, far, 0).await);
    let (sensor, other) = (estate.sensor(5, here, 0).await, estate.sensor(6, there, 0).await);
    for (n, (sensor, occupied, second)) in (1..).zip([
        (sensor, true, 100),
        (sensor, false, 200),
        (other, true, 250),
        (sensor, true, 300),
        (other, false, 400),
    ]) {
        estate.reports(sensor, n, occupied, second).await;
    }
    let (first, second, elsewhere) = ((at(100), Some(at(200))), (at(300), None), (at(250), Some(at(400))));

    let mut reading = reading(&log, &estate).await;
    let times =
        |rows: &[Stay]| rows.iter().map(|stay| (stay.arrived_at, stay.departed_at)).collect::<Vec<_>>();
    for (filter, expected) in [
        (StayFilter::default(), vec![second, elsewhere, first]),
        (StayFilter { space_id: Some(here.uuid()), ..StayFilter::default() }, vec![second, first]),
        (StayFilter { site_id: Some(far.uuid()), ..StayFilter::default() }, vec![elsewhere]),
        (StayFilter { since: Some(at(200)), ..StayFilter::default() }, vec![second, elsewhere]),
        (StayFilter { until: Some(at(250)), ..StayFilter::default() }, vec![first]),
        (StayFilter { since: Some(at(500)), until: Some(at(600)), ..StayFilter::default() }, vec![second]),
    ] {
        let rows = read::list(&mut reading, &filter, 100, 0).await.unwrap();
        assert_eq!(times(&rows), expected, "{filter:?}");
        let count = read::count(&mut reading, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
    }
    assert_eq!(times(&read::list(&mut reading, &StayFilter::default(), 1, 1).await.unwrap()), [elsewhere]);
}
