//! The events that a writer passes to its callback are those in the log, byte for byte.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use parking_commands::append::{Append, Expected, RequestKey};
use parking_commands::writer::{Tell, Writer};
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_domain::stored::Recorded;
use parking_projections::engine::feed;
use parking_testkit::{EventLog, Role};
use uuid::Uuid;

/// A second writer of the log, and the events from its callback.
fn telling_writer(log: &EventLog) -> (Writer, Arc<Mutex<Vec<Recorded>>>) {
    let told: Arc<Mutex<Vec<Recorded>>> = Arc::default();
    let heard = told.clone();
    let tell: Tell = Box::new(move |appended| heard.lock().unwrap().extend(appended));
    let options = log.database.as_role(Role::Writer);
    (Writer::start_telling(options, Some(tell), log.stop.clone()).0, told)
}

/// All events of the log that this writer appended: those of these appends.
async fn held(log: &EventLog, appends: &[Uuid]) -> Vec<Recorded> {
    let mut connection = log.pool.acquire().await.unwrap();
    let all = feed::read(&mut connection, 0, 10_000).await.unwrap();
    all.iter().filter(|event| appends.contains(&event.append_id)).map(|event| (**event).clone()).collect()
}

#[tokio::test]
async fn all_and_only_accepted_events_are_passed_as_stored() {
    let log = EventLog::create().await;
    let (writer, told) = telling_writer(&log);
    log.append("taken", Expected::Any, &["0"]).await.unwrap();

    let odd = r#"{ "b":1,  "a": 0.1000, "b" :"\u00e9é" }"#;
    let claim = |stream: &str| {
        let mut part = log.part(stream, Expected::Any, &["1"]);
        part.claims.push(ClaimChange::Take(Claim { scope: "slug".into(), key: "one".into() }));
        log.ids.over(vec![part])
    };
    let request = RequestKey { tenant_id: Uuid::nil(), key: "once".into(), fingerprint: Uuid::nil() };
    let asked = |payload: &str| Append {
        request: Some(request.clone()),
        ..log.to("asked", Expected::Any, &[payload])
    };
    let several = vec![
        log.part("a", Expected::Any, &["1", odd, "3"]),
        log.part("taken", Expected::Exists, &[]),
        log.part("b", Expected::Version(0), &["4", "5"]),
    ];
    let appends = vec![
        log.ids.over(several),
        log.to("taken", Expected::Version(0), &["too late"]),
        claim("first"),
        claim("second"),
        asked("1"),
        asked("1"),
        log.to("a", Expected::Any, &["6"]),
    ];
    let ids: Vec<Uuid> = appends.iter().map(|append| append.append_id).collect();
    let elsewhere = join_all((0..20).map(|_| log.append("elsewhere", Expected::Any, &["7"])));
    let (here, _) =
        tokio::join!(join_all(appends.into_iter().map(|append| writer.append(append))), elsewhere);
    assert_eq!(here.iter().filter(|result| result.is_err()).count(), 2, "{here:?}");
    assert_eq!(here.iter().flatten().filter(|appended| appended.repeated).count(), 1, "{here:?}");

    let held = held(&log, &ids).await;
    assert_eq!(held.len(), 5 + 1 + 1 + 1);
    assert_eq!(*told.lock().unwrap(), held);
}

#[tokio::test]
async fn events_are_passed_before_the_new_head_is_published() {
    let log = EventLog::create().await;
    let (writer, told) = telling_writer(&log);
    let mut head = writer.head();
    let (appended, ()) = tokio::join!(writer.append(log.to("a", Expected::Any, &["1", "2"])), async {
        head.changed().await.unwrap();
        assert_eq!(told.lock().unwrap().len(), 2);
    });
    appended.unwrap();
}
