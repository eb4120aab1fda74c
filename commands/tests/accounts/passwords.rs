//! The change of the own password.

use parking_commands::accounts::{AccountError, PasswordRefusal, TokenRefusal};

use crate::support::{
    ANN, Deployment, OTHER, PASSWORD, call, check, eventually, login, refusal, register, secret,
};
use secrecy::ExposeSecret;

#[tokio::test]
async fn a_new_password_needs_the_current_one_and_ends_the_other_sessions() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let elsewhere = accounts.login(login(ANN, PASSWORD), &call(0)).await.unwrap();
    let change = async |current: &str, new: &str| {
        accounts.change_password(&ann.principal, &secret(current), &secret(new), &call(1)).await
    };
    assert!(matches!(refusal(change(OTHER, "something new").await), AccountError::WrongPassword));
    for (new, expected) in [
        ("short", PasswordRefusal::Length),
        ("password123", PasswordRefusal::Common),
        ("ann@example.com", PasswordRefusal::IsEmail),
        (PASSWORD, PasswordRefusal::Unchanged),
    ] {
        let refused = refusal(change(PASSWORD, new).await);
        assert!(matches!(refused, AccountError::Password(found) if found == expected), "{new}: {refused}");
    }
    assert!(check(&accounts, &elsewhere, 2).await.is_ok(), "what is refused ends nothing");

    change(PASSWORD, OTHER).await.unwrap();
    assert!(check(&accounts, &ann, 2).await.is_ok());
    assert_eq!(check(&accounts, &elsewhere, 2).await.err(), Some(TokenRefusal::SessionEnded));
    let refreshed = accounts.refresh(&ann.tokens.refresh, &call(3)).await.unwrap();
    assert!(check(&accounts, &refreshed, 4).await.is_ok(), "the session goes on");
    assert!(matches!(
        refusal(accounts.login(login(ANN, PASSWORD), &call(3)).await),
        AccountError::LoginRefused
    ));
    accounts.login(login(ANN, OTHER), &call(3)).await.unwrap();
}

#[tokio::test]
async fn a_password_is_used_as_it_is_written() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let long = format!(" Ünïcödé\t{} ", "x".repeat(118));
    assert_eq!(long.chars().count(), 128);
    accounts.change_password(&ann.principal, &secret(PASSWORD), &secret(&long), &call(1)).await.unwrap();
    accounts.login(login(ANN, &long), &call(2)).await.unwrap();
    for other in [long.trim(), &long.to_lowercase(), &long[..long.len() - 1], &format!("{long}x")] {
        assert!(matches!(
            refusal(accounts.login(login(ANN, other), &call(2)).await),
            AccountError::LoginRefused
        ));
    }
}

#[tokio::test]
async fn of_two_changes_at_once_the_second_one_stays_also_if_it_is_confirmed_first() {
    let deployment = Deployment::start().await;
    let (one, other) = (deployment.process().await, deployment.process().await);
    let ann = register(&one, ANN, "acme").await;
    let elsewhere = one.login(login(ANN, PASSWORD), &call(0)).await.unwrap();
    // The first change waits between its event and the rest, for the row of its session. That session has ended, so the
    // second change does not wait for the row too.
    one.logout(ann.tokens.access.expose_secret(), &call(0)).await.unwrap();
    let mut row = deployment.log.admin().begin().await.unwrap();
    sqlx::query("select from ops.sessions where session_id = $1 for update")
        .bind(ann.principal.session_id)
        .execute(&mut *row)
        .await
        .unwrap();
    let (call_one, call_other) = (call(1), call(1));
    let (old, new, newest) = (secret(PASSWORD), secret(OTHER), secret("a third one"));
    let first = one.change_password(&ann.principal, &old, &new, &call_one);
    let second = async {
        let set = "select count(*) from events where event_type = 'PasswordSet'";
        eventually(async || deployment.count(set).await == 2).await;
        let changed = other.change_password(&elsewhere.principal, &new, &newest, &call_other).await;
        row.commit().await.unwrap();
        changed
    };
    let (first, second) = tokio::join!(first, second);
    first.and(second).unwrap();
    one.login(login(ANN, "a third one"), &call(2)).await.unwrap();
    assert_eq!(
        deployment.count("select count(*) from ops.passwords").await,
        1,
        "each replaced one is deleted"
    );
}

#[tokio::test]
async fn only_a_session_of_the_replaced_password_goes_on_with_the_new_one() {
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
    let newest = secret("a third one");
    accounts.change_password(&elsewhere.principal, &secret(OTHER), &newest, &call(2)).await.unwrap();
    assert_eq!(check(&accounts, &elsewhere, 5).await.err(), Some(TokenRefusal::SessionEnded));
}
