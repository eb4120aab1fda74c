//! Every operation of the documentation as everyone: the status is the one of the table of permissions, and another tenant's
//! resource is as one that does not exist.

use std::collections::BTreeMap;

use parking_commands::bus::Bus;
use parking_commands::store::CommandContext;
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::tenant::{Tenant, TenantCommand, TenantPatch};
use parking_testkit::{EventLog, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::{Person, ROOT, join, login, register, start};
use crate::documented::OPENAPI;
use crate::support::{Answer, Client, eventually};

/// An operation of the documentation.
struct Operation {
    method: String,
    path: String,
    /// The role that it needs; empty for a login alone, none for nothing.
    needs: Option<String>,
    body: Option<Value>,
    tag: String,
}

impl Operation {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (path, item) in OPENAPI["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let content = operation.pointer("/requestBody/content/application~1json");
                let scheme = &operation["security"][0]["access_token"];
                all.push(Self {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    needs: scheme.is_array().then(|| scheme[0].as_str().unwrap_or_default().to_owned()),
                    body: content.map(|content| content["example"].clone()),
                    tag: operation["tags"][0].as_str().unwrap().to_owned(),
                });
            }
        }
        all
    }

    /// Its path with these ids; what has none gets one that does not exist.
    fn target(&self, ids: &BTreeMap<&str, String>) -> String {
        let parts = self.path.split('/').map(|part| match part.strip_prefix('{') {
            None => part.to_owned(),
            Some(name) => {
                let name = name.trim_end_matches('}');
                let none = || match name {
                    "dev_eui" | "device_id" => "0123456789ABCDEF".to_owned(),
                    "job" => "expire_reservations".to_owned(),
                    _ => "01234567-89ab-7cde-8000-0123456789ab".to_owned(),
                };
                ids.get(name).cloned().unwrap_or_else(none)
            }
        });
        let path = parts.collect::<Vec<_>>().join("/");
        // The operations whose query needs a value.
        match path.rsplit('/').next() {
            Some("availability" | "check-availability") => {
                format!("{path}?start_time=2098-06-05T10:00:00Z&end_time=2098-06-05T12:00:00Z")
            }
            Some("assign-sensor") => format!("{path}?sensor_eui=0123456789ABCDEF"),
            Some("assign-display") => format!("{path}?display_eui=0123456789ABCDEF"),
            _ => path,
        }
    }

    /// It would end the session.
    fn ends_session(&self) -> bool {
        self.path.ends_with("/logout")
    }

    async fn ask(&self, client: &Client, headers: &[(&str, &str)], ids: &BTreeMap<&str, String>) -> Answer {
        client.ask_with(&self.method, &self.target(ids), headers, self.body.clone()).await
    }
}

/// The rank of a role, as the table of permissions orders them.
fn rank(role: &str) -> usize {
    ["", "viewer", "operator", "admin", "owner", "platform_admin"]
        .iter()
        .position(|one| *one == role)
        .unwrap()
}

