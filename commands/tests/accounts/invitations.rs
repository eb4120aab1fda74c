//! Invitations: one-time links to a tenant.

use parking_commands::accounts::AccountError;
use parking_domain::tenant::{MemberChange, Role, TenantRefusal};

use crate::support::{
    ANN, BOB, Deployment, PASSWORD, call, check, join, login, person, refusal, register, secret, user_of,
};

const WEEK: i64 = 7 * 24 * 60 * 60;

#[tokio::test]
async fn an_existing_user_accepts_only_by_logging_in() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let (ann, bob) = (register(&accounts, ANN, "acme").await, register(&accounts, BOB, "beta").await);
    let link = accounts.invite(&bob.principal, " ann@example.COM", Role::Operator, &call(0)).await.unwrap();
    let taken_over = refusal(accounts.accept_as_new(&link.token, person("a new password"), &call(0)).await);
    assert!(matches!(taken_over, AccountError::LoginToAccept), "{taken_over}");
    accounts.login(login(ANN, PASSWORD), &call(0)).await.unwrap();
    let other = refusal(accounts.accept(&bob.principal, &link.token, &call(0)).await);
    assert!(matches!(other, AccountError::LoginToAccept), "{other}");
    accounts.accept(&ann.principal, &link.token, &call(0)).await.unwrap();
    let tenants: Vec<_> =
        accounts.profile(user_of(&ann)).await.unwrap().memberships.into_iter().map(|of| of.slug).collect();
    assert_eq!(tenants, ["beta", "acme"]);
}

/// A login needs a tenant, and who was removed from the last one has none.
#[tokio::test]
async fn whoever_belongs_to_no_tenant_accepts_with_the_password() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = user_of(&join(&accounts, &ann.principal, BOB, Role::Viewer).await);
    accounts.change_member(&ann.principal, bob, MemberChange::Remove, &call(0)).await.unwrap();
    let homeless = refusal(accounts.login(login(BOB, PASSWORD), &call(1)).await);
    assert!(matches!(homeless, AccountError::NoTenant), "{homeless}");
    let link = accounts.invite(&ann.principal, BOB, Role::Operator, &call(1)).await.unwrap();
    let invited = accounts.invited_user(&link.token, &call(1)).await.unwrap();
    assert_eq!(invited, Some((bob, BOB.to_owned())));
    let wrong = person("another password");
    let refused = refusal(accounts.accept_with_password(bob, &link.token, &wrong, &call(2)).await);
    assert!(matches!(refused, AccountError::LoginRefused), "{refused}");
    let other = user_of(&ann);
    let foreign =
        refusal(accounts.accept_with_password(other, &link.token, &person(PASSWORD), &call(2)).await);
    assert!(matches!(foreign, AccountError::LinkRefused), "{foreign}");
    let back = accounts.accept_with_password(bob, &link.token, &person(PASSWORD), &call(3)).await.unwrap();
    assert_eq!((back.principal.tenant.slug.as_str(), back.principal.role), ("acme", Role::Operator));
    let again = accounts.accept_with_password(bob, &link.token, &person(PASSWORD), &call(4)).await;
    assert!(matches!(refusal(again), AccountError::LinkRefused));
    accounts.login(login(BOB, PASSWORD), &call(5)).await.unwrap();
}

#[tokio::test]
async fn a_link_is_used_once_and_in_time() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let link = accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    let late = refusal(accounts.accept_as_new(&link.token, person(PASSWORD), &call(WEEK)).await);
    assert!(matches!(late, AccountError::LinkRefused), "{late}");
    // A refused password leaves the link as it is.
    let weak = refusal(accounts.accept_as_new(&link.token, person("password123"), &call(1)).await);
    assert!(matches!(weak, AccountError::Password(_)), "{weak}");
    let (one, other) = (call(1), call(1));
    let (first, second) = tokio::join!(
        accounts.accept_as_new(&link.token, person(PASSWORD), &one),
        accounts.accept_as_new(&link.token, person(PASSWORD), &other)
    );
    assert!(first.is_ok() != second.is_ok());
    let again = refusal(accounts.accept_as_new(&link.token, person(PASSWORD), &call(2)).await);
    assert!(matches!(again, AccountError::LinkRefused), "{again}");
    let unknown = refusal(accounts.accept(&ann.principal, &secret("guess"), &call(2)).await);
    assert!(matches!(unknown, AccountError::LinkRefused), "{unknown}");
    assert_eq!(accounts.members(&ann.principal).await.unwrap().len(), 2);
}

