//! The verdict: reads the log and the other tables, lets the checker compare them with the evidence, and prints the
//! result.

use std::collections::{BTreeMap, HashMap};

use parking_database::{Database, Role};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};

use super::answer::Answer;
use super::checker::{Checker, Stored, Tables};
use super::plan::{AGGREGATE_TYPE, CLAIM_SCOPE};
use super::readers::Sightings;
use super::violation::Violation;
use crate::BenchError;
use crate::report::say;

/// Events read at once.
const PAGE: i64 = 5000;

/// The evidence of a run besides the log.
pub(crate) struct Evidence {
    /// The answers that the writers got.
    pub(crate) answers: Vec<Answer>,
    /// What the readers saw, and the violation they found, if any.
    pub(crate) sightings: Vec<(Sightings, Option<Violation>)>,
    /// The number of injected faults.
    pub(crate) faults: usize,
}

/// Prints the result; fails if the log is not correct.
pub(crate) async fn judge(database: &Database, evidence: Evidence, seconds: f64) -> Result<(), BenchError> {
    let mut connection = database.as_role(Role::Auditor).connect().await?;
    let mut checker = Checker::default();
    let mut last = 0;
    loop {
        let page = read(&mut connection, last).await?;
        let Some(end) = page.last() else { break };
        last = end.position;
        for event in &page {
            checker.take(event);
        }
    }
    checker.compare(&tables(&mut connection).await?);
    connection.close().await?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for answer in &evidence.answers {
        checker.check_answer(answer);
        *counts.entry(answer.outcome.to_string()).or_default() += 1;
    }
    let mut violations = Vec::new();
    for (seen, objection) in evidence.sightings {
        match objection {
            Some(violation) => violations.push(violation),
            None => checker.check_reader(seen.reader, &seen.ids),
        }
    }
    violations.extend(checker.into_violations());

    say(format_args!("{last} events in {seconds:.1} s, {} acts of mischief", evidence.faults));
    let counts: Vec<String> = counts.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
    say(format_args!("appends: {}", counts.join(", ")));
    if violations.is_empty() {
        say("the log is complete");
        return Ok(());
    }
    for violation in &violations {
        say(format_args!("VIOLATION: {violation}"));
    }
    Err("the log is not correct".into())
}

async fn read(connection: &mut PgConnection, after: i64) -> Result<Vec<Stored>, sqlx::Error> {
    sqlx::query_as(
        "select position, aggregate_id, sequence, event_id, append_id, recorded_at, payload::text from events \
          where position > $1 order by position limit $2",
    )
    .bind(after)
    .bind(PAGE)
    .fetch_all(connection)
    .await
}

async fn tables(connection: &mut PgConnection) -> Result<Tables, sqlx::Error> {
    let head = sqlx::query_scalar("select position from log_head").fetch_one(&mut *connection).await?;
    let streams: Vec<(String, i64)> =
        sqlx::query_as("select aggregate_id, version from streams where aggregate_type = $1")
            .bind(AGGREGATE_TYPE)
            .fetch_all(&mut *connection)
            .await?;
    let claims: Vec<(String, String)> =
        sqlx::query_as("select key, aggregate_id from claims where scope = $1")
            .bind(CLAIM_SCOPE)
            .fetch_all(&mut *connection)
            .await?;
    let requests: Vec<(String, i64, i64)> =
        sqlx::query_as("select key, first_position, last_position from requests")
            .fetch_all(&mut *connection)
            .await?;
    let requests: HashMap<_, _> =
        requests.into_iter().map(|(key, first, last)| (key, (first, last))).collect();
    Ok(Tables {
        head,
        streams: streams.into_iter().collect(),
        claims: claims.into_iter().collect(),
        requests,
    })
}
