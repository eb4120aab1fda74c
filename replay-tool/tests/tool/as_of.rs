//! The state at a point in the log: the read model, the tool and a fold of the log up to there agree.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use fastrand::Rng;
use parking_domain::instant::Instant;
use parking_domain::occupancy::{SpaceState, Spaces};
use parking_projections::engine::feed::{self, RecordedEvent};
use parking_projections::engine::reader::{Reader, Reading};
use parking_projections::engine::runner::Runner;
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::space_history::read as history;
use parking_projections::occupancy::space_history::read::AsOf;
use parking_projections::registry::spaces::read::{Counts, counts_as_of};
use parking_simulator::{Faults, Plan};
use parking_testkit::world::{TENANT, World, ZONES, site, space};
use parking_testkit::{EventLog, Role};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use crate::{printed, run};

const SPACES: usize = 6;

/// Some days of six spaces, with the read models of their past.
async fn past() -> (EventLog, Vec<RecordedEvent>) {
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
    let (_signal, woken) = watch::channel(());
    let (runner, progress) = Runner::<Occupancies>::new(log.database.as_role(Role::Projector), woken);
    let running = tokio::spawn(runner.run(log.stop.child_token()));
    assert!(progress.wait_for(log.head().await, Duration::from_secs(60)).await);
    running.abort();
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    let events = feed::read(&mut auditor, 0, i64::MAX).await.unwrap();
    (log, events)
}

/// A fresh fold of everything up to a point.
fn fold(events: &[RecordedEvent], as_of: AsOf) -> Spaces {
    let mut spaces = Spaces::default();
    for recorded in events.iter().take_while(|recorded| match as_of {
        AsOf::Position(position) => recorded.position <= position,
        AsOf::Time(time) => recorded.recorded_at <= time,
    }) {
        spaces.apply(recorded.position, &recorded.aggregate_id, &recorded.decode().unwrap());
    }
    spaces
}

/// The shown state of a space, in one form for all three; null if there was none.
type Shown = Value;

fn folded(spaces: &Spaces, n: usize) -> Shown {
    let Some(machine) = spaces.space(space(n)) else { return Value::Null };
    let (shown, since) = machine.last_shown();
    json!({
        "state": shown.state, "level": shown.level, "reason": shown.reason, "sign": shown.display.state,
        "light": shown.display.light, "since": since,
    })
}

async fn queried(reading: &mut Reading, n: usize, as_of: AsOf) -> Shown {
    let Some(moment) = history::as_of(reading, space(n).uuid(), as_of).await.unwrap() else {
        return Value::Null;
    };
    json!({
        "state": moment.state, "level": moment.level, "reason": moment.reason, "sign": moment.sign,
        "light": moment.light, "since": moment.at,
    })
}

async fn printed_state(log: &EventLog, n: usize, as_of: AsOf) -> Shown {
    let at = match as_of {
        AsOf::Position(position) => position.to_string(),
        AsOf::Time(time) => time.utc().to_rfc3339_opts(SecondsFormat::Micros, true),
    };
    let line = printed(log, &["as-of", "space", &space(n).to_string(), "--at", &at]).await;
    let state: Value = serde_json::from_str(&line).unwrap();
    if state.is_null() {
        return state;
    }
    json!({
        "state": state["state"], "level": state["level"], "reason": state["reason"], "sign": state["sign"],
        "light": state["light"], "since": state["shown_since"],
    })
}

/// Positions, and times with and without an event.
fn places(events: &[RecordedEvent]) -> Vec<AsOf> {
    let mut rng = Rng::with_seed(5);
    let mut places = vec![AsOf::Position(0), AsOf::Position(events.last().unwrap().position)];
    for _ in 0..12 {
        let event = &events[rng.usize(..events.len())];
        places.push(AsOf::Position(event.position));
        places.push(AsOf::Time(event.recorded_at + TimeDelta::microseconds(rng.i64(-500..500).max(-1))));
        places.push(AsOf::Time(event.recorded_at));
    }
    places
}

#[tokio::test]
async fn read_model_tool_and_fold_agree_on_random_spaces_at_random_places() {
    let (log, events) = past().await;
    let reader = Reader::new(log.database.pool(Role::Reader));
    let mut rng = Rng::with_seed(6);
    let mut states: HashMap<String, u32> = HashMap::new();
    for as_of in places(&events) {
        let mut reading = reader.of(TENANT).await.unwrap();
        let spaces = fold(&events, as_of);
        for n in 0..SPACES {
            assert_eq!(queried(&mut reading, n, as_of).await, folded(&spaces, n), "space {n}, {as_of:?}");
        }
        for n in 0..ZONES.len() {
            let found = counts_as_of(&mut reading, site(n).uuid(), as_of).await.unwrap();
            assert_eq!(found, counted(&spaces, n), "site {n}, {as_of:?}");
        }
        let n = rng.usize(..SPACES);
        let shown = folded(&spaces, n);
        assert_eq!(printed_state(&log, n, as_of).await, shown, "space {n}, {as_of:?}");
        *states.entry(shown["state"].to_string()).or_default() += 1;
    }
    assert!(states.len() > 2, "the states differ: {states:?}");
}

fn counted(spaces: &Spaces, n: usize) -> Counts {
    let mut counts = Counts::default();
    for machine in spaces.spaces().filter(|machine| machine.site_id() == site(n)) {
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

#[tokio::test]
async fn a_position_beyond_the_head_is_refused() {
    let log = EventLog::create().await;
    let output = run(&log, &["as-of", "space", &space(0).to_string(), "--at", "1"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the log ends at position 0"));
}
