//! The hours of a site, with the current periods.

use chrono::TimeDelta;
use parking_projections::occupancy::occupancy_hourly::Hour;
use parking_projections::occupancy::occupancy_hourly::read::of_site;
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, at};

use super::reading;
use parking_domain::instant::Instant;

const HOUR: i64 = 3600;
const MS: i64 = 1000;

#[tokio::test]
async fn current_periods_are_counted_up_to_now_and_not_beyond() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 0).await;
    let sensor = estate.sensor(3, space, 0).await;
    estate.reports(sensor, 1, false, 600).await;
    // Occupied from the middle of the second hour on.
    estate.reports(sensor, 2, true, HOUR + HOUR / 2).await;

    let mut reading = reading(&log, &estate).await;
    let until: Instant = at(10 * HOUR);
    let hours = of_site(&mut reading, site.uuid(), (at(0), until), at(2 * HOUR + 60)).await.unwrap();
    let totals: Vec<Hour> = hours.iter().map(|hour| hour.totals).collect();
    let none = Hour::default();
    let expected = [
        Hour { unknown_ms: 600 * MS, free_ms: 3000 * MS, ..none },
        Hour { free_ms: 1800 * MS, occupied_ms: 1800 * MS, arrivals: 1, ..none },
        Hour { occupied_ms: 60 * MS, ..none },
    ];
    assert_eq!(totals, expected);
    assert_eq!(hours.iter().map(|hour| hour.hour).collect::<Vec<_>>(), [at(0), at(HOUR), at(2 * HOUR)]);

    let later = of_site(&mut reading, site.uuid(), (at(HOUR), at(3 * HOUR)), at(9 * HOUR)).await.unwrap();
    let whole = Hour { occupied_ms: HOUR * MS, ..none };
    assert_eq!(later.iter().map(|hour| hour.totals).collect::<Vec<_>>(), [expected[1], whole]);
    let within = (at(HOUR) + TimeDelta::seconds(1), at(2 * HOUR) + TimeDelta::seconds(1));
    let later = of_site(&mut reading, site.uuid(), within, at(9 * HOUR)).await.unwrap();
    assert_eq!(
        later.iter().map(|hour| hour.hour).collect::<Vec<_>>(),
        [at(2 * HOUR)],
        "only hours that begin in the range"
    );
    let before = of_site(&mut reading, site.uuid(), (at(0), until), at(0)).await.unwrap();
    assert_eq!(before.len(), 2, "past hours do not change");
    assert_eq!(of_site(&mut reading, estate.id(99), (at(0), until), until).await.unwrap(), []);
}