#[tokio::test]
async fn nobody_invites_above_the_own_role_also_not_later() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Admin).await;
    let eve = join(&accounts, &ann.principal, "eve@example.com", Role::Operator).await;
    let carol = "carol@example.com";
    for (who, role, needed) in [(&bob, Role::Owner, Role::Owner), (&eve, Role::Viewer, Role::Admin)] {
        let refused = refusal(accounts.invite(&who.principal, carol, role, &call(0)).await);
        let expected = TenantRefusal::RoleTooLow { needed };
        assert!(matches!(&refused, AccountError::Tenant(found) if *found == expected), "{refused}");
    }
    let link = accounts.invite(&bob.principal, carol, Role::Admin, &call(0)).await.unwrap();
    let change = MemberChange::Role(Role::Operator);
    accounts.change_member(&ann.principal, user_of(&bob), change, &call(1)).await.unwrap();
    let refused = refusal(accounts.accept_as_new(&link.token, person(PASSWORD), &call(2)).await);
    assert!(matches!(refused, AccountError::Tenant(TenantRefusal::RoleTooLow { .. })), "{refused}");
    assert_eq!(deployment.count("select count(*) from ops.users").await, 3, "nothing of it is kept");
    let change = MemberChange::Role(Role::Admin);
    accounts.change_member(&ann.principal, user_of(&bob), change, &call(3)).await.unwrap();
    let carol = accounts.accept_as_new(&link.token, person(PASSWORD), &call(4)).await.unwrap();
    assert_eq!(check(&accounts, &carol, 5).await.unwrap().role, Role::Admin);
}

#[tokio::test]
async fn an_invitation_does_not_change_the_rights_of_a_member() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Admin).await;
    let link = accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    let refused = refusal(accounts.accept(&bob.principal, &link.token, &call(1)).await);
    assert!(matches!(refused, AccountError::Tenant(TenantRefusal::UserAlreadyMember { .. })), "{refused}");
    let bad = refusal(accounts.invite(&ann.principal, "no e-mail", Role::Viewer, &call(0)).await);
    assert!(matches!(bad, AccountError::EmailInvalid), "{bad}");
}

#[tokio::test]
async fn a_new_invitation_withdraws_the_former_one_of_the_same_tenant() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let (ann, eve) =
        (register(&accounts, ANN, "acme").await, register(&accounts, "eve@example.com", "evil").await);
    let stolen = accounts.invite(&ann.principal, BOB, Role::Owner, &call(0)).await.unwrap();
    let foreign = accounts.invite(&eve.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    let carol = accounts.invite(&ann.principal, "carol@example.com", Role::Viewer, &call(0)).await.unwrap();
    let link = accounts.invite(&ann.principal, " BOB@example.com", Role::Viewer, &call(0)).await.unwrap();
    let refused = refusal(accounts.accept_as_new(&stolen.token, person(PASSWORD), &call(0)).await);
    assert!(matches!(refused, AccountError::LinkRefused), "{refused}");
    let bob = accounts.accept_as_new(&link.token, person(PASSWORD), &call(1)).await.unwrap();
    assert_eq!(bob.principal.role, Role::Viewer);
    accounts.accept(&bob.principal, &foreign.token, &call(1)).await.unwrap();
    accounts.accept_as_new(&carol.token, person(PASSWORD), &call(1)).await.unwrap();
}
