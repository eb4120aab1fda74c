//! The first administrator, and the way back in from the host.

use parking_commands::accounts::{AccountError, Accounts, Bootstrapped, FirstAdmin, NewPassword, Reach};
use parking_domain::id::TenantId;
use parking_domain::tenant::{MemberChange, Role};

use crate::support::{
    ANN, Deployment, OTHER, PASSWORD, at, call, check, join, login, platform_admin, refusal, register,
    secret, user_of,
};

const ROOT: &str = "root@example.com";
const DAY: i64 = 24 * 60 * 60;

fn generated(reach: Reach) -> FirstAdmin {
    FirstAdmin { email: ROOT.to_owned(), password: None, reach }
}

async fn made(accounts: &Accounts, reach: Reach) -> NewPassword {
    match accounts.bootstrap(generated(reach), &call(0)).await.unwrap() {
        Bootstrapped::Made { generated: Some(generated), .. } => generated,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_processes_make_one_admin() {
    let deployment = Deployment::start().await;
    for round in 0..2 {
        let (one, other) = (deployment.process().await, deployment.process().await);
        let (first, second) = (call(0), call(0));
        let results = tokio::join!(
            one.bootstrap(generated(Reach::Network), &first),
            other.bootstrap(
                FirstAdmin { email: "other@example.com".into(), ..generated(Reach::Network) },
                &second
            )
        );
        let results = [results.0.unwrap(), results.1.unwrap()];
        let made = results.iter().filter(|result| matches!(result, Bootstrapped::Made { .. })).count();
        assert_eq!(made, usize::from(round == 0), "{results:?}");
    }
    assert_eq!(deployment.count("select count(*) from events where event_type = 'UserRegistered'").await, 1);
    assert_eq!(deployment.count("select count(*) from ops.users").await, 1);
    let tenant: String =
        sqlx::query_scalar("select aggregate_id from events where event_type = 'MemberAdded'")
            .fetch_one(&deployment.log.pool)
            .await
            .unwrap();
    assert_eq!(tenant, TenantId::PLATFORM.to_string());
}

#[tokio::test]
async fn a_generated_password_is_changed_first_and_void_after_a_day_beyond_loopback() {
    for (reach, is_void) in [(Reach::Network, true), (Reach::Loopback, false)] {
        let deployment = Deployment::start().await;
        let accounts = deployment.process().await;
        let generated = made(&accounts, reach).await;
        assert_eq!(generated.void_after, is_void.then(|| at(DAY)));
        let password = secrecy::ExposeSecret::expose_secret(&generated.password).to_owned();
        assert_eq!(password.len(), 29, "{password}");
        let root = accounts.login(login(ROOT, &password), &call(DAY - 1)).await.unwrap();
        assert!(root.principal.must_change_password && root.principal.is_platform_admin);
        assert_eq!((root.principal.tenant.slug.as_str(), root.principal.role), ("platform", Role::Owner));
        let late = accounts.login(login(ROOT, &password), &call(DAY)).await;
        assert_eq!(late.is_err(), is_void);

        accounts
            .change_password(&root.principal, &generated.password, &secret(OTHER), &call(DAY - 1))
            .await
            .unwrap();
        assert!(!check(&accounts, &root, DAY).await.unwrap().must_change_password);
        let later = accounts.login(login(ROOT, OTHER), &call(9 * DAY)).await.unwrap();
        assert!(!later.principal.must_change_password);
    }
}

#[tokio::test]
async fn a_password_generated_on_loopback_ends_once_a_network_reaches_the_server() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let generated = made(&accounts, Reach::Loopback).await;
    let password = secrecy::ExposeSecret::expose_secret(&generated.password).to_owned();
    accounts.login(login(ROOT, &password), &call(2 * DAY)).await.unwrap();
    accounts.limit_generated().await.unwrap();
    accounts.login(login(ROOT, &password), &call(DAY - 1)).await.unwrap();
    assert!(accounts.login(login(ROOT, &password), &call(DAY)).await.is_err());
}

#[tokio::test]
async fn a_given_password_is_checked_and_needs_no_change() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let given = |password: &str| FirstAdmin { password: Some(secret(password)), ..generated(Reach::Network) };
    let weak = refusal(accounts.bootstrap(given("password123"), &call(0)).await);
    assert!(matches!(weak, AccountError::Password(_)), "{weak}");
    accounts.bootstrap(given(PASSWORD), &call(0)).await.unwrap();
    let root = accounts.login(login(ROOT, PASSWORD), &call(2 * DAY)).await.unwrap();
    assert!(!root.principal.must_change_password);
}

#[tokio::test]
async fn a_start_that_died_half_way_does_not_block_the_next_one() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    made(&accounts, Reach::Network).await;
    // As if the process had died before the event.
    let admin = deployment.log.admin();
    let deployment = Deployment::start().await;
    let restarted = deployment.process().await;
    let row: (uuid::Uuid, uuid::Uuid) =
        sqlx::query_as("select user_id, subject from ops.users").fetch_one(&admin).await.unwrap();
    let other = restarted.platform().sealer.user_key(ROOT);
    sqlx::query("insert into ops.subject_keys (subject, key) values ($1, $2)")
        .bind(row.1)
        .bind(&[7_u8; 32][..])
        .execute(&deployment.log.admin())
        .await
        .unwrap();
    sqlx::query("insert into ops.users (user_id, email_key, subject, created_at) values ($1, $2, $3, now())")
        .bind(row.0)
        .bind(&other[..])
        .bind(row.1)
        .execute(&deployment.log.admin())
        .await
        .unwrap();
    let generated = made(&restarted, Reach::Network).await;
    let password = secrecy::ExposeSecret::expose_secret(&generated.password);
    restarted.login(login(ROOT, password), &call(1)).await.unwrap();
}

#[tokio::test]
async fn an_email_that_somebody_has_registered_does_not_become_the_admin() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    register(&accounts, ROOT, "acme").await;
    let refused = refusal(accounts.bootstrap(generated(Reach::Network), &call(0)).await);
    assert!(matches!(refused, AccountError::EmailTaken), "{refused}");
}

#[tokio::test]
async fn the_host_is_the_way_back() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let none = refusal(accounts.reset_on_host(None, Reach::Loopback, &call(0)).await);
    assert!(matches!(none, AccountError::NotBootstrapped), "{none}");
    let root = platform_admin(&accounts).await;
    let second = join(&accounts, &root.principal, ANN, Role::Owner).await;
    accounts.change_member(&second.principal, user_of(&root), MemberChange::Disable, &call(1)).await.unwrap();
    accounts.disable_user(&second.principal, user_of(&root), None, &call(1)).await.unwrap();

    let new = accounts.reset_on_host(Some(ROOT), Reach::Network, &call(2)).await.unwrap();
    assert_eq!(new.void_after, Some(at(2 + DAY)));
    let password = secrecy::ExposeSecret::expose_secret(&new.password).to_owned();
    let back = accounts.login(login(ROOT, &password), &call(3)).await.unwrap();
    assert!(back.principal.is_platform_admin && back.principal.must_change_password);
    let unknown = refusal(accounts.reset_on_host(Some("nobody@example.com"), Reach::Network, &call(3)).await);
    assert!(matches!(unknown, AccountError::UserNotFound), "{unknown}");
    accounts.reset_on_host(None, Reach::Loopback, &call(4)).await.unwrap();
}
