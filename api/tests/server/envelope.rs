//! The envelope of lists.

use parking_testkit::TestDatabase;
use serde_json::Value;

use crate::devices::{device, space};
use crate::support::TestServer;

/// The fields that describe a page.
const PAGE: [&str; 7] = ["total", "count", "page", "page_size", "total_pages", "pages", "tenant_id"];

#[tokio::test]
async fn a_client_may_ask_for_the_items_under_one_name() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    device(client, 1, "sensor").await;
    for (list, own, more) in [
        ("/api/v6/spaces".to_owned(), "spaces", vec![]),
        ("/api/v6/sites?include_stats=true".to_owned(), "sites", vec![]),
        ("/api/v6/devices?include_stats=true".to_owned(), "devices", vec!["stats"]),
        ("/api/v6/jobs".to_owned(), "jobs", vec![]),
        ("/api/v6/activity".to_owned(), "activity", vec!["next_after"]),
        (format!("/api/v6/spaces/{space}/history"), "history", vec!["next_after"]),
    ] {
        let both = client.ask("GET", &list, None).await.ok();
        assert!(!both[own].as_array().unwrap().is_empty(), "{list}");
        assert_eq!(both[own], both["items"], "{list}");
        let sign = if list.contains('?') { '&' } else { '?' };
        let one = client.ask("GET", &format!("{list}{sign}envelope=items"), None).await.ok();
        let mut expected: Vec<&str> = [&PAGE[..], &["items"], &more].concat();
        expected.sort_unstable();
        let mut names: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{list}");
        for name in expected.iter().filter(|name| **name != "items" || own != "jobs") {
            assert_eq!(one[name], both[name], "{list}: {name}");
        }
        let refused = client.ask("GET", &format!("{list}{sign}envelope=all"), None).await;
        refused.problem(422, "parameter_invalid");
        assert!(refused.body.contains("expected `items`"), "{}", refused.body);
    }
    let jobs: Value = client.ask("GET", "/api/v6/jobs?page=2&page_size=1", None).await.ok();
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1);
    assert!(jobs["total"].as_i64() >= Some(2));
}
