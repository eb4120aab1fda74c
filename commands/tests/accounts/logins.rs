//! Registration and login.

use parking_commands::accounts::{AccountError, Accounts, Registration, Settings, SignedIn, TokenRefusal};
use parking_domain::site::{Site, SiteEvent};
use parking_domain::tenant::{Role, TenantCommand, TenantRefusal, TenantType};
use parking_domain::{asked::Asked, id::TenantId};

use crate::logged::Logged;
use crate::support::{
    ANN, BOB, Deployment, OTHER, PASSWORD, at, call, check, join, login, login_to, refusal, register,
    registration, user_of,
};

#[tokio::test]
async fn a_registration_is_one_append_of_tenant_owner_and_site() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let signed_in = register(&accounts, ANN, "acme").await;
    let events: Vec<(String, String)> = sqlx::query_as(
        "select aggregate_type, event_type from events where append_id = (select append_id from events \
          where event_type = 'TenantCreated') order by position",
    )
    .fetch_all(&deployment.log.pool)
    .await
    .unwrap();
    let types: Vec<&str> = events.iter().map(|(_, event_type)| event_type.as_str()).collect();
    let expected =
        ["TenantCreated", "MemberAdded", "UserRegistered", "PasswordSet", "TenantJoined", "SiteCreated"];
    assert_eq!(types, expected);

    let principal = check(&accounts, &signed_in, 1).await.unwrap();
    assert_eq!((principal.role, principal.tenant.slug.as_str()), (Role::Owner, "acme"));
    assert!(!principal.is_platform_admin && !principal.acting_for && !principal.must_change_password);
    assert_eq!(*principal, *signed_in.principal);
    let profile = &signed_in.profile;
    assert_eq!((profile.email.as_deref(), profile.name.as_deref()), (Some(ANN), Some("Ann Onymous")));
    assert_eq!((profile.registered_at, profile.memberships.len()), (at(0), 1));
    assert_eq!(profile.memberships[0].tenant_type, TenantType::Customer);
    let site: (String, String) =
        sqlx::query_as("select aggregate_id, payload::text from events where event_type = 'SiteCreated'")
            .fetch_one(&deployment.log.pool)
            .await
            .unwrap();
    let created: SiteEvent = serde_json::from_str(&site.1).unwrap();
    assert!(matches!(created, SiteEvent::SiteCreated { name, .. } if name == "Tenant acme - Main Site"));
    let stored = accounts.platform().store.load::<Site>(&site.0).await.unwrap().aggregate;
    assert_eq!(stored.tenant_id(), Some(principal.tenant.tenant_id));
}

#[tokio::test]
async fn an_email_and_a_slug_are_taken_once_also_by_two_processes_at_once() {
    let deployment = Deployment::start().await;
    let (one, other) = (deployment.process().await, deployment.process().await);
    let (first, second) = (registration(ANN, "acme"), registration("ann@example.COM ", "zeta"));
    let (call_one, call_other) = (call(0), call(0));
    let (first, second) = tokio::join!(one.register(first, &call_one), other.register(second, &call_other));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let refused = first.err().or(second.err()).unwrap();
    assert!(matches!(refused, AccountError::EmailTaken), "{refused}");

    register(&one, BOB, "beta").await;
    let slug = refusal(one.register(registration("eve@example.com", "beta"), &call(0)).await);
    assert!(matches!(slug, AccountError::SlugTaken), "{slug}");
    // What was refused leaves the e-mail free.
    register(&one, "eve@example.com", "gamma").await;
    assert_eq!(deployment.count("select count(*) from ops.users").await, 3);
    assert_eq!(deployment.count("select count(*) from ops.users where confirmed").await, 3);
}

#[tokio::test]
async fn what_registers_is_checked_before_anything_is_stored() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let good = || registration(ANN, "acme");
    for (bad, expected) in [
        (Registration { email: "ann".to_owned(), ..good() }, "e-mail address"),
        (Registration { password: "short".to_owned().into(), ..good() }, "8 to 128"),
        (Registration { password: "password123".to_owned().into(), ..good() }, "most common"),
        (Registration { password: ANN.to_lowercase().into(), ..good() }, "is the e-mail"),
        (Registration { tenant_slug: "No Slug".to_owned(), ..good() }, "slug is"),
        (Registration { tenant_name: " ".to_owned(), ..good() }, "name is"),
        (Registration { name: Some("x".repeat(300)), ..good() }, "user_name"),
    ] {
        let refused = refusal(accounts.register(bad, &call(0)).await).to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    assert_eq!(deployment.count("select count(*) from ops.users").await, 0);
    assert_eq!(deployment.log.head().await, 1);
}

