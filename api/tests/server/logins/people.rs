//! A platform with logins, and people who use it.

use std::time::Duration;

use parking_testkit::TestDatabase;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Answer, Client, TestServer, program};

pub(crate) const ROOT: &str = "root@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A revocation is seen within this time by every process.
pub(crate) const REVOKED_WITHIN: Duration = Duration::from_secs(3);

/// A user with a session.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) bearer: String,
    pub(crate) refresh: String,
    pub(crate) tenant_id: String,
}

impl Person {
    pub(crate) fn of(answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&answer["user"]["id"]),
            bearer: format!("Bearer {}", text(&answer["access_token"])),
            refresh: text(&answer["refresh_token"]),
            tenant_id: text(&answer["user"]["tenant_id"]),
        }
    }

    /// A request of this person.
    pub(crate) async fn ask(
        &self,
        client: &Client,
        method: &str,
        path: &str,
        body: impl Into<Option<Value>>,
    ) -> Answer {
        client.ask_with(method, path, &[("authorization", &self.bearer)], body).await
    }
}

/// The command of a server whose first admin has a known password.
pub(crate) fn with_logins(database: &TestDatabase) -> Command {
    let mut command = program(&["up"]);
    command.env("DATABASE_URL", database.url(None));
    command.env("PARKING_ADMIN_EMAIL", ROOT).env("PARKING_ADMIN_PASSWORD", PASSWORD);
    command
}

pub(crate) async fn start(database: &TestDatabase) -> TestServer {
    TestServer::launch(&mut with_logins(database)).await
}

pub(crate) async fn login(client: &Client, email: &str, tenant: Option<&str>) -> Person {
    let body = json!({"email": email, "password": PASSWORD, "tenant_slug": tenant});
    Person::of(&client.ask("POST", "/api/auth/login", body).await.ok())
}

/// Registers the owner of a new tenant.
pub(crate) async fn register(client: &Client, slug: &str) -> Person {
    let body = json!({
        "email": format!("owner@{slug}.example"), "password": PASSWORD, "username": "Owner",
        "tenant_name": format!("Tenant {slug}"), "tenant_slug": slug,
    });
    let answer = client.ask("POST", "/api/auth/register", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    Person::of(&answer.json())
}

/// Makes a new user a member of the inviting person's tenant.
pub(crate) async fn join(client: &Client, by: &Person, email: &str, role: &str) -> Person {
    let invite = json!({"email": email, "role": role});
    let link = by.ask(client, "POST", "/api/v6/invitations", invite).await;
    assert_eq!(link.status, 201, "{link:?}");
    let accept = json!({"token": link.json()["token"], "password": PASSWORD, "username": "Member"});
    let answer = client.ask("POST", "/api/auth/invitations/accept", accept).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    Person::of(&answer.json())
}
