//! Short words for what the tests assert.

use std::time::Duration;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use parking_commands::append::AppendError;
use parking_testkit::EventLog;
use serde_json::json;

/// Longer than anything takes that works.
const DEADLINE: Duration = Duration::from_secs(20);

/// Runs a test that is not asynchronous by itself.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The version found by an append that lost.
pub(crate) fn conflict<T: std::fmt::Debug>(result: Result<T, AppendError>) -> i64 {
    match result {
        Err(AppendError::Conflict { actual, .. }) => actual,
        other => panic!("expected a conflict, got {other:?}"),
    }
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

/// Raises deposits from one version to the next.
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

/// The steps from the first form of a deposit to today's.
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
