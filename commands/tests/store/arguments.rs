//! `append_events` checks its arguments: neither a bug in the writer nor a stolen login can leave a gap in the log,
//! share a claim or write to another stream. Each call here is refused, or changes only its own data.

use std::collections::BTreeMap;

use parking_commands::append::Expected;
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_testkit::{EventLog, Role};

/// The arguments of a call, as SQL.
#[derive(Clone)]
pub(crate) struct Call(BTreeMap<&'static str, String>);

/// Two commands, each adding one event to one stream.
const GOOD: &[(&str, &str)] = &[
    ("append_ids", "array[gen_random_uuid(), gen_random_uuid()]"),
    ("request_tenants", "array_fill('00000000-0000-0000-0000-000000000000'::uuid, array[2])"),
    ("request_keys", "'{null,null}'"),
    ("request_fingerprints", "array_fill('00000000-0000-0000-0000-000000000000'::uuid, array[2])"),
    ("stream_commands", "'{1,2}'"),
    ("stream_types", "'{test,test}'"),
    ("stream_ids", "'{a,b}'"),
    ("expected_versions", "'{null,null}'"),
    ("stream_events", "'{1,1}'"),
    ("claim_streams", "'{}'"),
    ("claim_scopes", "'{}'"),
    ("claim_keys", "'{}'"),
    ("claims_taken", "'{}'"),
    ("event_streams", "'{1,2}'"),
    ("event_ids", "array[gen_random_uuid(), gen_random_uuid()]"),
    ("tenant_ids", "'{null,null}'"),
    ("event_types", "'{Tested,Tested}'"),
    ("event_versions", "'{1,1}'"),
    ("payloads", "array['{}','{}']"),
    ("metadatas", "array['{}','{}']"),
    ("bodies", "array[null,null]::bytea[]"),
    ("body_encodings", "'{null,null}'"),
];

/// The same arguments with the first event only.
pub(crate) const ONE_EVENT: &[(&str, &str)] = &[
    ("event_streams", "'{1}'"),
    ("event_ids", "array[gen_random_uuid()]"),
    ("tenant_ids", "array[null]::uuid[]"),
    ("event_types", "'{Tested}'"),
    ("event_versions", "'{1}'"),
    ("payloads", "array['{}']"),
    ("metadatas", "array['{}']"),
    ("bodies", "array[null]::bytea[]"),
    ("body_encodings", "array[null]::smallint[]"),
];

/// Both streams take a claim, different ones.
const CLAIMS: &[(&str, &str)] = &[
    ("claim_streams", "'{1,2}'"),
    ("claim_scopes", "'{slug,slug}'"),
    ("claim_keys", "'{y,z}'"),
    ("claims_taken", "'{true,true}'"),
];

impl Call {
    pub(crate) fn good() -> Self {
        Self(GOOD.iter().map(|(name, sql)| (*name, (*sql).to_owned())).collect())
    }

    pub(crate) fn with(mut self, changes: &[(&'static str, &str)]) -> Self {
        for (name, sql) in changes {
            assert!(self.0.insert(name, (*sql).to_owned()).is_some(), "append_events has no {name}");
        }
        self
    }

    /// Calls as the writer; returns whether each command wins.
    pub(crate) async fn send(&self, log: &EventLog) -> Result<Vec<bool>, sqlx::Error> {
        let arguments: Vec<String> = self.0.iter().map(|(name, sql)| format!("{name} => {sql}")).collect();
        let query = format!("select wins from append_events({})", arguments.join(", "));
        sqlx::query_scalar(&query).fetch_one(&log.database.pool(Role::Writer)).await
    }

    #[track_caller]
    pub(crate) fn refused(&self, log: &EventLog, what: &str) -> impl Future<Output = ()> {
        let (call, log, what) = (self.clone(), log, what.to_owned());
        async move {
            let before = log.head().await;
            let claims = claims(log).await;
            let sent = call.send(log).await;
            assert!(sent.is_err(), "{what}: {sent:?}");
            assert_eq!(
                (log.head().await, self::claims(log).await),
                (before, claims),
                "{what}: nothing is kept"
            );
            log.assert_whole().await;
        }
    }
}

async fn claims(log: &EventLog) -> Vec<String> {
    let query = "select scope || ' ' || key || ' ' || aggregate_id from claims order by 1";
    sqlx::query_scalar(query).fetch_all(&log.pool).await.unwrap()
}

async fn log() -> EventLog {
    let log = EventLog::create().await;
    let mut holder = log.part("holder", Expected::Any, &["{}"]);
    holder.claims.push(ClaimChange::Take(Claim { scope: "slug".into(), key: "x".into() }));
    log.writer.append(log.ids.over(vec![holder])).await.unwrap();
    log
}

#[tokio::test]
async fn a_valid_call_is_accepted() {
    let log = log().await;
    assert_eq!(Call::good().send(&log).await.unwrap(), [true, true]);
    assert_eq!(Call::good().with(CLAIMS).send(&log).await.unwrap(), [true, true]);
    assert_eq!(claims(&log).await, ["slug x holder", "slug y a", "slug z b"]);
    assert_eq!(log.head().await, 5);
    log.assert_whole().await;
}

#[tokio::test]
async fn wrong_numbers_of_events_leave_no_gap() {
    let log = log().await;
    for (what, events, of) in [
        ("a thousand events are said to come, one comes", "'{1000,1}'", "'{1,2}'"),
        ("of the last stream too", "'{1,1000}'", "'{1,2}'"),
        ("more events come than are said to", "'{1,0}'", "'{1,2}'"),
        ("fewer than none", "'{2,-1}'", "'{1,1}'"),
        ("fewer than none, first", "'{-1,2}'", "'{2,2}'"),
        ("an unknown number", "'{1,null}'", "'{1,2}'"),
        ("events in another order than their streams", "'{1,1}'", "'{2,1}'"),
        ("all events of one stream", "'{1,1}'", "'{1,1}'"),
        ("an event of no stream", "'{1,1}'", "'{1,null}'"),
        ("an event of a stream that is not there", "'{1,1}'", "'{1,3}'"),
        ("an event of the stream before the first", "'{1,1}'", "'{0,2}'"),
    ] {
        Call::good().with(&[("stream_events", events), ("event_streams", of)]).refused(&log, what).await;
    }
}

/// One command, one stream, one event.
pub(crate) const ALONE: &[(&str, &str)] = &[
    ("append_ids", "array[gen_random_uuid()]"),
    ("request_tenants", "array[gen_random_uuid()]"),
    ("request_keys", "array[null]::text[]"),
    ("request_fingerprints", "array[gen_random_uuid()]"),
    ("stream_commands", "'{1}'"),
    ("stream_types", "'{test}'"),
    ("stream_ids", "'{a}'"),
    ("expected_versions", "'{0}'"),
    ("stream_events", "'{1}'"),
];

#[tokio::test]
async fn a_thousand_missing_events_leave_no_gap() {
    let log = log().await;
    let alone = Call::good().with(ONE_EVENT).with(ALONE);
    alone.clone().with(&[("stream_events", "'{1000}'")]).refused(&log, "a thousand").await;
    assert_eq!(alone.send(&log).await.unwrap(), [true]);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_body_must_have_an_announced_encoding() {
    let log = EventLog::started().await;
    let body = Call::good().with(&[("bodies", "array['x',null]::bytea[]")]);
    for (what, encodings) in [
        ("no encoding", "'{null,null}'"),
        ("an encoding without a body", "'{0,0}'"),
        ("a dictionary that nobody announced", "'{2,null}'"),
        ("a number below 0", "'{-1,null}'"),
    ] {
        body.clone().with(&[("body_encodings", encodings)]).refused(&log, what).await;
    }
    assert_eq!(body.with(&[("body_encodings", "'{1,null}'")]).send(&log).await.unwrap(), [true, true]);
    let unstarted = EventLog::create().await;
    let first =
        Call::good().with(&[("bodies", "array['x',null]::bytea[]"), ("body_encodings", "'{1,null}'")]);
    first.refused(&unstarted, "a dictionary before the log has started").await;
}

#[tokio::test]
async fn streams_out_of_command_order_are_refused() {
    let log = log().await;
    for (what, commands) in [
        ("the second command first", "'{2,1}'"),
        ("a command without streams", "'{1,1}'"),
        ("a first command without streams", "'{2,2}'"),
        ("a command that is not there", "'{1,3}'"),
        ("command 0", "'{0,1}'"),
        ("no command", "'{1,null}'"),
    ] {
        Call::good().with(&[("stream_commands", commands)]).refused(&log, what).await;
        let claimed = Call::good().with(CLAIMS);
        claimed.with(&[("stream_commands", commands)]).refused(&log, &format!("{what}, with claims")).await;
    }
}

#[tokio::test]
async fn a_stream_named_twice_is_refused() {
    let log = log().await;
    let twice = Call::good().with(&[("stream_ids", "'{a,a}'")]);
    twice.refused(&log, "twice with events").await;
    let condition = twice.clone().with(ONE_EVENT).with(&[("stream_events", "'{1,0}'")]);
    condition.refused(&log, "once as a condition, of a new stream").await;
    Call::good().send(&log).await.unwrap();
    twice.refused(&log, "twice with events, of a stream that is there").await;
    condition.refused(&log, "once as a condition, of a stream that is there").await;
}

#[tokio::test]
async fn arrays_of_different_lengths_are_refused() {
    let log = log().await;
    for (name, sql) in GOOD.iter().filter(|(name, _)| !name.starts_with("claim")).chain(CLAIMS) {
        let kind = match *name {
            "append_ids" | "request_tenants" | "request_fingerprints" | "event_ids" | "tenant_ids" => "uuid",
            "stream_commands" | "stream_events" | "claim_streams" | "event_streams" => "int",
            "expected_versions" => "bigint",
            "claims_taken" => "boolean",
            "bodies" => "bytea",
            "body_encodings" => "smallint",
            _ => "text",
        };
        let shorter = format!("({sql}::{kind}[])[1:1]");
        let longer = format!("{sql}::{kind}[] || ({sql}::{kind}[])[1:1]");
        let square = format!("array[({sql}::{kind}[])[1:1], ({sql}::{kind}[])[2:2]]");
        for (what, sql) in
            [("shorter", shorter), ("longer", longer), ("square", square), ("null", "null".into())]
        {
            let call = Call::good().with(CLAIMS).with(&[(name, &sql)]);
            call.refused(&log, &format!("{name} is {what}")).await;
        }
    }
    for (name, sql) in [
        (
            "append_ids",
            "('[0:1]={018f3a54-6c1e-7000-8000-000000000001,018f3a54-6c1e-7000-8000-000000000002}'::uuid[])",
        ),
        ("stream_commands", "'[0:1]={1,2}'"),
        ("stream_types", "'[0:1]={test,test}'"),
        ("stream_ids", "'[0:1]={a,b}'"),
        ("stream_events", "'[0:1]={1,1}'"),
        ("claim_streams", "'[0:1]={1,2}'"),
        ("event_streams", "'[2:3]={1,2}'"),
    ] {
        let call = Call::good().with(CLAIMS).with(&[(name, sql)]);
        call.refused(&log, &format!("{name} does not begin at 1")).await;
    }
}

#[tokio::test]
async fn invalid_nulls_are_refused() {
    let log = log().await;
    for (name, sql) in [
        ("append_ids", "array[gen_random_uuid(), null]"),
        ("stream_types", "'{test,null}'"),
        ("stream_ids", "'{a,null}'"),
        ("event_ids", "array[gen_random_uuid(), null]"),
        ("event_types", "'{Tested,null}'"),
        ("event_versions", "'{1,null}'"),
        ("payloads", "array['{}',null]"),
        ("metadatas", "array['{}',null]"),
        ("claim_streams", "'{1,null}'"),
        ("claim_scopes", "'{slug,null}'"),
        ("claim_keys", "'{y,null}'"),
        ("claims_taken", "'{true,null}'"),
    ] {
        Call::good().with(CLAIMS).with(&[(name, sql)]).refused(&log, &format!("{name} holds a null")).await;
    }
    let keyed = Call::good().with(&[("request_keys", "'{k,l}'")]);
    for name in ["request_tenants", "request_fingerprints"] {
        let holds = "array[gen_random_uuid(), null]";
        keyed.clone().with(&[(name, holds)]).refused(&log, &format!("{name} holds a null")).await;
    }
    let condition =
        Call::good().with(ONE_EVENT).with(&[("stream_events", "'{1,0}'"), ("stream_ids", "'{a,null}'")]);
    condition.refused(&log, "a condition on no stream").await;
}

#[tokio::test]
async fn two_commands_cannot_share_a_claim_or_a_request() {
    let log = log().await;
    let both = Call::good().with(CLAIMS).with(&[("claim_keys", "'{y,y}'")]);
    both.refused(&log, "two commands take one claim").await;
    let joint =
        both.with(&[("stream_commands", "'{1,1}'"), ("append_ids", "array[gen_random_uuid()]")]).with(&[
            ("request_tenants", "array[gen_random_uuid()]"),
            ("request_keys", "array[null]::text[]"),
            ("request_fingerprints", "array[gen_random_uuid()]"),
        ]);
    joint.refused(&log, "two streams of one command take one claim").await;
    Call::good().with(&[("request_keys", "'{k,k}'")]).refused(&log, "two commands make one request").await;
}

#[tokio::test]
async fn a_claim_changes_only_with_events_of_its_stream() {
    let log = log().await;
    for stream in ["'{1,3}'", "'{1,0}'", "'{-1,2}'"] {
        Call::good().with(CLAIMS).with(&[("claim_streams", stream)]).refused(&log, stream).await;
    }
    // As the holder, but without an event of the holder.
    let silent = Call::good().with(ONE_EVENT).with(CLAIMS).with(&[
        ("stream_ids", "'{a,holder}'"),
        ("stream_events", "'{1,0}'"),
        ("claim_keys", "'{x,x}'"),
        ("claims_taken", "'{true,false}'"),
    ]);
    silent.refused(&log, "a claim is released without an event").await;
}

#[tokio::test]
async fn another_streams_claim_can_be_neither_released_nor_taken() {
    let log = log().await;
    let release =
        Call::good().with(CLAIMS).with(&[("claim_keys", "'{x,z}'"), ("claims_taken", "'{false,true}'")]);
    assert_eq!(
        release.send(&log).await.unwrap(),
        [true, true],
        "a release of what is not held changes nothing"
    );
    assert_eq!(claims(&log).await, ["slug x holder", "slug z b"]);
    // Released by a stream that does not hold it and taken by the other, in one command.
    let pass_on = release.with(&[
        ("claim_keys", "'{x,x}'"),
        ("stream_commands", "'{1,1}'"),
        ("append_ids", "array[gen_random_uuid()]"),
        ("request_tenants", "array[gen_random_uuid()]"),
        ("request_keys", "array[null]::text[]"),
        ("request_fingerprints", "array[gen_random_uuid()]"),
    ]);
    assert_eq!(pass_on.send(&log).await.unwrap(), [false]);
    assert_eq!(claims(&log).await, ["slug x holder", "slug z b"]);
    log.assert_whole().await;
}
