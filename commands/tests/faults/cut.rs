//! The connection is cut during a commit: the result is still correct, and no append happens twice.

use parking_commands::append::{Append, Expected, RequestKey};
use parking_commands::ids::Ids;
use parking_commands::writer::Writer;
use parking_testkit::{EventLog, Role};
use uuid::Uuid;

use crate::proxy::{Cut, Proxy};

async fn cut_repeatedly(cut: Cut) {
    let log = EventLog::create().await;
    let options = log.database.as_role(Role::Writer);
    let proxy = Proxy::start(options.get_socket().unwrap());
    let (writer, _task) = Writer::start(options.socket(proxy.socket()), log.stop.clone());
    writer.append(log.to("first", Expected::Any, &["{}"])).await.unwrap();
    for round in 1..=20 {
        proxy.cut_next(cut);
        let streams = vec![
            log.part("a", Expected::Version(round - 1), &["1"]),
            log.part(&format!("b {round}"), Expected::Version(0), &["1", "2"]),
        ];
        let request = RequestKey { tenant_id: Uuid::nil(), key: round.to_string(), fingerprint: Uuid::nil() };
        let append = Append { append_id: log.ids.next(), request: Some(request), streams };
        let done = writer.append(append).await.unwrap();
        assert!(proxy.has_cut());
        assert_eq!(done.versions, [round, 2]);
        assert_eq!(done.last_position, log.head().await);
    }
    assert_eq!(log.head().await, 1 + 20 * 3);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_request_that_never_arrived_is_sent_again() {
    cut_repeatedly(Cut::Request).await;
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_and_not_repeated() {
    cut_repeatedly(Cut::Answer).await;
}

#[tokio::test]
async fn a_commit_in_progress_is_terminated_or_found_and_not_repeated() {
    cut_repeatedly(Cut::Both).await;
}