fn name(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

#[tokio::test]
async fn each_operation_serves_those_who_have_the_role_and_nobody_else() {
    let log = EventLog::create().await;
    let server = start(&log.database).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    raise_limit(&log, client, &owner).await;
    let mut people = Vec::new();
    for role in ["viewer", "operator", "admin"] {
        people.push((role, join(client, &owner, &format!("{role}@quayside.example"), role).await));
    }
    people.push(("owner", owner));
    people.push(("platform_admin", login(client, ROOT, None).await));
    let ids = BTreeMap::new();
    let operations = Operation::all();
    let mut allowed = 0;
    for (role, person) in &people {
        for operation in operations.iter().filter(|operation| !operation.ends_session()) {
            let Some(needs) = &operation.needs else { continue };
            let answer = operation.ask(client, &[("authorization", &person.bearer)], &ids).await;
            let is_refused = matches!(answer.code().as_deref(), Some("forbidden")) || answer.status == 401;
            assert_ne!(answer.status, 429, "{role}: {}", name(operation));
            let may = rank(role) >= rank(needs);
            assert_eq!(is_refused, !may, "{role}: {} needs {needs:?}: {answer:?}", name(operation));
            assert!(may || answer.status == 403, "{role}: {}: {answer:?}", name(operation));
            allowed += usize::from(may);
        }
    }
    assert!(allowed > 200, "{allowed}");
}

#[tokio::test]
async fn without_a_session_that_counts_no_operation_is_served() {
    let log = EventLog::create().await;
    let server = start(&log.database).await;
    let client = &server.client;
    let root = login(client, ROOT, None).await;
    let owner = register(client, "quayside").await;
    let suspended = register(client, "suspended").await;
    let [out, expired, disabled] =
        [register(client, "one").await, register(client, "two").await, register(client, "three").await];
    out.ask(client, "POST", "/api/auth/logout", None).await.ok();
    root.ask(client, "POST", &format!("/api/v6/users/{}/disable", disabled.id), None).await.ok();
    let ended = "update ops.sessions set expires_at = created_at where user_id = $1";
    let user_id: Uuid = expired.id.parse().unwrap();
    sqlx::query(ended).bind(user_id).execute(&log.database.pool(Role::Identity)).await.unwrap();
    suspend(&log, &suspended).await;

    let refresh = format!("Bearer {}", owner.refresh);
    let sessions = [
        ("nobody", None, (401, "credential_missing")),
        ("another scheme", Some("Basic cm9vdDpyb290"), (401, "token_invalid")),
        ("a refresh token", Some(&*refresh), (401, "token_invalid")),
        ("logged out", Some(&*out.bearer), (401, "session_ended")),
        ("expired", Some(&*expired.bearer), (401, "session_ended")),
        ("disabled", Some(&*disabled.bearer), (401, "session_ended")),
        ("suspended", Some(&*suspended.bearer), (403, "tenant_suspended")),
    ];
    let ids = BTreeMap::new();
    for (who, bearer, (status, code)) in sessions {
        for operation in Operation::all().iter().filter(|operation| operation.needs.is_some()) {
            if who == "suspended" && operation.ends_session() {
                continue;
            }
            let headers = bearer.map(|bearer| ("authorization", bearer));
            let ask = async || operation.ask(client, headers.as_slice(), &ids).await;
            // A suspension by another process is seen after two seconds.
            let answer = eventually("the session does not count", async || {
                Some(ask().await).filter(|answer| answer.status == status)
            });
            assert_eq!(answer.await.code().as_deref(), Some(code), "{who}: {}", name(operation));
        }
    }
    // A session ends whatever its tenant may do.
    suspended.ask(client, "POST", "/api/auth/logout", None).await.ok();
    suspended.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
}

/// Suspends the person's tenant.
async fn suspend(log: &EventLog, person: &Person) {
    command(log, person, |asked| TenantCommand::SuspendTenant { reason: "unpaid".to_owned(), asked }).await;
}

/// Lets the person's tenant send as many requests as the test does.
async fn raise_limit(log: &EventLog, client: &Client, person: &Person) {
    let limits = BTreeMap::from([("api_rate_limit".to_owned(), 1_000_000)]);
    let patch = Box::new(TenantPatch { limits, ..TenantPatch::default() });
    command(log, person, |asked| TenantCommand::UpdateTenant { patch, asked }).await;
    let is_raised = async || {
        let answer = person.ask(client, "GET", "/api/v6/sites", None).await;
        (answer.header("x-ratelimit-limit") == "1000000").then_some(())
    };
    eventually("the limit is raised", is_raised).await;
}

/// A command on the person's tenant, in a process of its own.
async fn command(log: &EventLog, person: &Person, of: impl FnOnce(Asked) -> TenantCommand) {
    let tenant_id: TenantId = person.tenant_id.parse().unwrap();
    let command = of(Asked { tenant_id, by: Actor::System, at: Instant::UNIX_EPOCH });
    let bus = Bus::<Tenant>::new(log.store());
    bus.execute(&tenant_id.to_string(), &command, &CommandContext::default()).await.unwrap();
}

#[tokio::test]
async fn another_tenants_resource_is_as_one_that_does_not_exist() {
    let log = EventLog::create().await;
    let server = start(&log.database).await;
    let client = &server.client;
    let (owner, other) = (register(client, "quayside").await, register(client, "other").await);
    raise_limit(&log, client, &other).await;
    let ids = furnish(client, &owner).await;
    let headers = [("authorization", &*other.bearer)];
    let mut asked = 0;
    for operation in Operation::all() {
        let names = ids.keys().filter(|name| operation.path.contains(&format!("{{{name}}}")));
        let is_for_owners = operation.needs.as_deref().is_some_and(|needs| needs != "platform_admin");
        if names.count() == 0 || !is_for_owners {
            continue;
        }
        let foreign = operation.ask(client, &headers, &ids).await;
        assert_eq!(foreign.status, 404, "{}: {foreign:?}", name(&operation));
        let missing = operation.ask(client, &headers, &BTreeMap::new()).await;
        let told = |answer: &Answer| (answer.code(), answer.json()["detail"].clone());
        assert_eq!(told(&foreign), told(&missing), "{} ({})", name(&operation), operation.tag);
        for id in ids.values() {
            assert!(!foreign.body.contains(id.as_str()), "{}: {foreign:?}", name(&operation));
        }
        asked += 1;
    }
    assert!(asked > 30, "{asked}");
}

/// One of each resource, of the person's tenant.
async fn furnish(client: &Client, owner: &Person) -> BTreeMap<&'static str, String> {
    let make = async |path: &str, body: Value| {
        let answer = owner.ask(client, "POST", path, body).await.ok();
        answer["id"].as_str().or(answer["device_id"].as_str()).unwrap_or_default().to_owned()
    };
    let site = make("/api/v6/sites", json!({"name": "North", "slug": "north"})).await;
    let space = make("/api/v6/spaces", json!({"code": "A-1", "site_id": site})).await;
    let dev_eui = "0A00000000000001";
    make("/api/v6/devices", json!({"dev_eui": dev_eui, "type": "sensor"})).await;
    let window = json!({
        "space_id": space, "start_time": "2098-06-05T10:00:00Z", "end_time": "2098-06-05T12:00:00Z",
    });
    let reservation = make("/api/v6/reservations", window.clone()).await;
    let mut blocked = window;
    blocked["override_type"] = "blocked".into();
    let space_override = make("/api/v6/overrides", blocked).await;
    let policy = make("/api/v6/display-policies", json!({"name": "Night"})).await;
    BTreeMap::from([
        ("site_id", site),
        ("space_id", space),
        ("device_id", dev_eui.to_owned()),
        ("reservation_id", reservation),
        ("override_id", space_override),
        ("policy_id", policy),
        ("user_id", owner.id.clone()),
    ])
}
