//! What devices reported at spaces is kept as long as reports are; where they were is kept for ever.

use parking_domain::instant::Instant;
use parking_domain::sensors::Occupancy;
use parking_projections::devices::Fleet;
use parking_projections::engine::as_of::Then;
use parking_projections::engine::diff::diff;
use parking_projections::engine::reader::Reader;
use parking_projections::engine::retention;
use parking_projections::occupancy::Occupancies;
use parking_projections::past;
use parking_projections::registry::Registry;
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};

use crate::support::catch_up;

#[tokio::test]
async fn a_flickering_sensor_leaves_no_rows_behind_the_horizon_and_later_moments_stay_as_they_were() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let sensor = estate.sensor(3, space, 2).await;
    let mut positions = Vec::new();
    for f_cnt in 1..=9 {
        let occupied = f_cnt % 2 == 1;
        positions.push(estate.reports(sensor, f_cnt, occupied, 100 * i64::from(f_cnt)).await);
    }
    catch_up::<Registry>(&log).await;
    catch_up::<Occupancies>(&log).await;
    catch_up::<Fleet>(&log).await;
    let mut reading = Reader::new(log.database.pool(Role::Reader)).of(estate.tenant()).await.unwrap();
    let mut seen = Vec::new();
    for position in &positions {
        let Then::Found(then) = past::space::as_of(&mut reading, space.uuid(), *position).await.unwrap()
        else {
            panic!("the space exists at {position}");
        };
        seen.push(then);
    }
    drop(reading);
    let recorded = "select recorded_at from events where position = $1";
    let recorded = sqlx::query_scalar(recorded).bind(positions[5]).fetch_one(&log.pool).await.unwrap();
    let horizon = Instant::at_or_before(recorded);
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    // Of the rows before the horizon the last one holds there, and the first one tells that the sensor came.
    assert_eq!(retention::forget_readings(&mut connection, horizon).await.unwrap(), 4);
    assert_eq!(retention::forget_readings(&mut connection, horizon).await.unwrap(), 0);
    let mut reading = Reader::new(log.database.pool(Role::Reader)).of(estate.tenant()).await.unwrap();
    for (n, (position, before)) in positions.iter().zip(seen).enumerate() {
        let Then::Found(then) = past::space::as_of(&mut reading, space.uuid(), *position).await.unwrap()
        else {
            panic!("the space exists at {position}");
        };
        assert_eq!(then.occupancy, before.occupancy, "at {position}");
        let (sensor, known) = (then.sensor.unwrap(), before.sensor.unwrap());
        assert_eq!((sensor.dev_eui, &sensor.name), (known.dev_eui, &known.name), "at {position}");
        let expected = if n < 4 { Occupancy::Unknown } else { known.occupancy };
        assert_eq!(sensor.occupancy, expected, "at {position}");
    }
    let mut auditor = log.database.pool(Role::Auditor).acquire().await.unwrap();
    let found = diff::<Fleet>(&mut auditor, |_, _| {}).await.unwrap().expect("it has run");
    assert!(found.tables.iter().all(|table| table.different == 0), "{found:?}");
}
