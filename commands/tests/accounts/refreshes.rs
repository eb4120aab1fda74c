//! Refresh tokens: rotation, one retry, and the end of the session after any other reuse.

use futures_util::future::join_all;
use parking_commands::accounts::{AccountError, Accounts, SignedIn, TokenRefusal};
use secrecy::{ExposeSecret, SecretString};

use crate::support::{ANN, Deployment, call, check, refusal, register};

const DAY: i64 = 24 * 60 * 60;

async fn refused(accounts: &Accounts, token: &SecretString, seconds: i64) -> TokenRefusal {
    match refusal(accounts.refresh(token, &call(seconds)).await) {
        AccountError::Token(refusal) => refusal,
        error => panic!("{error}"),
    }
}

async fn refreshed(accounts: &Accounts, token: &SecretString, seconds: i64) -> SignedIn {
    accounts.refresh(token, &call(seconds)).await.unwrap()
}

#[tokio::test]
async fn of_twenty_parallel_refreshes_with_one_token_two_succeed_and_the_session_ends() {
    let deployment = Deployment::start().await;
    let (one, other) = (deployment.process().await, deployment.process().await);
    let ann = register(&one, ANN, "acme").await;
    let call = call(1);
    let attempts = (0..20).map(|n| {
        let accounts = if n % 2 == 0 { &one } else { &other };
        accounts.refresh(&ann.tokens.refresh, &call)
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (2, 18), "the first use and one retry");
    for error in lost {
        let error = refusal(error);
        assert!(matches!(error, AccountError::Token(TokenRefusal::SessionEnded)), "{error}");
    }
    for signed_in in won {
        let signed_in = signed_in.unwrap();
        assert_eq!(refused(&one, &signed_in.tokens.refresh, 1).await, TokenRefusal::SessionEnded);
    }
    assert_eq!(check(&one, &ann, 10).await.err(), Some(TokenRefusal::SessionEnded));
    let unused = "select count(*) from ops.refresh_tokens where used_at is null";
    assert_eq!(deployment.count(unused).await, 1, "one family, one newest token");
}

#[tokio::test]
async fn replaying_any_generation_after_a_restart_ends_the_session() {
    let deployment = Deployment::start().await;
    for replayed in 0..4 {
        let accounts = deployment.process().await;
        let slug = format!("tenant{replayed}");
        let mut generations = vec![register(&accounts, &format!("{slug}@example.com"), &slug).await];
        for n in 1..=4 {
            let last = generations.last().unwrap();
            generations.push(refreshed(&accounts, &last.tokens.refresh, n * 60).await);
        }
        drop(accounts);
        let restarted = deployment.process().await;
        let token = &generations[replayed].tokens.refresh;
        assert_eq!(refused(&restarted, token, 1000).await, TokenRefusal::SessionEnded, "{replayed}");
        let newest = generations.last().unwrap();
        assert_eq!(refused(&restarted, &newest.tokens.refresh, 1000).await, TokenRefusal::SessionEnded);
        assert_eq!(check(&restarted, newest, 1000).await.err(), Some(TokenRefusal::SessionEnded));
    }
}

#[tokio::test]
async fn the_predecessor_may_be_sent_again_once_within_ten_seconds() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let lost = refreshed(&accounts, &ann.tokens.refresh, 100).await;
    let retried = refreshed(&accounts, &ann.tokens.refresh, 110).await;
    assert_eq!(retried.principal.session_id, ann.principal.session_id, "the same family");
    // The family has moved on, so the answer that was lost is a predecessor too.
    let caught_up = refreshed(&accounts, &lost.tokens.refresh, 112).await;
    refreshed(&accounts, &caught_up.tokens.refresh, 113).await;
    assert_eq!(refused(&accounts, &ann.tokens.refresh, 114).await, TokenRefusal::SessionEnded);
}

#[tokio::test]
async fn after_ten_seconds_the_predecessor_is_a_reuse() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let next = refreshed(&accounts, &ann.tokens.refresh, 100).await;
    assert_eq!(refused(&accounts, &ann.tokens.refresh, 111).await, TokenRefusal::SessionEnded);
    assert_eq!(refused(&accounts, &next.tokens.refresh, 111).await, TokenRefusal::SessionEnded);
    assert_eq!(check(&accounts, &next, 111).await.err(), Some(TokenRefusal::SessionEnded));
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let idle = register(&accounts, "idle@example.com", "idle").await;
    assert_eq!(refused(&accounts, &idle.tokens.refresh, 7 * DAY).await, TokenRefusal::SessionEnded);
    let mut newest = refreshed(&accounts, &ann.tokens.refresh, 6 * DAY).await;
    for day in [12, 18, 24, 29] {
        newest = refreshed(&accounts, &newest.tokens.refresh, day * DAY).await;
    }
    assert_eq!(newest.tokens.session_expires_at, crate::support::at(30 * DAY));
    let last = refreshed(&accounts, &newest.tokens.refresh, 30 * DAY - 60).await;
    assert_eq!(last.tokens.access_expires_at, crate::support::at(30 * DAY), "no token outlives its session");
    assert_eq!(refused(&accounts, &last.tokens.refresh, 30 * DAY).await, TokenRefusal::SessionEnded);
}

#[tokio::test]
async fn an_unknown_or_an_access_token_does_not_refresh() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    assert_eq!(refused(&accounts, &ann.tokens.access, 1).await, TokenRefusal::Invalid);
    assert_eq!(refused(&accounts, &String::new().into(), 1).await, TokenRefusal::Invalid);
    accounts.logout(ann.tokens.access.expose_secret(), &call(2)).await.unwrap();
    assert_eq!(refused(&accounts, &ann.tokens.refresh, 3).await, TokenRefusal::SessionEnded);
}
