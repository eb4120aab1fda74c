//! The steps of the README and of `docs/quickstart.md`, as written, each against a new platform.

use parking_testkit::TestDatabase;
use serde_json::Value;
use tokio::process::Command;

use crate::support::TestServer;

const README: &str = include_str!("../../../README.md");
const QUICKSTART: &str = include_str!("../../../docs/quickstart.md");

/// A webhook secret of the least length.
const SECRET: &str = "sixteen-letters!";

/// The separator between the outputs of two steps.
const MARK: &str = "-- end of step --";

/// The lines to type, and the expected output.
struct Step {
    lines: String,
    answer: Option<Value>,
}

/// The steps of a page that can run without a person.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut blocks = page.split("```");
    // Every second part is between fences.
    while let (Some(_), Some(block)) = (blocks.next(), blocks.next()) {
        let (kind, text) = block.split_once('\n').unwrap();
        match kind {
            "sh" => steps.push(Step { lines: text.to_owned(), answer: None }),
            "json" => steps.last_mut().unwrap().answer = Some(serde_json::from_str(text).unwrap()),
            "sh run=by-hand" => {}
            other => panic!("what is a block of {other}?"),
        }
    }
    steps
}

/// Fails the test unless the output contains everything that the page shows. `…` matches any value; in a list it matches any
/// items.
fn assert_shown(shown: &Value, found: &Value) {
    match (shown, found) {
        (Value::String(any), _) if any == "…" => {}
        (Value::Object(shown), Value::Object(found)) => {
            for (name, value) in shown {
                assert_shown(value, found.get(name).unwrap_or_else(|| panic!("no {name} in {found:?}")));
            }
        }
        (Value::Array(shown), Value::Array(found)) => {
            let rest = shown.last().is_some_and(|last| last == "…");
            let named = &shown[..shown.len() - usize::from(rest)];
            assert!(found.len() == named.len() || rest && found.len() >= named.len(), "{shown:?}: {found:?}");
            named.iter().zip(found).for_each(|(shown, found)| assert_shown(shown, found));
        }
        _ => assert_eq!(shown, found),
    }
}

#[tokio::test]
async fn every_step_of_the_readme_works_as_written() {
    let database = TestDatabase::create().await;
    follow(&steps(README), &TestServer::start(&database).await, None).await;
}

#[tokio::test]
async fn every_step_of_the_quickstart_works_as_written() {
    let steps = steps(QUICKSTART);
    assert!(steps.len() > 8 && steps.iter().filter(|step| step.answer.is_some()).count() > 7);
    let database = TestDatabase::create().await;
    follow(&steps, &TestServer::start(&database).await, None).await;
}

/// The pages are typed again on the next day, and by those who run with a secret.
#[tokio::test]
async fn both_pages_work_twice_in_a_row_with_a_secret() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, SECRET).await;
    for page in [README, QUICKSTART] {
        // The second time, some answers say that the thing is there already.
        let unanswered: Vec<Step> =
            steps(page).into_iter().map(|step| Step { answer: None, ..step }).collect();
        for _ in 0..2 {
            let printed = follow(&unanswered, &server, Some(SECRET)).await;
            let refusals: Vec<&str> = printed.lines().filter(|line| line.contains("about:blank")).collect();
            // The page shows one refusal: the conflict of two reservations.
            assert!(refusals.iter().all(|line| line.contains("reservation_conflict")), "{refusals:?}");
            assert_eq!(refusals.len(), usize::from(page == QUICKSTART), "{printed}");
        }
    }
    let sites = server.client.ask("GET", "/api/v6/sites", None).await.ok();
    assert_eq!(sites["total"], 2, "the default one and the page's");
}

/// Runs the steps on a server and compares the output with the page. Returns what was printed.
async fn follow(steps: &[Step], server: &TestServer, secret: Option<&str>) -> String {
    let typed: Vec<String> = steps.iter().map(|step| format!("{}\necho '\n{MARK}'\n", step.lines)).collect();
    let script = typed.concat().replace("127.0.0.1:8000", &server.client.address());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env_remove("CHIRPSTACK_WEBHOOK_SECRET")
        .envs(secret.map(|secret| ("CHIRPSTACK_WEBHOOK_SECRET", secret)))
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    for (step, printed) in steps.iter().zip(printed.split(MARK)) {
        if let Some(shown) = &step.answer {
            assert_shown(shown, &serde_json::from_str(printed).unwrap());
        }
    }
    printed + &String::from_utf8_lossy(&output.stderr)
}
