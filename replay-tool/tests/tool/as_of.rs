//! What a space was at a moment: the read models, the tool and a fold of the log up to there agree, whenever they are asked.

mod history;

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use fastrand::Rng;
use parking_domain::id::{SiteId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::occupancy::{SpaceState, Spaces};
use parking_projections::devices::Fleet;
use parking_projections::engine::as_of::{AsOf, Then};
use parking_projections::engine::feed::{self, RecordedEvent};
use parking_projections::engine::projection::Projection;
use parking_projections::engine::reader::{Reader, Reading};
use parking_projections::engine::rebuild::rebuild;
use parking_projections::engine::runner::Runner;
use parking_projections::occupancy::Occupancies;
use parking_projections::past;
use parking_projections::registry::Registry;
use parking_projections::registry::spaces::read::Counts;
use parking_simulator::{Faults, Plan};
use parking_testkit::estate::Estate;
use parking_testkit::world::{TENANT, World, ZONES, site, space};
use parking_testkit::{EventLog, Role};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use crate::{printed, run};
use history::History;

const SPACES: usize = 6;

/// The fields of the tool's output that the read models have too.
const FIELDS: [&str; 18] = [
    "as_of_position",
    "recorded_at",
    "space_id",
    "tenant_id",
    "site_id",
    "site_name",
    "code",
    "definition",
    "created_at",
    "updated_at",
    "state",
    "state_since",
    "level",
    "reason",
    "sign",
    "light",
    "sensor",
    "display",
];

/// Runs a projection up to the log's end.
async fn follow<P: Projection>(log: &EventLog) {
    let (_signal, woken) = watch::channel(());
    let (runner, progress) = Runner::<P>::new(log.database.as_role(Role::Projector), woken);
    let stop = log.stop.child_token();
    let running = tokio::spawn(runner.run(stop.clone()));
    assert!(progress.wait_for(log.head().await, Duration::from_secs(60)).await, "{}", P::NAME);
    stop.cancel();
    running.await.unwrap();
}

async fn follow_all(log: &EventLog) {
    follow::<Fleet>(log).await;
    follow::<Registry>(log).await;
    follow::<Occupancies>(log).await;
}

async fn rebuild_all(log: &EventLog) {
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    rebuild::<Fleet>(&owner, &projector, |_, _| {}).await.unwrap();
    rebuild::<Registry>(&owner, &projector, |_, _| {}).await.unwrap();
    rebuild::<Occupancies>(&owner, &projector, |_, _| {}).await.unwrap();
}

async fn events_of(log: &EventLog) -> (PgConnection, Vec<RecordedEvent>) {
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    let events = feed::read(&mut auditor, 0, i64::MAX).await.unwrap();
    (auditor, events)
}

/// A space as the read models show it; null if there was none.
async fn queried(reading: &mut Reading, space_id: SpaceId, position: i64) -> Value {
    let Then::Found(past) = past::space::as_of(reading, space_id.uuid(), position).await.unwrap() else {
        return Value::Null;
    };
    let space = past.space;
    let shown = past.occupancy.unwrap();
    json!({
        "as_of_position": past.last.position, "recorded_at": past.last.recorded_at, "space_id": space.space_id,
        "tenant_id": space.tenant_id, "site_id": space.site_id, "site_name": past.site_name, "code": space.code,
        "definition": space.definition, "created_at": space.created_at, "updated_at": space.updated_at,
        "state": shown.state, "state_since": shown.since, "level": shown.level, "reason": shown.reason,
        "sign": shown.sign, "light": shown.light, "sensor": past.sensor, "display": past.display,
    })
}

/// A space as the tool prints it.
async fn audited(log: &EventLog, space_id: SpaceId, at: &str) -> Value {
    let line = printed(log, &["as-of", "space", &space_id.to_string(), "--at", at]).await;
    let printed: Value = serde_json::from_str(&line).unwrap();
    if printed.is_null() {
        return printed;
    }
    FIELDS.iter().map(|field| ((*field).to_owned(), printed[field].clone())).collect()
}

/// The numbers that the fold knows: it does not know which spaces are disabled.
fn by_state(counts: Counts) -> Counts {
    Counts { available: 0, ..counts }
}

fn counted(spaces: &Spaces, site_id: SiteId) -> Counts {
    let mut counts = Counts::default();
    for machine in spaces.spaces().filter(|machine| machine.site_id() == site_id) {
        counts.total += 1;
        *match machine.last_shown().0.state {
            SpaceState::Free => &mut counts.free,
            SpaceState::Occupied => &mut counts.occupied,
            SpaceState::Reserved => &mut counts.reserved,
            SpaceState::Maintenance => &mut counts.maintenance,
            SpaceState::Unknown => &mut counts.unknown,
        } += 1;
    }
    counts
}

/// At every position from 0: the site's name and counts, and its spaces.
type Past = Vec<(Value, Vec<Value>)>;

async fn past_of(log: &EventLog, history: &History<'_>, through: i64) -> Past {
    let mut reading = Reader::new(log.database.pool(Role::Reader)).of(history.estate.tenant()).await.unwrap();
    let mut past = Vec::new();
    for position in 0..=through {
        let site = match past::site::as_of(&mut reading, history.site_id.uuid(), position).await.unwrap() {
            Then::Found(site) => {
                let again = past::site::as_of(&mut reading, history.site_id.uuid(), site.last.position)
                    .await
                    .unwrap();
                assert_eq!(again, Then::Found(site.clone()), "the last event gives the same answer");
                json!([site.last, site.name, site.slug, format!("{:?}", by_state(site.counts))])
            }
            _ => Value::Null,
        };
        let mut spaces = Vec::new();
        for space_id in history.space_ids {
            let space = queried(&mut reading, space_id, position).await;
            if let Some(last) = space["as_of_position"].as_i64() {
                assert!(last <= position);
                assert_eq!(queried(&mut reading, space_id, last).await, space, "as of {position}");
            }
            spaces.push(space);
        }
        past.push((site, spaces));
    }
    past
}

#[tokio::test]
async fn at_each_position_the_answer_is_the_audited_fold_and_stays_the_same() {
    let log = EventLog::started().await;
    let mut history = History::begin(Estate::new(&log, 'a')).await;
    history.go_on(60).await;
    follow_all(&log).await;
    let through = log.head().await;
    let past = past_of(&log, &history, through).await;
    let (mut auditor, events) = events_of(&log).await;
    let mut fold = Spaces::default();
    for (event, (site, spaces)) in events.iter().zip(&past[1..]) {
        fold.apply(event.position, &event.aggregate_id, event.event().unwrap());
        let position = event.position.to_string();
        for (space_id, space) in history.space_ids.into_iter().zip(spaces) {
            assert_eq!(audited(&log, space_id, &position).await, *space, "space {space_id} as of {position}");
        }
        if let Some(counts) = site[3].as_str() {
            assert_eq!(counts, format!("{:?}", counted(&fold, history.site_id)), "as of {position}");
        }
        let resolved = AsOf::Time(event.recorded_at).position(&mut auditor).await.unwrap();
        assert_eq!(resolved, event.position, "a time names one event");
    }

    history.go_on(20).await;
    follow_all(&log).await;
    assert_eq!(past_of(&log, &history, through).await, past, "after more events");
    rebuild_all(&log).await;
    assert_eq!(past_of(&log, &history, through).await, past, "after a rebuild");
    history.end().await;
    follow_all(&log).await;
    assert_eq!(past_of(&log, &history, through).await, past, "after the deletion");
    rebuild_all(&log).await;
    assert_eq!(past_of(&log, &history, through).await, past, "after the deletion and a rebuild");
    let [first, _] = history.space_ids;
    let last = past.last().unwrap();
    assert_eq!(audited(&log, first, &through.to_string()).await, last.1[0], "the tool too");
    assert_eq!(audited(&log, first, &log.head().await.to_string()).await, Value::Null);
}

/// Some days of six spaces, with the read models of their past.
async fn days() -> EventLog {
    let log = EventLog::create().await;
    let start: Instant = "2026-06-01T00:00:00Z".parse().unwrap();
    let end = start + TimeDelta::days(3);
    World::new(&log)
        .run(Plan {
            seed: 3,
            spaces: 6,
            first_session: 1,
            start: start.utc(),
            end: end.utc(),
            faults: Faults::USUAL,
        })
        .await;
    follow_all(&log).await;
    log
}

/// Positions, and times with and without an event.
fn moments(events: &[RecordedEvent]) -> Vec<AsOf> {
    let mut rng = Rng::with_seed(5);
    let mut moments = vec![AsOf::Position(0), AsOf::Position(events.last().unwrap().position)];
    for _ in 0..12 {
        let event = &events[rng.usize(..events.len())];
        moments.push(AsOf::Position(event.position));
        moments.push(AsOf::Time(event.recorded_at + TimeDelta::microseconds(rng.i64(-500..500).max(-1))));
        moments.push(AsOf::Time(event.recorded_at));
    }
    moments
}

/// The events up to a moment, folded anew.
fn fold(events: &[RecordedEvent], as_of: AsOf) -> (i64, Spaces) {
    let (mut through, mut spaces) = (0, Spaces::default());
    for recorded in events.iter().take_while(|recorded| match as_of {
        AsOf::Position(position) => recorded.position <= position,
        AsOf::Time(time) => recorded.recorded_at <= time,
    }) {
        spaces.apply(recorded.position, &recorded.aggregate_id, recorded.event().unwrap());
        through = recorded.position;
    }
    (through, spaces)
}

#[tokio::test]
async fn read_models_tool_and_fold_agree_on_random_spaces_at_random_moments() {
    let log = days().await;
    let (mut auditor, events) = events_of(&log).await;
    let mut reading = Reader::new(log.database.pool(Role::Reader)).of(TENANT).await.unwrap();
    let mut rng = Rng::with_seed(6);
    let mut states: HashMap<String, u32> = HashMap::new();
    for as_of in moments(&events) {
        let (position, folded) = fold(&events, as_of);
        assert_eq!(as_of.position(&mut auditor).await.unwrap(), position, "{as_of:?}");
        for n in 0..ZONES.len() {
            let found = past::site::as_of(&mut reading, site(n).uuid(), position).await.unwrap();
            let counts =
                if let Then::Found(past) = found { by_state(past.counts) } else { Counts::default() };
            assert_eq!(counts, counted(&folded, site(n)), "site {n}, {as_of:?}");
        }
        let n = rng.usize(..SPACES);
        let shown = queried(&mut reading, space(n), position).await;
        let expected = folded.space(space(n)).map(|machine| json!(machine.last_shown().0.state));
        assert_eq!(shown["state"], expected.unwrap_or_default(), "space {n}, {as_of:?}");
        let at = match as_of {
            AsOf::Position(position) => position.to_string(),
            AsOf::Time(time) => time.to_string(),
        };
        assert_eq!(audited(&log, space(n), &at).await, shown, "space {n}, {as_of:?}");
        *states.entry(shown["state"].to_string()).or_default() += 1;
    }
    assert!(states.len() > 2, "the states differ: {states:?}");
}

#[tokio::test]
async fn a_moment_that_the_log_does_not_have_is_refused() {
    let log = EventLog::create().await;
    for (at, expected) in [
        ("1", "position 1 is beyond the end of the log at 0"),
        ("2999-01-01T00:00:00Z", "the time 2999-01-01T00:00:00Z is in the future"),
        ("-1", "expected a position, a whole number from 0, or a time"),
    ] {
        let at = format!("--at={at}");
        let output = run(&log, &["as-of", "space", &space(0).to_string(), &at]).await;
        assert_eq!(output.status.code(), Some(2));
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(complaint.contains(expected), "{complaint}");
    }
}
