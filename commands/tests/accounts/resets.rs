//! Reset links: made by somebody above the user in every tenant of the user, else by the platform.

use parking_commands::accounts::{AccountError, Reach};
use parking_domain::tenant::{MemberChange, Role};

use crate::support::{
    ANN, BOB, Deployment, OTHER, PASSWORD, call, join, login, platform_admin, refusal, register, secret,
    user_of,
};

const HOUR: i64 = 60 * 60;

#[tokio::test]
async fn a_reset_link_sets_a_new_password_once_and_in_time() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Viewer).await;
    let link = accounts.reset_link(&ann.principal, user_of(&bob), &call(0)).await.unwrap();
    let late = refusal(accounts.use_reset(&link.token, &secret(OTHER), &call(HOUR)).await);
    assert!(matches!(late, AccountError::LinkRefused), "{late}");
    let own = refusal(accounts.use_reset(&link.token, &secret(BOB), &call(1)).await);
    assert!(matches!(own, AccountError::Password(_)), "{own}");
    accounts.use_reset(&link.token, &secret(OTHER), &call(1)).await.unwrap();
    let again = refusal(accounts.use_reset(&link.token, &secret("another one"), &call(1)).await);
    assert!(matches!(again, AccountError::LinkRefused), "{again}");
    let old = refusal(accounts.login(login(BOB, PASSWORD), &call(2)).await);
    assert!(matches!(old, AccountError::LoginRefused), "{old}");
    accounts.login(login(BOB, OTHER), &call(2)).await.unwrap();
    assert_eq!(deployment.count("select count(*) from ops.passwords").await, 2, "the former one is deleted");
}

#[tokio::test]
async fn only_a_role_above_the_users_in_every_tenant_makes_a_reset_link() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let eve = register(&accounts, "eve@example.com", "evil").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Admin).await;
    let clerk = join(&accounts, &ann.principal, "clerk@example.com", Role::Admin).await;
    let (bob_id, clerk_id) = (user_of(&bob), user_of(&clerk));
    accounts.reset_link(&ann.principal, bob_id, &call(0)).await.unwrap();
    for (who, whom) in [(&clerk, bob_id), (&bob, user_of(&ann)), (&ann, user_of(&ann)), (&bob, bob_id)] {
        let refused = refusal(accounts.reset_link(&who.principal, whom, &call(0)).await);
        assert!(matches!(refused, AccountError::NotPermitted), "{refused}");
    }
    let stranger = refusal(accounts.reset_link(&eve.principal, bob_id, &call(0)).await);
    assert!(matches!(stranger, AccountError::UserNotFound), "{stranger}");

    // Eve invites the clerk as a viewer: above him in her tenant, but not in Ann's, and Ann is not above him in Eve's.
    let link = accounts.invite(&eve.principal, "clerk@example.com", Role::Viewer, &call(0)).await.unwrap();
    accounts.accept(&clerk.principal, &link.token, &call(0)).await.unwrap();
    for who in [&eve, &ann] {
        let refused = refusal(accounts.reset_link(&who.principal, clerk_id, &call(0)).await);
        assert!(matches!(refused, AccountError::NotPermitted), "{refused}");
    }
    let root = platform_admin(&accounts).await;
    let link = accounts.reset_link(&root.principal, clerk_id, &call(0)).await.unwrap();
    accounts.use_reset(&link.token, &secret(OTHER), &call(1)).await.unwrap();
}

#[tokio::test]
async fn a_reset_link_is_worth_as_much_as_its_author_is_now() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Admin).await;
    let clerk = join(&accounts, &ann.principal, "clerk@example.com", Role::Viewer).await;
    let link = accounts.reset_link(&bob.principal, user_of(&clerk), &call(0)).await.unwrap();
    let change = MemberChange::Role(Role::Owner);
    accounts.change_member(&ann.principal, user_of(&clerk), change, &call(1)).await.unwrap();
    let refused = refusal(accounts.use_reset(&link.token, &secret(OTHER), &call(2)).await);
    assert!(matches!(refused, AccountError::LinkRefused), "{refused}");
}

#[tokio::test]
async fn who_runs_the_platform_is_reset_by_a_higher_role_there_or_on_the_host() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let root = platform_admin(&accounts).await;
    let helper = join(&accounts, &root.principal, "helper@example.com", Role::Admin).await;
    accounts.reset_link(&root.principal, user_of(&helper), &call(0)).await.unwrap();
    let refused = refusal(accounts.reset_link(&helper.principal, user_of(&root), &call(0)).await);
    assert!(matches!(refused, AccountError::NotPermitted), "{refused}");
}

#[tokio::test]
async fn a_platform_admin_resets_whatever_role_the_admin_has_in_the_tenant() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let root = platform_admin(&accounts).await;
    let link = accounts.invite(&ann.principal, "root@example.com", Role::Viewer, &call(0)).await.unwrap();
    accounts.accept(&root.principal, &link.token, &call(0)).await.unwrap();
    accounts.reset_link(&root.principal, user_of(&ann), &call(1)).await.unwrap();
}

#[tokio::test]
async fn a_new_reset_link_withdraws_the_former_one_of_the_user() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Viewer).await;
    let clerk = join(&accounts, &ann.principal, "clerk@example.com", Role::Viewer).await;
    let other = accounts.reset_link(&ann.principal, user_of(&clerk), &call(0)).await.unwrap();
    let stolen = accounts.reset_link(&ann.principal, user_of(&bob), &call(0)).await.unwrap();
    let link = accounts.reset_link(&ann.principal, user_of(&bob), &call(0)).await.unwrap();
    let refused = refusal(accounts.use_reset(&stolen.token, &secret(OTHER), &call(0)).await);
    assert!(matches!(refused, AccountError::LinkRefused), "{refused}");
    for link in [link, other] {
        accounts.use_reset(&link.token, &secret(OTHER), &call(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_new_password_ends_the_reset_links_of_the_user() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Viewer).await;
    let link = async || accounts.reset_link(&ann.principal, user_of(&bob), &call(0)).await.unwrap();
    let stolen = link().await;
    accounts.change_password(&bob.principal, &secret(PASSWORD), &secret(OTHER), &call(1)).await.unwrap();
    let refused = refusal(accounts.use_reset(&stolen.token, &secret("of a thief"), &call(2)).await);
    assert!(matches!(refused, AccountError::LinkRefused), "{refused}");
    let stolen = link().await;
    accounts.reset_on_host(Some(BOB), Reach::Loopback, &call(3)).await.unwrap();
    let refused = refusal(accounts.use_reset(&stolen.token, &secret("of a thief"), &call(4)).await);
    assert!(matches!(refused, AccountError::LinkRefused), "{refused}");
}
