//! Members of a tenant over both streams, and platform admins who act for a tenant.

use parking_commands::accounts::{AccountError, TokenRefusal};
use parking_domain::tenant::{MemberChange, Role, TenantRefusal};
use secrecy::ExposeSecret;

use crate::support::{
    ANN, BOB, Deployment, OTHER, authenticate, call, join, platform_admin, refusal, register, secret, user_of,
};

#[tokio::test]
async fn joining_and_leaving_are_in_both_streams_by_one_append() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Operator).await;
    assert_eq!((bob.principal.role, bob.profile.memberships.len()), (Role::Operator, 1));
    let change = MemberChange::Remove;
    accounts.change_member(&ann.principal, user_of(&bob), change, &call(1)).await.unwrap();
    assert_eq!(accounts.profile(user_of(&bob)).await.unwrap().memberships, []);
    for pair in [["MemberAdded", "TenantJoined"], ["MemberRemoved", "TenantLeft"]] {
        let apart = "select count(*) from events one where one.event_type = $1 and not exists \
                     (select from events other where other.event_type = $2 and other.append_id = one.append_id)";
        let apart: i64 = sqlx::query_scalar(apart)
            .bind(pair[0])
            .bind(pair[1])
            .fetch_one(&deployment.log.pool)
            .await
            .unwrap();
        assert_eq!(apart, 0, "{pair:?}");
    }
    deployment.log.assert_whole().await;
}

#[tokio::test]
async fn what_is_refused_ends_no_session() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Admin).await;
    for change in [MemberChange::Disable, MemberChange::Remove, MemberChange::Role(Role::Viewer)] {
        let refused = refusal(accounts.change_member(&bob.principal, user_of(&ann), change, &call(1)).await);
        let expected = TenantRefusal::RoleTooLow { needed: Role::Owner };
        assert!(matches!(&refused, AccountError::Tenant(found) if *found == expected), "{refused}");
        let own = refusal(accounts.change_member(&ann.principal, user_of(&ann), change, &call(1)).await);
        assert!(matches!(own, AccountError::Tenant(TenantRefusal::LastOwner)), "{own}");
    }
    assert!(crate::support::check(&accounts, &ann, 5).await.is_ok());
}

#[tokio::test]
async fn a_changed_role_acts_on_the_next_request() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Viewer).await;
    let change = MemberChange::Role(Role::Admin);
    accounts.change_member(&ann.principal, user_of(&bob), change, &call(1)).await.unwrap();
    assert_eq!(crate::support::check(&accounts, &bob, 1).await.unwrap().role, Role::Admin);
    let members = accounts.members(&ann.principal).await.unwrap();
    let listed: Vec<_> = members.iter().map(|member| (member.email.as_deref(), member.role)).collect();
    assert_eq!(listed, [(Some(ANN), Role::Owner), (Some(BOB), Role::Admin)]);
    assert_eq!(members[1].name.as_deref(), Some("Robert Doe"));
}

#[tokio::test]
async fn a_platform_admin_acts_for_one_named_tenant_and_others_for_their_own_only() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let (ann, bob) = (register(&accounts, ANN, "acme").await, register(&accounts, BOB, "beta").await);
    let root = platform_admin(&accounts).await;
    assert!(root.principal.is_platform_admin && !root.principal.acting_for);
    let token = root.tokens.access.expose_secret();
    let acting = authenticate(&accounts, token, Some("acme"), 1).await.unwrap();
    assert_eq!((acting.tenant.tenant_id, acting.role), (ann.principal.tenant.tenant_id, Role::Owner));
    assert!(acting.acting_for && acting.is_platform_admin);
    let change = MemberChange::Role(Role::Owner);
    let carol = join(&accounts, &acting, "carol@example.com", Role::Viewer).await;
    accounts.change_member(&acting, user_of(&carol), change, &call(1)).await.unwrap();
    let metadata: String =
        sqlx::query_scalar("select metadata::text from events where event_type = 'MemberRoleChanged'")
            .fetch_one(&deployment.log.pool)
            .await
            .unwrap();
    for part in [acting.session_id.to_string(), acting.tenant.tenant_id.to_string(), "acting_for".into()] {
        assert!(metadata.contains(&part), "{metadata}");
    }
    let foreign = authenticate(&accounts, bob.tokens.access.expose_secret(), Some("acme"), 1).await;
    let unknown = authenticate(&accounts, bob.tokens.access.expose_secret(), Some("nowhere"), 1).await;
    assert_eq!(foreign.err(), Some(TokenRefusal::NotMember));
    assert_eq!(
        unknown.err(),
        Some(TokenRefusal::NotMember),
        "a tenant that exists looks like one that does not"
    );
}

