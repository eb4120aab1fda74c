//! Random histories on the store and on the model: appends one by one and concurrently, by two processes, with broken
//! connections and dying processes. For all results and contents of the store, some order of the same appends must
//! explain them on the model.

use std::collections::BTreeMap;

use parking_commands::append::{Append, AppendError, Appended, Expected, RequestKey, StreamAppend};
use parking_commands::ids::Ids;
use parking_commands::writer::Writer;
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_domain::instant::Instant;
use parking_testkit::Role;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::log::{Log, Real, Row};
use crate::model::{Model, Request};
use crate::support::block_on;

/// The expected version of an append, chosen before versions are known.
#[derive(Clone, Debug)]
enum Hope {
    Any,
    Exists,
    /// The current version, or one next to it.
    Near(i64),
}

/// The part of an append for one stream.
#[derive(Clone, Debug)]
struct Part {
    hope: Hope,
    payloads: Vec<&'static str>,
    /// Taken, or released.
    claims: Vec<(&'static str, bool)>,
}

/// An append to be created.
#[derive(Clone, Debug)]
enum Draft {
    /// Parts by stream; a request key and its content.
    New { parts: Vec<(&'static str, Part)>, request: Option<(&'static str, u128)> },
    /// An append that was sent before, with the same event ids.
    Again(Index),
}

/// A fault while the appends are running.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Peace,
    /// All connections of the writers break.
    Break,
    /// The writer's process dies after this many steps, and another one replaces it.
    Die(usize),
}

#[derive(Clone, Debug)]
struct Step {
    drafts: Vec<Draft>,
    elsewhere: bool,
    fate: Fate,
}

fn part() -> impl Strategy<Value = Part> {
    let hope = prop_oneof![
        3 => Just(Hope::Any),
        1 => Just(Hope::Exists),
        3 => Just(Hope::Near(0)),
        1 => prop::sample::select(vec![Hope::Near(-1), Hope::Near(1)]),
    ];
    let payload = prop_oneof![
        20 => prop::sample::select(vec!["1", "{}", "\"x\"", "[]", "{\"a\":1}"]),
        1 => Just("not json"),
    ];
    let payloads = prop_oneof![1 => Just(Vec::new()), 5 => vec(payload, 1..3)];
    let some = vec((prop::sample::select(vec!["x", "y", "z"]), prop::bool::weighted(0.6)), 1..3);
    let claims = prop_oneof![2 => Just(Vec::new()), 1 => some];
    (hope, payloads, claims).prop_map(|(hope, payloads, claims)| Part { hope, payloads, claims })
}