#[tokio::test]
async fn the_same_queries_are_made_for_an_unknown_email_and_for_a_wrong_password() {
    let logged = Logged::default();
    let _guard = tracing::subscriber::set_default(logged.clone());
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    register(&accounts, ANN, "acme").await;
    let bob = register(&accounts, BOB, "beta").await;
    let root = crate::support::platform_admin(&accounts).await;
    accounts.disable_user(&root.principal, user_of(&bob), None, &call(1)).await.unwrap();
    let queries = async |email: &str| {
        logged.take();
        refusal(accounts.login(login(email, OTHER), &call(2)).await);
        let lines = logged.take();
        let made = lines.lines().filter(|line| line.starts_with("summary="));
        // The store looks for skipped events every few seconds, whoever logs in.
        made.filter(|line| !line.contains("select distinct e.aggregate_type"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let known = queries(ANN).await;
    assert_eq!(known.len(), 3, "the e-mail, the user's stream, the password: {known:?}");
    for other in ["nobody@example.com", BOB] {
        assert_eq!(queries(other).await, known, "{other}");
    }
}

#[tokio::test]
async fn a_wrong_password_an_unknown_email_and_a_disabled_user_are_refused_alike() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    register(&accounts, ANN, "acme").await;
    let bob = register(&accounts, BOB, "beta").await;
    let root = crate::support::platform_admin(&accounts).await;
    accounts.disable_user(&root.principal, user_of(&bob), Some("left"), &call(1)).await.unwrap();

    let mut texts = Vec::new();
    for attempt in
        [login(ANN, OTHER), login("nobody@example.com", PASSWORD), login(BOB, PASSWORD), login("", "")]
    {
        let refused = refusal(accounts.login(attempt, &call(2)).await);
        assert!(matches!(refused, AccountError::LoginRefused), "{refused}");
        texts.push(refused.to_string());
    }
    texts.dedup();
    assert_eq!(texts, ["incorrect email or password"]);
    for spelling in [ANN, "ann@example.com", "  ANN@EXAMPLE.COM "] {
        accounts.login(login(spelling, PASSWORD), &call(2)).await.unwrap();
    }
}

#[tokio::test]
async fn a_login_goes_to_the_newest_tenant_that_is_not_suspended_or_to_the_named_one() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let (_, bob) = ann_of_both_tenants_and_bob(&accounts).await;

    let newest = accounts.login(login(ANN, PASSWORD), &call(1)).await.unwrap();
    assert_eq!((newest.principal.tenant.slug.as_str(), newest.principal.role), ("beta", Role::Viewer));
    assert_eq!(newest.profile.memberships.len(), 2);
    let named = accounts.login(login_to(ANN, "acme"), &call(1)).await.unwrap();
    assert_eq!((named.principal.tenant.slug.as_str(), named.principal.role), ("acme", Role::Owner));
    let foreign = refusal(accounts.login(login_to(BOB, "acme"), &call(1)).await);
    assert!(matches!(foreign, AccountError::NoTenant), "{foreign}");

    suspend(&accounts, bob.principal.tenant.tenant_id).await;
    let remaining = accounts.login(login(ANN, PASSWORD), &call(2)).await.unwrap();
    assert_eq!(remaining.principal.tenant.slug, "acme");
    for attempt in [login_to(ANN, "beta"), login(BOB, PASSWORD)] {
        let refused = refusal(accounts.login(attempt, &call(2)).await);
        assert!(matches!(refused, AccountError::TenantSuspended), "{refused}");
    }
    let wrong = refusal(accounts.login(login(BOB, OTHER), &call(2)).await);
    assert!(
        matches!(wrong, AccountError::LoginRefused),
        "a suspension shows only to those who know the password"
    );
}

#[tokio::test]
async fn a_session_switches_among_the_tenants_of_its_user() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let (ann, bob) = ann_of_both_tenants_and_bob(&accounts).await;

    let switched = accounts.switch_tenant(&ann.principal, "beta", &call(1)).await.unwrap();
    assert_eq!((switched.tenant.slug.as_str(), switched.role), ("beta", Role::Viewer));
    assert_eq!(*check(&accounts, &ann, 1).await.unwrap(), *switched);
    let foreign = refusal(accounts.switch_tenant(&bob.principal, "acme", &call(1)).await);
    assert!(matches!(foreign, AccountError::NoTenant), "{foreign}");
    let token = secrecy::ExposeSecret::expose_secret(&ann.tokens.access);
    let named = crate::support::authenticate(&accounts, token, Some("acme"), 1).await.unwrap();
    assert_eq!((named.tenant.slug.as_str(), named.role), ("acme", Role::Owner));
    for unknown in ["gamma", ""] {
        let refused = crate::support::authenticate(&accounts, token, Some(unknown), 1).await;
        assert_eq!(refused.err(), Some(TokenRefusal::NotMember), "{unknown}");
    }
}