#[tokio::test]
async fn a_platform_admin_who_is_locked_out_of_a_tenant_acts_for_it_also_when_the_invitation_is_accepted() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let root = platform_admin(&accounts).await;
    let link = accounts.invite(&ann.principal, "root@example.com", Role::Viewer, &call(0)).await.unwrap();
    accounts.accept(&root.principal, &link.token, &call(0)).await.unwrap();
    accounts.change_member(&ann.principal, user_of(&root), MemberChange::Disable, &call(1)).await.unwrap();
    let acting = authenticate(&accounts, root.tokens.access.expose_secret(), Some("acme"), 2).await.unwrap();
    assert!(acting.acting_for);
    let bob = join(&accounts, &acting, BOB, Role::Owner).await;
    assert_eq!(bob.principal.role, Role::Owner);
    let link = accounts.reset_link(&root.principal, user_of(&bob), &call(3)).await.unwrap();
    accounts.use_reset(&link.token, &secret(OTHER), &call(3)).await.unwrap();
}

#[tokio::test]
async fn users_are_locked_out_by_platform_admins_up_to_their_own_role() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let root = platform_admin(&accounts).await;
    let helper = join(&accounts, &root.principal, "helper@example.com", Role::Admin).await;
    let clerk = join(&accounts, &root.principal, "clerk@example.com", Role::Operator).await;
    assert!(helper.principal.is_platform_admin && !clerk.principal.is_platform_admin);
    for (who, whom) in [(&ann, &clerk), (&clerk, &ann), (&helper, &root), (&root, &root)] {
        let refused = refusal(accounts.disable_user(&who.principal, user_of(whom), None, &call(1)).await);
        assert!(matches!(refused, AccountError::NotPermitted), "{refused}");
    }
    accounts.disable_user(&helper.principal, user_of(&ann), None, &call(1)).await.unwrap();
    accounts.disable_user(&root.principal, user_of(&helper), None, &call(1)).await.unwrap();
}

#[tokio::test]
async fn a_user_changes_the_own_name() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    accounts.rename(&ann.principal, "Ann Other", &call(1)).await.unwrap();
    assert_eq!(accounts.profile(user_of(&ann)).await.unwrap().name.as_deref(), Some("Ann Other"));
    let long = accounts.rename(&ann.principal, &"x".repeat(300), &call(1)).await;
    assert!(matches!(refusal(long), AccountError::PersonalData(_)));
}

#[tokio::test]
async fn one_member_is_shown_without_the_others() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Operator).await;
    let eve = register(&accounts, "eve@example.com", "evil").await;
    let listed = accounts.members(&ann.principal).await.unwrap();
    // Ann's key cannot be used, so who opens her data fails.
    let admin = deployment.log.admin();
    let unchecked = "alter table ops.subject_keys drop constraint subject_keys_key_check";
    sqlx::query(unchecked).execute(&admin).await.unwrap();
    let broken = "update ops.subject_keys k set key = '' from ops.users u where u.subject = k.subject and u.user_id = $1";
    sqlx::query(broken).bind(user_of(&ann).uuid()).execute(&admin).await.unwrap();
    assert!(matches!(refusal(accounts.members(&ann.principal).await), AccountError::PersonalData(_)));
    assert_eq!(accounts.member(&ann.principal, user_of(&bob)).await.unwrap(), listed[1]);
    let foreign = refusal(accounts.member(&ann.principal, user_of(&eve)).await);
    assert!(matches!(foreign, AccountError::Tenant(TenantRefusal::UserNotMember)), "{foreign}");
}