fn draft() -> impl Strategy<Value = Draft> {
    let parts = btree_map(prop::sample::select(vec!["a", "b", "c"]), part(), 1..=3);
    let request = prop::option::weighted(0.3, (prop::sample::select(vec!["k", "l", "m"]), 1..3_u128));
    prop_oneof![
        9 => (parts, request).prop_map(|(parts, request)| Draft::New { parts: parts.into_iter().collect(), request }),
        1 => any::<Index>().prop_map(Draft::Again),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![16 => Just(Fate::Peace), 1 => Just(Fate::Break), 2 => (0..1500_usize).prop_map(Fate::Die)];
    (vec(draft(), 1..=3), any::<bool>(), fate).prop_map(|(drafts, elsewhere, fate)| Step {
        drafts,
        elsewhere,
        fate,
    })
}

/// A process with a writer.
struct Process {
    writer: Writer,
    task: JoinHandle<()>,
}

impl Process {
    fn start(real: &Real) -> Self {
        let (writer, task) = Writer::start(real.log.database.as_role(Role::Writer), CancellationToken::new());
        Self { writer, task }
    }
}

/// The store with its processes, the model, and the appends sent so far.
struct World {
    real: Real,
    processes: [Process; 2],
    model: Model,
    sent: Vec<Append>,
}

type Answer = Result<Appended, AppendError>;

impl World {
    async fn create() -> Self {
        let real = Real::create().await;
        let processes = [Process::start(&real), Process::start(&real)];
        Self { real, processes, model: Model::default(), sent: Vec::new() }
    }

    fn append(&self, draft: &Draft) -> Append {
        match draft {
            Draft::Again(index) if !self.sent.is_empty() => index.get(&self.sent).clone(),
            Draft::Again(_) => self.real.to("a", Expected::Any, &["1"]),
            Draft::New { parts, request } => {
                let streams = parts.iter().map(|(stream, part)| self.stream(stream, part)).collect();
                let request = request.map(|(key, content)| RequestKey {
                    tenant_id: Uuid::nil(),
                    key: key.into(),
                    fingerprint: Uuid::from_u128(content),
                });
                Append { append_id: self.real.ids().next(), request, streams }
            }
        }
    }

    fn stream(&self, stream: &str, part: &Part) -> StreamAppend {
        let version = self.model.versions().remove(stream).unwrap_or(0);
        let expected = match part.hope {
            Hope::Any => Expected::Any,
            Hope::Exists => Expected::Exists,
            Hope::Near(off) => Expected::Version(version + off),
        };
        let change = |(key, taken): &(&str, bool)| {
            let claim = Claim { scope: "name".into(), key: (*key).into() };
            if *taken { ClaimChange::Take(claim) } else { ClaimChange::Release(claim) }
        };
        let claims = part.claims.iter().map(change).collect();
        StreamAppend { claims, ..self.real.part(stream, expected, &part.payloads) }
    }

    /// Sends the appends concurrently, applies the fault, and compares the outcome with the model.
    async fn take(&mut self, step: &Step) {
        let appends: Vec<Append> = step.drafts.iter().map(|draft| self.append(draft)).collect();
        let process = &mut self.processes[usize::from(step.elsewhere)];
        let answers = appends.iter().map(|append| process.writer.append(append.clone()));
        let answers = futures_util::future::join_all(answers);
        let answers: Vec<Answer> = match step.fate {
            Fate::Peace => answers.await,
            Fate::Break => tokio::join!(answers, self.real.log.terminate(Role::Writer)).0,
            Fate::Die(steps) => {
                let die = async {
                    for _ in 0..steps {
                        tokio::task::yield_now().await;
                    }
                    process.task.abort();
                };
                let (answers, ()) = tokio::join!(biased; answers, die);
                // The dead process's appends have committed or been rolled back before the log is read.
                while self.real.log.terminate(Role::Writer).await > 0 {}
                *process = Process::start(&self.real);
                answers
            }
        };
        let real = &self.real;
        // Requests too: one without events leaves no other trace, and decides what its repetition gets.
        let contents =
            (real.rows().await, real.claims().await, real.versions().await, requests(&real.log.pool).await);
        let explanation = explanations(&self.model, &appends, &answers).into_iter().find(|model| {
            same_rows(&model.rows, &contents.0)
                && model.claims() == contents.1
                && model.versions() == contents.2
                && model.requests == contents.3
        });
        self.model = explanation.unwrap_or_else(|| {
            panic!("no order of {appends:?} explains {answers:?} and {contents:?} after {:?}", self.model)
        });
        self.sent.extend(appends);
    }
}

/// The remembered requests by tenant and key.
async fn requests(pool: &PgPool) -> BTreeMap<(Uuid, String), Request> {
    let query = "select tenant_id, key, fingerprint, first_position, last_position from requests";
    let requests: Vec<(Uuid, String, Uuid, i64, i64)> = sqlx::query_as(query).fetch_all(pool).await.unwrap();
    let entry = |(tenant_id, key, fingerprint, first, last)| ((tenant_id, key), (fingerprint, first, last));
    requests.into_iter().map(entry).collect()
}

/// All models that result from some order of the appends with these results.
fn explanations(model: &Model, appends: &[Append], answers: &[Answer]) -> Vec<Model> {
    fn go(model: Model, left: &[usize], appends: &[Append], answers: &[Answer], found: &mut Vec<Model>) {
        if left.is_empty() {
            found.push(model);
            return;
        }
        for &next in left {
            let rest: Vec<usize> = left.iter().copied().filter(|other| *other != next).collect();
            let mut after = model.clone();
            let expected = after.append(&appends[next]);
            if matches!(answers[next], Err(AppendError::Unsettled(_))) {
                // Unknown: it happened, or it never did.
                go(model.clone(), &rest, appends, answers, found);
                go(after, &rest, appends, answers, found);
            } else if same(&expected, &answers[next]) {
                go(after, &rest, appends, answers, found);
            } else if settled(&model, &appends[next]).is_some_and(|earlier| same(&earlier, &answers[next])) {
                go(model.clone(), &rest, appends, answers, found);
            }
        }
    }
    let mut found = Vec::new();
    go(model.clone(), &(0..appends.len()).collect::<Vec<_>>(), appends, answers, &mut found);
    found
}

/// The result of a repeated append whose connection broke: it is looked up and found.
fn settled(model: &Model, append: &Append) -> Option<Answer> {
    let rows = || model.rows.iter().filter(|row| row.append_id == append.append_id);
    let (first, last) = (rows().next()?, rows().next_back()?);
    let version = |stream: &StreamAppend| {
        rows().rfind(|row| row.aggregate_id == stream.aggregate_id).map(|row| row.sequence)
    };
    Some(Ok(Appended {
        first_position: first.position,
        last_position: last.position,
        recorded_at: Instant::at_or_before(first.recorded_at),
        versions: append.streams.iter().filter_map(version).collect(),
        repeated: false,
    }))
}

/// Equal except for times and the database's messages.
fn same(one: &Answer, other: &Answer) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => *one == Appended { recorded_at: one.recorded_at, ..other.clone() },
        (Err(AppendError::Rejected(_)), Err(AppendError::Rejected(_))) => true,
        _ => one == other,
    }
}

fn same_rows(model: &[Row], real: &[Row]) -> bool {
    let same = |(one, other): (&Row, &Row)| *one == Row { recorded_at: one.recorded_at, ..other.clone() };
    model.len() == real.len() && model.iter().zip(real).all(same)
}

/// Histories that take a few seconds in total.
fn config(seed: u64) -> ProptestConfig {
    ProptestConfig {
        cases: 12,
        max_shrink_iters: 60,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    }
}

fn run(steps: &[Step]) {
    block_on(async {
        let mut world = World::create().await;
        for step in steps {
            world.take(step).await;
        }
        world.real.assert_whole().await;
        let times: Vec<_> = world.real.rows().await.into_iter().map(|row| row.recorded_at).collect();
        assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
    });
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn the_store_agrees_with_the_model(steps in vec(step(), 15..=40)) {
        run(&steps);
    }
}

proptest! {
    #![proptest_config(config(2))]

    #[test]
    fn the_store_agrees_with_the_model_in_other_histories(steps in vec(step(), 15..=40)) {
        run(&steps);
    }
}
