//! The soak, short enough for every change.

use std::process::Command;

use parking_testkit::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_events_through_kills_and_conflicts_leave_a_complete_log() {
    let database = TestDatabase::create().await;
    let mut soak = Command::new(env!("CARGO_BIN_EXE_parking-bench"));
    soak.args(["soak", "--events=20000", "--seed=42", "--platform-seconds=0", "--url"])
        .arg(database.url(None));
    let output = soak.output().expect("the program starts");
    let output_text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output_text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output_text.contains("the log is complete"), "{output_text}");
}
