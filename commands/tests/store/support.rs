//! Short helpers for the tests' assertions.

use std::time::Duration;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use parking_commands::append::AppendError;
use parking_testkit::EventLog;
use serde_json::json;

use crate::account::{Account, deposited, fold};

/// Longer than any successful operation takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// Runs an asynchronous test.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The actual version in a conflict.
pub(crate) fn conflict<T: std::fmt::Debug>(result: Result<T, AppendError>) -> i64 {
    match result {
        Err(AppendError::Conflict { actual, .. }) => actual,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

/// Waits until the condition holds.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.expect("it becomes so");
}

/// Waits until the stream has a snapshot of this version.
pub(crate) async fn snapshot_at(log: &EventLog, stream: &str, version: i64) {
    let written = async {
        loop {
            let found: Option<i64> =
                sqlx::query_scalar("select version from snapshots where aggregate_id = $1")
                    .bind(stream)
                    .fetch_optional(&log.pool)
                    .await
                    .unwrap();
            if found == Some(version) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, written).await.expect("the snapshot is written");
}

/// Stores this many deposits of 1, 2, 3, … in each of these accounts, in turn, as if the platform had appended them,
/// without snapshots. The log must be empty.
pub(crate) async fn lay_down(log: &EventLog, accounts: &[String], deposits: i64) {
    let admin = log.admin();
    for statement in [
        "insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
                             metadata, event_id, append_id, recorded_at) \
         select row_number() over (order by n, place), 'account', id, n, 'Deposited', '3', \
                format('{\"Deposited\":{\"cents\":%s,\"currency\":\"EUR\"}}', n)::json, '{}', gen_random_uuid(), \
                gen_random_uuid(), now() \
           from unnest($1::text[]) with ordinality as a (id, place), generate_series(1, $2) n",
        "insert into streams select 'account', id, $2, (select max(position) from events where aggregate_id = id) \
           from unnest($1::text[]) id",
        "update log_head set position = cardinality($1::text[]) * $2, recorded_at = now()",
    ] {
        sqlx::query(statement).bind(accounts).bind(deposits).execute(&admin).await.unwrap();
    }
}

/// The state of an account of [`lay_down`].
pub(crate) fn laid_down(deposits: i64) -> Account {
    fold(&(1..=deposits).map(deposited).collect::<Vec<_>>())
}

/// The versions of all snapshots, by stream.
pub(crate) async fn snapshots_of(log: &EventLog) -> Vec<(String, i64)> {
    let rows = sqlx::query_as("select aggregate_id, version from snapshots order by aggregate_id");
    rows.fetch_all(&log.pool).await.unwrap()
}

/// Upcasts deposits from one version to the next.
struct Step {
    from: &'static str,
    to: &'static str,
    raise: fn(&mut serde_json::Value),
}

impl EventUpcaster for Step {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        event_type == "Deposited" && event_version == self.from
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        self.to.clone_into(&mut event.event_version);
        (self.raise)(&mut event.payload["Deposited"]);
        event
    }
}

/// The upcasters from the first form of a deposit to the current one.
pub(crate) fn steps(newest_first: bool) -> Vec<Box<dyn EventUpcaster>> {
    let cents = |deposit: &mut serde_json::Value| {
        *deposit = json!({"cents": deposit["amount"].as_i64().unwrap() * 100});
    };
    let currency = |deposit: &mut serde_json::Value| deposit["currency"] = json!("EUR");
    let mut steps: Vec<Box<dyn EventUpcaster>> = vec![
        Box::new(Step { from: "1", to: "2", raise: cents }),
        Box::new(Step { from: "2", to: "3", raise: currency }),
    ];
    if newest_first {
        steps.reverse();
    }
    steps
}
