//! A month of bookings, with the server down for one day: every reservation ends by the rules, exactly once. Vehicles come
//! early and stay on, and sensors are assigned late and disabled at times.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

use chrono::TimeDelta;
use fastrand::Rng;
use parking_domain::device::LONGEST_HEARTBEAT_SEC;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::space::{
    CancelReservation, CheckIn, CheckOut, OverrideKind, SetOverride, SpaceCommand, Window,
};
use uuid::Uuid;

use crate::rules::Model;
use crate::support::{Rig, window};

const DAYS: i64 = 30;

/// The day on which the server is down.
const DOWN: i64 = 14;

/// For each space: its auto-release time, and the bookings tried on a day.
const SPACES: [(Option<i64>, usize); 4] = [(Some(15), 3), (Some(30), 2), (None, 2), (Some(600), 2)];

/// An action of a person or a vehicle. A booking has a number by which other actions refer to it.
#[derive(Clone, Debug)]
enum Act {
    Book(usize, usize, Window),
    CheckIn(usize),
    CheckOut(usize),
    Cancel(usize),
    Park(usize),
    Leave(usize),
    /// The sensor reports the same again.
    Repeat(usize),
    Disable(usize),
    Enable(usize),
    Block(usize, Window),
}

/// What the test records.
#[derive(Default)]
struct Diary {
    /// By booking number: the space and the reservation.
    booked: BTreeMap<usize, (usize, ReservationId)>,
    /// The reference of each space.
    models: Vec<Model>,
    f_cnt: u32,
    blocked: i64,
    sensors: [Sensor; SPACES.len()],
}

/// The state of a space's sensor.
#[derive(Clone, Copy, Default)]
struct Sensor {
    /// A vehicle is there.
    occupied: bool,
    assigned: bool,
    disabled: bool,
}

/// The space whose sensor is assigned late: when it is first enabled.
const LATE: usize = 3;

