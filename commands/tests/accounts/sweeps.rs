//! The sweep: orphans, expired rows, and persons who were invited and did not come.

use parking_commands::accounts::Swept;
use parking_domain::tenant::Role;

use crate::support::{
    ANN, BOB, Deployment, OTHER, PASSWORD, at, call, check, login, person, register, secret,
};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn what_has_no_event_is_swept_after_an_hour_and_what_has_one_stays() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = register(&accounts, BOB, "beta").await;
    accounts.change_password(&ann.principal, &secret(PASSWORD), &secret(OTHER), &call(1)).await.unwrap();
    let admin = deployment.log.admin();
    // As if three processes had died: one after Ann's events, one before Bob's, one that did not delete a replaced password.
    for sql in [
        "update ops.users set confirmed = false",
        "update ops.passwords set confirmed = false",
        "insert into ops.passwords (password_id, user_id, hash, must_change, created_at) \
         select gen_random_uuid(), user_id, 'x', false, created_at from ops.users limit 1",
        "insert into ops.passwords (password_id, user_id, hash, must_change, confirmed, created_at) \
         select gen_random_uuid(), user_id, 'x', false, true, created_at from ops.users limit 1",
        // The event of this one is on its way.
        "insert into ops.passwords (password_id, user_id, hash, must_change, created_at) \
         select gen_random_uuid(), user_id, 'x', false, created_at + interval '1 hour' from ops.users limit 1",
    ] {
        sqlx::query(sql).execute(&admin).await.unwrap();
    }
    let nobody = accounts.platform().sealer.person(None, uuid::Uuid::from_u128(9)).await.map(|_| ());
    nobody.unwrap();
    sqlx::query(
        "insert into ops.users (user_id, email_key, subject, created_at) \
         select gen_random_uuid(), decode('00112233445566778899aabbccddeeff', 'hex'), $1, created_at from ops.users limit 1",
    )
    .bind(uuid::Uuid::from_u128(9))
    .execute(&admin)
    .await
    .unwrap();
    assert_eq!(accounts.sweep(at(HOUR)).await.unwrap(), Swept::default(), "an append may be on its way");
    let swept = accounts.sweep(at(HOUR + 2)).await.unwrap();
    assert_eq!(swept, Swept { orphans: 3, ..Swept::default() });
    accounts.login(login(ANN, OTHER), &call(HOUR + 3)).await.unwrap();
    accounts.login(login(BOB, PASSWORD), &call(HOUR + 3)).await.unwrap();
    assert!(check(&accounts, &bob, 10).await.is_ok());
    assert_eq!(deployment.count("select count(*) from ops.users where confirmed").await, 2);
    assert_eq!(deployment.count("select count(*) from ops.passwords").await, 3);
}

#[tokio::test]
async fn what_is_over_is_swept_with_the_persons_who_did_not_come() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    let keys = "select count(*) from ops.subject_keys";
    assert_eq!(deployment.count(keys).await, 2);
    assert_eq!(accounts.sweep(at(8 * DAY)).await.unwrap(), Swept::default());
    let swept = accounts.sweep(at(8 * DAY + 1)).await.unwrap();
    assert_eq!((swept.persons, deployment.count("select count(*) from ops.links").await), (1, 0));
    assert_eq!(deployment.count(keys).await, 1);
    assert_eq!(accounts.sweep(at(31 * DAY + 1)).await.unwrap().sessions, 1);
    assert_eq!(deployment.count("select count(*) from ops.refresh_tokens").await, 0);
}

#[tokio::test]
async fn the_key_of_an_invitation_goes_when_its_person_has_come_with_another_key() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let link = accounts.invite(&ann.principal, BOB, Role::Viewer, &call(0)).await.unwrap();
    let bob = register(&accounts, BOB, "beta").await;
    accounts.accept(&bob.principal, &link.token, &call(0)).await.unwrap();
    let again = accounts.invite(&ann.principal, "carol@example.com", Role::Viewer, &call(0)).await.unwrap();
    accounts.accept_as_new(&again.token, person(PASSWORD), &call(0)).await.unwrap();
    let keys = "select count(*) from ops.subject_keys";
    assert_eq!(deployment.count(keys).await, 4);
    assert_eq!(accounts.sweep(at(DAY)).await.unwrap(), Swept::default());
    let swept = accounts.sweep(at(DAY + 1)).await.unwrap();
    assert_eq!((swept.persons, swept.links, deployment.count(keys).await), (1, 1, 3));
    assert_eq!(accounts.profile(bob.principal.user_id).await.unwrap().email.as_deref(), Some(BOB));
}

#[tokio::test]
async fn persons_whom_one_sweep_leaves_are_forgotten_by_the_next_one() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let invited = "with keys as (insert into ops.subject_keys (subject, key) \
                                  select gen_random_uuid(), sha256('key') from generate_series(1, 1001) returning subject) \
                   insert into ops.links (link_hash, purpose, tenant_id, invitee, role, subject, email, created_by, \
                                          created_at, expires_at) \
                   select sha256(subject::text::bytea), 'invite', subject, decode(md5(subject::text), 'hex'), 'viewer', \
                          subject, 'x', subject, $1, $1 from keys";
    sqlx::query(invited).bind(at(0).utc()).execute(&deployment.log.admin()).await.unwrap();
    for (expected, left) in [(1000, 1), (1, 0)] {
        let swept = accounts.sweep(at(2 * DAY)).await.unwrap();
        assert_eq!(
            (swept.persons, deployment.count("select count(*) from ops.subject_keys").await),
            (expected, left)
        );
    }
}

#[tokio::test]
async fn with_a_persons_key_go_the_rows_that_could_identify_the_person() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let subject: uuid::Uuid =
        sqlx::query_scalar("select subject from ops.users").fetch_one(&deployment.log.admin()).await.unwrap();
    assert!(accounts.platform().sealer.forget(subject).await.unwrap());
    for table in ["users", "passwords", "sessions", "refresh_tokens", "links"] {
        assert_eq!(deployment.count(&format!("select count(*) from ops.{table}")).await, 0, "{table}");
    }
    let profile = accounts.profile(ann.principal.user_id).await.unwrap();
    assert_eq!((profile.email, profile.name), (None, None));
    register(&accounts, ANN, "again").await;
}