#[tokio::test]
async fn when_too_many_passwords_are_hashed_a_login_is_refused_as_busy() {
    let deployment = Deployment::start().await;
    let settings = Settings { hashers: 0, waiting_hashes: 0, ..Settings::default() };
    let accounts = deployment.process_with(settings, deployment.log.stop.clone()).await;
    let refused = refusal(accounts.login(login(ANN, PASSWORD), &call(0)).await);
    assert!(matches!(refused, AccountError::Busy), "{refused}");
}

#[tokio::test]
async fn whoever_is_refused_as_busy_can_register_later() {
    let deployment = Deployment::start().await;
    let settings = Settings { hashers: 0, waiting_hashes: 0, ..Settings::default() };
    let busy = deployment.process_with(settings, deployment.log.stop.clone()).await;
    let accounts = deployment.process().await;
    let refused = refusal(busy.register(registration(ANN, "acme"), &call(0)).await);
    assert!(matches!(refused, AccountError::Busy), "{refused}");
    let ann = register(&accounts, ANN, "acme").await;
    let link = accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    let refused = refusal(busy.accept_as_new(&link.token, crate::support::person(PASSWORD), &call(0)).await);
    assert!(matches!(refused, AccountError::Busy), "{refused}");
    accounts.accept_as_new(&link.token, crate::support::person(PASSWORD), &call(0)).await.unwrap();
    assert_eq!(deployment.count("select count(*) from ops.users where confirmed").await, 2);
    assert_eq!(deployment.count("select count(*) from ops.subject_keys").await, 2, "nothing else is left");
}

#[tokio::test]
async fn a_tenant_takes_no_more_members_than_its_limit() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let link = accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    for n in 2..=5 {
        join(&accounts, &ann.principal, &format!("user{n}@example.com"), Role::Viewer).await;
    }
    let accepted = accounts.accept_as_new(&link.token, crate::support::person(PASSWORD), &call(0)).await;
    let invited = accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await;
    let expected = TenantRefusal::MemberLimitReached { limit: 5 };
    for refused in [refusal(accepted), refusal(invited)] {
        assert!(matches!(&refused, AccountError::Tenant(found) if *found == expected), "{refused}");
    }
}

/// Ann, who owns a tenant and is a viewer of Bob's, and Bob.
async fn ann_of_both_tenants_and_bob(accounts: &Accounts) -> (SignedIn, SignedIn) {
    let ann = register(accounts, ANN, "acme").await;
    let bob = register(accounts, BOB, "beta").await;
    let link = accounts.invite(&bob.principal, ANN, Role::Viewer, &call(0)).await.unwrap();
    accounts.accept(&ann.principal, &link.token, &call(0)).await.unwrap();
    (ann, bob)
}

/// Suspends a tenant as its platform does.
pub(crate) async fn suspend(accounts: &Accounts, tenant_id: TenantId) {
    let asked = Asked { tenant_id, by: parking_domain::actor::Actor::System, at: at(0) };
    let suspend = TenantCommand::SuspendTenant { reason: "unpaid".to_owned(), asked };
    let context = parking_commands::store::CommandContext::default();
    accounts.platform().tenants.execute(&tenant_id.to_string(), &suspend, &context).await.unwrap();
    accounts.tenant_changed(tenant_id).await;
}
