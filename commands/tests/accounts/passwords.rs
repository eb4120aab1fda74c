//! The change of the own password.

use parking_commands::accounts::{AccountError, PasswordRefusal, TokenRefusal};

use crate::support::{ANN, Deployment, OTHER, PASSWORD, call, check, login, refusal, register, secret};

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
