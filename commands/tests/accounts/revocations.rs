//! Whoever is locked out is out: at once in the process, by a notice in the others, and after two seconds in any case.

use parking_commands::accounts::{Accounts, SignedIn, TokenRefusal};
use parking_domain::tenant::{MemberChange, Role};

use crate::logins::suspend;
use crate::support::{
    ANN, BOB, Deployment, OTHER, PASSWORD, call, check, eventually, join, login, platform_admin, register,
    secret, user_of,
};
use secrecy::ExposeSecret;

/// Ways to end a session of Bob, a member of Ann's tenant, and what his token is refused with.
#[derive(Clone, Copy, Debug)]
enum Way {
    Logout,
    UserDisabled,
    TenantSuspended,
    MemberDisabled,
    MemberRemoved,
    PasswordChanged,
    PasswordReset,
}

const WAYS: [Way; 7] = [
    Way::Logout,
    Way::UserDisabled,
    Way::TenantSuspended,
    Way::MemberDisabled,
    Way::MemberRemoved,
    Way::PasswordChanged,
    Way::PasswordReset,
];

async fn end(accounts: &Accounts, way: Way, ann: &SignedIn, bob: &SignedIn) -> TokenRefusal {
    let (call, user_id) = (call(0), user_of(bob));
    match way {
        Way::Logout => {
            accounts.logout(bob.tokens.access.expose_secret(), &call).await.unwrap();
            TokenRefusal::SessionEnded
        }
        Way::UserDisabled => {
            let root = platform_admin(accounts).await;
            accounts.disable_user(&root.principal, user_id, None, &call).await.unwrap();
            TokenRefusal::SessionEnded
        }
        Way::TenantSuspended => {
            suspend(accounts, ann.principal.tenant.tenant_id).await;
            TokenRefusal::TenantSuspended
        }
        Way::MemberDisabled => {
            accounts.change_member(&ann.principal, user_id, MemberChange::Disable, &call).await.unwrap();
            TokenRefusal::SessionEnded
        }
        Way::MemberRemoved => {
            accounts.change_member(&ann.principal, user_id, MemberChange::Remove, &call).await.unwrap();
            TokenRefusal::SessionEnded
        }
        Way::PasswordChanged => {
            let elsewhere = accounts.login(login(BOB, PASSWORD), &call).await.unwrap();
            let changed = accounts
                .change_password(&elsewhere.principal, &secret(PASSWORD), &secret(OTHER), &call)
                .await;
            changed.unwrap();
            assert!(check(accounts, &elsewhere, 0).await.is_ok(), "the session that changed it stays");
            TokenRefusal::SessionEnded
        }
        Way::PasswordReset => {
            let link = accounts.reset_link(&ann.principal, user_id, &call).await.unwrap();
            accounts.use_reset(&link.token, &secret(OTHER), &call).await.unwrap();
            TokenRefusal::SessionEnded
        }
    }
}

#[tokio::test]
async fn every_way_to_lock_out_acts_at_once_and_by_a_notice_in_another_process() {
    for way in WAYS {
        let deployment = Deployment::start().await;
        let (one, other) = (deployment.process().await, deployment.process().await);
        let ann = register(&one, ANN, "acme").await;
        let bob = join(&one, &ann.principal, BOB, Role::Viewer).await;
        for accounts in [&one, &other] {
            assert!(check(accounts, &bob, 0).await.is_ok(), "{way:?}");
        }
        let expected = end(&one, way, &ann, &bob).await;
        assert_eq!(check(&one, &bob, 0).await.err(), Some(expected), "{way:?}");
        // The clock of the call stands still: only the notice can end it.
        eventually(async || check(&other, &bob, 0).await.err() == Some(expected)).await;
        assert!(one.refresh(&bob.tokens.refresh, &call(0)).await.is_err(), "{way:?}");
    }
}

#[tokio::test]
async fn without_a_notice_a_revocation_takes_two_seconds() {
    let deployment = Deployment::start().await;
    let (one, deaf) = (deployment.process().await, deployment.deaf_process().await);
    let ann = register(&one, ANN, "acme").await;
    assert!(check(&deaf, &ann, 10).await.is_ok());
    one.logout(ann.tokens.access.expose_secret(), &call(10)).await.unwrap();
    assert!(check(&deaf, &ann, 11).await.is_ok(), "the cached principal");
    assert_eq!(check(&deaf, &ann, 12).await.err(), Some(TokenRefusal::SessionEnded));
    // A clock that was set back does not prolong it.
    let bob = register(&one, BOB, "beta").await;
    assert!(check(&deaf, &bob, 20).await.is_ok());
    one.logout(bob.tokens.access.expose_secret(), &call(20)).await.unwrap();
    assert_eq!(check(&deaf, &bob, 19).await.err(), Some(TokenRefusal::SessionEnded));
}

#[tokio::test]
async fn a_session_that_slips_in_with_the_former_password_is_not_accepted() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let elsewhere = accounts.login(login(ANN, PASSWORD), &call(0)).await.unwrap();
    accounts.change_password(&ann.principal, &secret(PASSWORD), &secret(OTHER), &call(1)).await.unwrap();
    // As if it had been opened between the revocation and the event.
    sqlx::query("update ops.sessions set revoked_at = null, revoked_because = null")
        .execute(&deployment.log.admin())
        .await
        .unwrap();
    assert_eq!(check(&accounts, &elsewhere, 5).await.err(), Some(TokenRefusal::SessionEnded));
    assert!(check(&accounts, &ann, 5).await.is_ok());
}

#[tokio::test]
async fn whoever_is_enabled_again_logs_in_again() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let root = platform_admin(&accounts).await;
    accounts.disable_user(&root.principal, user_of(&ann), Some("a reason"), &call(1)).await.unwrap();
    accounts.enable_user(&root.principal, user_of(&ann), &call(2)).await.unwrap();
    assert_eq!(check(&accounts, &ann, 3).await.err(), Some(TokenRefusal::SessionEnded));
    accounts.login(login(ANN, PASSWORD), &call(3)).await.unwrap();
}