fn start() -> Instant {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn is_down(at: Instant) -> bool {
    (start() + TimeDelta::days(DOWN)..start() + TimeDelta::days(DOWN + 1)).contains(&at)
}

/// All actions of the month, in order. Bookings begin at full five minutes; no other action falls on the second of
/// something due.
fn plan(seed: u64) -> Vec<(Instant, Act)> {
    let mut rng = Rng::with_seed(seed);
    let mut plan = Vec::new();
    let mut booking = 0;
    for day in 0..DAYS {
        for (space, (_, bookings)) in SPACES.iter().enumerate() {
            for _ in 0..*bookings {
                let from = start() + TimeDelta::days(day) + TimeDelta::minutes(5 * rng.i64(72..250));
                let window = window(from, 5 * rng.i64(3..48));
                plan.push((from - odd(&mut rng, 10, 40 * 60), Act::Book(booking, space, window)));
                plan.extend(follow_up(&mut rng, booking, space, window));
                booking += 1;
            }
            if rng.u8(..4) == 0 {
                let from = start() + TimeDelta::days(day) + odd(&mut rng, 6 * 60, 20 * 60);
                let until = from + odd(&mut rng, 1, 180);
                plan.push((from, Act::Disable(space)));
                plan.push((until, Act::Enable(space)));
                plan.push((until + odd(&mut rng, 1, 30), Act::Repeat(space)));
            }
            plan.push((start() + TimeDelta::days(day) + odd(&mut rng, 0, 24 * 60), Act::Repeat(space)));
            if rng.u8(..8) == 0 {
                let from = start() + TimeDelta::days(day) + TimeDelta::minutes(5 * rng.i64(0..280));
                plan.push((
                    from - odd(&mut rng, 1, 300),
                    Act::Block(space, window(from, 5 * rng.i64(1..24))),
                ));
            }
        }
    }
    plan.retain(|(at, _)| *at > start() && !is_down(*at));
    plan.sort_by_key(|(at, _)| *at);
    plan
}

/// The actions on a booking: a check-in, just parking, nothing, or a cancellation.
fn follow_up(rng: &mut Rng, booking: usize, space: usize, window: Window) -> Vec<(Instant, Act)> {
    let minutes = (window.end - window.start).num_minutes();
    let comes = window.start + odd(rng, -25, minutes + 10);
    let leaves = comes + odd(rng, 1, minutes + 60);
    match rng.u8(..8) {
        0 | 1 => vec![(comes, Act::CheckIn(booking))],
        2 => vec![(comes, Act::CheckIn(booking)), (leaves, Act::CheckOut(booking))],
        3 | 4 => vec![(comes, Act::Park(space)), (leaves, Act::Leave(space))],
        5 => vec![(comes, Act::Cancel(booking))],
        6 => vec![(comes, Act::Park(space)), (leaves, Act::CheckOut(booking)), (leaves, Act::Leave(space))],
        _ => Vec::new(),
    }
}

/// Some minutes and an odd second.
fn odd(rng: &mut Rng, from: i64, to: i64) -> TimeDelta {
    TimeDelta::seconds(60 * rng.i64(from..to) + rng.i64(1..60))
}

#[tokio::test]
async fn every_reservation_of_a_month_ends_as_the_rules_say_and_once() {
    let rig = Rig::create(start()).await;
    let mut spaces = Vec::new();
    for (n, (auto_release, _)) in SPACES.iter().enumerate() {
        let auto_release = auto_release.map(|minutes| u16::try_from(minutes).unwrap());
        let space = rig.space(&format!("A-{n}"), auto_release).await;
        if n == LATE {
            rig.claim(sensor(n), LONGEST_HEARTBEAT_SEC).await;
        } else {
            rig.sensor(sensor(n), space).await;
        }
        rig.clock.set(start());
        spaces.push(space);
    }
    let models = SPACES.map(|(auto_release, _)| Model::new(auto_release));
    let mut diary = Diary { models: models.into(), ..Diary::default() };
    diary.sensors = std::array::from_fn(|n| Sensor { assigned: n != LATE, ..Sensor::default() });
    let (mut running, mut downs) = (Some(rig.serve()), 0);
    for (at, act) in plan(11) {
        if running.is_some() && at >= start() + TimeDelta::days(DOWN + 1) && downs == 0 {
            // No action is planned for that day: the clock stands still until it is over.
            running.take().unwrap().stop().await;
            rig.clock.set(start() + TimeDelta::days(DOWN + 1));
            (running, downs) = (Some(rig.serve()), 1);
        }
        let running = running.as_ref().unwrap();
        rig.clock.set(at);
        rig.quiet(running).await;
        if let Act::Book(n, space, window) = act {
            book(&rig, &mut diary, n, (space, spaces[space]), window, at).await;
        } else {
            happens(&rig, &mut diary, &spaces, at, act).await;
        }
        rig.quiet(running).await;
    }
    let running = running.unwrap();
    rig.clock.set(start() + TimeDelta::days(DAYS + 2));
    rig.quiet(&running).await;
    assert_eq!(downs, 1);
    diary.models.iter_mut().for_each(|model| model.pass(start() + TimeDelta::days(DAYS + 2)));
    assert_ended(&rig, &diary).await;
    assert_in_order(&rig).await;
    running.stop().await;
}

fn sensor(space: usize) -> DevEui {
    DevEui::from(space as u64 + 1)
}

async fn book(
    rig: &Rig,
    diary: &mut Diary,
    n: usize,
    (place, space): (usize, SpaceId),
    window: Window,
    at: Instant,
) {
    if let Some(reservation_id) = rig.book(space, window).await {
        diary.models[place].book(n, window, at);
        diary.booked.insert(n, (place, reservation_id));
    }
}

/// Does the same on the platform and on the reference of the space. A refused command changes neither.
async fn happens(rig: &Rig, diary: &mut Diary, spaces: &[SpaceId], at: Instant, act: Act) {
    let asked = rig.asked();
    match act {
        Act::Book(..) => unreachable!("it is counted before"),
        Act::CheckIn(n) | Act::CheckOut(n) | Act::Cancel(n) => {
            let Some((space, reservation_id)) = diary.booked.get(&n).copied() else { return };
            let model = &mut diary.models[space];
            let command = match act {
                Act::CheckIn(_) => {
                    model.check_in(n, at);
                    SpaceCommand::CheckIn(CheckIn { reservation_id, asked })
                }
                Act::CheckOut(_) => {
                    model.check_out(n, at);
                    SpaceCommand::CheckOut(CheckOut { reservation_id, asked })
                }
                _ => {
                    model.cancel(n, at);
                    let cancel = CancelReservation { reservation_id, reason: None, asked };
                    SpaceCommand::CancelReservation(Box::new(cancel))
                }
            };
            let _refused_or_not = rig.ask(spaces[space], command).await;
        }
        Act::Park(space) | Act::Leave(space) | Act::Repeat(space) => {
            let state = &mut diary.sensors[space];
            state.occupied = matches!(act, Act::Park(_)) || state.occupied && matches!(act, Act::Repeat(_));
            diary.f_cnt += 1;
            rig.says(sensor(space), diary.f_cnt, state.occupied).await;
            match (state.assigned && !state.disabled, state.occupied) {
                (true, true) => diary.models[space].park(at),
                (true, false) => diary.models[space].leave(at),
                (false, _) => {}
            }
        }
        Act::Disable(space) => {
            rig.enable(sensor(space), false).await;
            diary.sensors[space].disabled = true;
            diary.models[space].leave(at);
        }
        Act::Enable(space) => {
            rig.enable(sensor(space), true).await;
            if !diary.sensors[space].assigned {
                rig.assign(sensor(space), spaces[space]).await;
            }
            diary.sensors[space] = Sensor { assigned: true, disabled: false, ..diary.sensors[space] };
        }
        Act::Block(space, window) => {
            let set = SetOverride {
                override_id: Uuid::from_u128(0x0e44 + u128::from((at.micros() / 1_000_000).unsigned_abs()))
                    .into(),
                kind: OverrideKind::Blocked,
                from: window.start,
                until: Some(window.end),
                reason: None,
                notes: None,
                asked,
            };
            rig.ask(spaces[space], SpaceCommand::SetOverride(Box::new(set))).await.unwrap();
            diary.blocked += 1;
        }
    }
}

async fn assert_ended(rig: &Rig, diary: &Diary) {
    let mut statuses: BTreeMap<&str, u32> = BTreeMap::new();
    let mut in_the_pause = 0;
    for (n, (space, reservation_id)) in &diary.booked {
        let (status, ended_at): (String, DateTime<Utc>) =
            sqlx::query_as("select status, ended_at from projections.reservations where reservation_id = $1")
                .bind(reservation_id.uuid())
                .fetch_one(&rig.log.pool)
                .await
                .unwrap();
        let booking = diary.models[*space].bookings.iter().find(|booking| booking.number == *n).unwrap();
        let (expected, at) = booking.end.unwrap();
        assert_eq!((&*status, ended_at), (expected, at.utc()), "in space {space}: {booking:?}");
        *statuses.entry(expected).or_default() += 1;
        in_the_pause += u32::from(is_down(at));
    }
    eprintln!("{statuses:?}, {in_the_pause} of them while the server was down");
    assert!(statuses.len() == 4 && in_the_pause > 2, "every outcome occurs: {statuses:?}");
    let finals: Vec<(i64, i64)> = sqlx::query_as(
        "select ends, count(*) from (select count(*) filter (where event_type in ('ReservationCancelled', \
                'ReservationCheckedOut', 'ReservationCompleted', 'ReservationExpired', 'ReservationNotTakenUp')) as ends \
           from events where aggregate_type = 'space' and payload -> event_type ->> 'reservation_id' is not null \
          group by payload -> event_type ->> 'reservation_id') r group by ends",
    )
    .fetch_all(&rig.log.pool)
    .await
    .unwrap();
    assert_eq!(finals, [(1, i64::try_from(diary.booked.len()).unwrap())], "each ends once");
    let overrides = (rig.count("OverrideStarted").await, rig.count("OverrideEnded").await);
    assert_eq!(overrides, (diary.blocked, diary.blocked));
}

/// In each space the order of effective times is the order of the log.
async fn assert_in_order(rig: &Rig) {
    let out_of_order: i64 = sqlx::query_scalar(
        "select count(*) from (select took_effect, lag(took_effect) over (partition by aggregate_id order by sequence) as before \
           from (select aggregate_id, sequence, coalesce(payload -> event_type ->> 'due', payload -> event_type ->> 'at')::timestamptz \
                        as took_effect from events where aggregate_type = 'space') e) f where took_effect < before",
    )
    .fetch_one(&rig.log.pool)
    .await
    .unwrap();
    assert_eq!(out_of_order, 0);
}
