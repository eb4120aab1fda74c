//! Lists that are read from page to page, each page after the last row of the one before.

use parking_domain::site::{Site, SiteEvent};
use parking_projections::devices::uplinks::read::{self as uplinks, Received};
use parking_projections::engine::reader::Reader;
use parking_projections::engine::seek::{RowPosition, Start};
use parking_projections::occupancy::space_history::Moment;
use parking_projections::occupancy::space_history::read as history;
use parking_projections::registry::activity::read::{self as activity, Filter};
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use uuid::Uuid;

use super::reading;

fn after(position: i64) -> Start {
    Start::After(RowPosition { position, ordinal: 0 })
}

fn places(moments: &[Moment]) -> Vec<RowPosition> {
    moments.iter().map(|moment| RowPosition { position: moment.position, ordinal: moment.ordinal }).collect()
}

/// Copies the one change of a space to each of these positions, three times each, all at the same time.
async fn change(log: &EventLog, space_id: Uuid, positions: std::ops::Range<i32>) {
    let copy = "insert into projections.space_history (position, ordinal, space_id, tenant_id, site_id, at, recorded_at, cause) \
                select n, o, space_id, tenant_id, site_id, at, recorded_at, cause from projections.space_history, \
                       generate_series($2, $3 - 1) n, generate_series(0, 2) o \
                 where space_id = $1 and position = (select min(position) from projections.space_history where space_id = $1)";
    sqlx::query(copy)
        .bind(space_id)
        .bind(positions.start)
        .bind(positions.end)
        .execute(&log.admin())
        .await
        .unwrap();
}

#[tokio::test]
async fn changes_of_one_moment_and_one_event_are_each_on_one_page() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let (space, other) = (estate.space(2, site, 1).await.uuid(), estate.space(3, site, 1).await.uuid());
    drop(reading(&log, &estate).await);
    change(&log, space, 1000..1050).await;
    change(&log, other, 2000..2050).await;

    let reader = Reader::new(log.database.pool(Role::Reader));
    let reading = async || reader.of(estate.tenant()).await.unwrap();
    let all = places(&history::list(&mut *reading().await, space, 1000, 0).await.unwrap());
    assert_eq!(all.len(), 151);
    assert!(all.is_sorted_by(|newer, older| newer > older), "no two changes are at one place");
    for size in [1, 4, 50, 1000] {
        let (mut walked, mut start) = (Vec::new(), Start::Offset(0));
        loop {
            let page = places(&history::list(&mut *reading().await, space, size, start).await.unwrap());
            let Some(last) = page.last() else { break };
            start = Start::After(*last);
            walked.extend(page);
            if walked.len() == usize::try_from(size).unwrap() {
                let newest = i32::try_from(5000 + size).unwrap();
                change(&log, space, newest..newest + 1).await;
            }
        }
        let known: Vec<_> = walked.iter().copied().filter(|place| place.position < 5000).collect();
        assert_eq!(known, all, "pages of {size}");
    }
}

#[tokio::test]
async fn a_place_in_the_list_of_another_tenant_shows_nothing_of_it() {
    let log = EventLog::create().await;
    let (ours, theirs) = (Estate::new(&log, 'a'), Estate::new(&log, 'b'));
    let (mut ends, mut sensors, mut spaces) = (Vec::new(), Vec::new(), Vec::new());
    for estate in [&ours, &theirs, &ours, &theirs] {
        let n = u16::try_from(ends.len()).unwrap() * 10;
        let site = estate.site(n + 1, 0).await;
        spaces.push(estate.space(n + 2, site, 1).await.uuid());
        sensors.push(estate.sensor(n + 3, (*spaces.last().unwrap()).into(), 2).await);
        for f_cnt in 0..3 {
            estate.reports(*sensors.last().unwrap(), f_cnt, f_cnt % 2 == 0, 10 + i64::from(f_cnt)).await;
        }
        ends.push(log.head().await);
    }
    let mut reading = reading(&log, &ours).await;
    for end in ends {
        let rows = activity::list(&mut reading, &Filter::default(), 100, after(end + 1)).await.unwrap();
        assert!(!rows.is_empty(), "the first entries are ours");
        for row in rows {
            let (tenant, position) = (row.activity.tenant_id, row.activity.position);
            assert!(tenant == ours.tenant().uuid() && position <= end, "{tenant} at {position}");
        }
        for (n, (sensor, space)) in sensors.iter().zip(&spaces).enumerate() {
            let start = after(end + 1);
            let uplinks =
                uplinks::list(&mut reading, *sensor, Received::default(), 100, start).await.unwrap();
            let changes = history::list(&mut reading, *space, 100, start).await.unwrap();
            assert!(n % 2 == 0 || (uplinks.is_empty() && changes.is_empty()), "thing {n} is not ours");
        }
    }
}

#[tokio::test]
async fn entries_and_uplinks_go_on_after_a_row_with_the_same_filter() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let sensor = estate.sensor(3, space, 2).await;
    for f_cnt in 0..7 {
        estate.reports(sensor, f_cnt, f_cnt % 2 == 1, 10 + i64::from(f_cnt)).await;
        let renamed = SiteEvent::SiteRenamed {
            tenant_id: estate.tenant(),
            from_name: "Site".into(),
            to_name: format!("Site {f_cnt}"),
            from_slug: "site".into(),
            to_slug: format!("site-{f_cnt}"),
            at: at(20),
            by: OWNER,
        };
        estate.happens::<Site>(site, renamed).await;
    }
    let mut reading = reading(&log, &estate).await;

    let filter = Filter { kinds: vec!["SiteRenamed".into()], ..Filter::default() };
    let all = activity::list(&mut reading, &filter, 100, 0).await.unwrap();
    assert_eq!(all.len(), 7);
    let rest = activity::list(&mut reading, &filter, 3, after(all[2].activity.position)).await.unwrap();
    assert_eq!(rest, all[3..6]);

    let received = Received { since: Some(at(11)), until: None };
    let all = uplinks::list(&mut reading, sensor, received, 100, 0).await.unwrap();
    assert_eq!(all.len(), 6);
    let rest = uplinks::list(&mut reading, sensor, received, 100, after(all[2].position)).await.unwrap();
    assert_eq!(rest, all[3..]);
}
