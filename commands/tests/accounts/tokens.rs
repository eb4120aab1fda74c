//! Access tokens: only those that the platform has signed for this purpose, until they expire.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use parking_commands::accounts::TokenRefusal;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{ANN, BOB, Deployment, at, authenticate, check, register};

/// A token with this header and these claims, signed with this key.
fn forged(header: &Value, claims: &Value, key: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Header and claims of a token.
fn parts(token: &str) -> (Value, Value) {
    let part = |n: usize| {
        let text = URL_SAFE_NO_PAD.decode(token.split('.').nth(n).unwrap()).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    (part(0), part(1))
}

fn with(value: &Value, name: &str, new: Value) -> Value {
    let mut value = value.clone();
    if new.is_null() {
        value.as_object_mut().unwrap().remove(name);
    } else {
        value[name] = new;
    }
    value
}

#[tokio::test]
async fn a_token_has_no_right_inside_and_says_what_it_is() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let (header, claims) = parts(ann.tokens.access.expose_secret());
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("at+jwt")));
    assert!(header["kid"].is_string());
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "sid", "sub"]);
    assert_eq!(claims["sub"], json!(ann.principal.user_id));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60 * 60);
    assert_eq!(ann.tokens.access_expires_at, at(60 * 60));
}

#[tokio::test]
async fn alg_none_a_wrong_key_audience_or_type_and_changed_claims_are_refused() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let (ann, bob) = (register(&accounts, ANN, "acme").await, register(&accounts, BOB, "beta").await);
    let key: Vec<u8> = sqlx::query_scalar("select key from ops.signing_keys")
        .fetch_one(&deployment.log.admin())
        .await
        .unwrap();
    let token = ann.tokens.access.expose_secret();
    let (header, claims) = parts(token);
    assert!(
        authenticate(&accounts, &forged(&header, &claims, &key), None, 1).await.is_ok(),
        "the forge works"
    );

    let [head, body, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let of_bob = with(&claims, "sub", json!(bob.principal.user_id));
    let bobs_body = URL_SAFE_NO_PAD.encode(of_bob.to_string());
    let unsigned = forged(&with(&header, "alg", json!("none")), &claims, &key);
    let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
    let refused = [
        ("alg none", format!("{unsigned}.")),
        ("alg none with a signature", forged(&with(&header, "alg", json!("none")), &claims, &key)),
        ("another algorithm", forged(&with(&header, "alg", json!("HS512")), &claims, &key)),
        ("RS256 with the secret", forged(&with(&header, "alg", json!("RS256")), &claims, &key)),
        ("a wrong key", forged(&header, &claims, &[7; 32])),
        ("an unknown key", forged(&with(&header, "kid", json!("other")), &claims, &key)),
        ("no key", forged(&with(&header, "kid", Value::Null), &claims, &key)),
        ("another type", forged(&with(&header, "typ", json!("JWT")), &claims, &key)),
        ("no type", forged(&with(&header, "typ", Value::Null), &claims, &key)),
        ("another audience", forged(&header, &with(&claims, "aud", json!("others")), &key)),
        ("no audience", forged(&header, &with(&claims, "aud", Value::Null), &key)),
        ("another issuer", forged(&header, &with(&claims, "iss", json!("others")), &key)),
        ("no end", forged(&header, &with(&claims, "exp", Value::Null), &key)),
        ("an end as text", forged(&header, &with(&claims, "exp", json!("9999999999")), &key)),
        ("another user's session", forged(&header, &of_bob, &key)),
        ("changed claims", format!("{head}.{bobs_body}.{signature}")),
        ("no signature", format!("{head}.{body}.")),
        ("half a token", format!("{head}.{body}")),
        ("a refresh token", ann.tokens.refresh.expose_secret().to_owned()),
        ("nothing", String::new()),
        ("too much", "x".repeat(100_000)),
    ];
    for (what, token) in refused {
        assert_eq!(
            authenticate(&accounts, &token, None, 100).await.err(),
            Some(TokenRefusal::Invalid),
            "{what}"
        );
    }
    let unknown_session = with(&claims, "sid", json!(uuid::Uuid::nil()));
    let refused = authenticate(&accounts, &forged(&header, &unknown_session, &key), None, 100).await;
    assert_eq!(refused.err(), Some(TokenRefusal::SessionEnded));
}

#[tokio::test]
async fn a_token_expires_after_sixty_minutes_also_while_it_is_cached() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    assert!(check(&accounts, &ann, 60 * 60 - 1).await.is_ok());
    assert_eq!(check(&accounts, &ann, 60 * 60).await.err(), Some(TokenRefusal::Expired));
}

#[tokio::test]
async fn tokens_of_a_former_key_and_of_a_new_key_of_another_process_are_accepted() {
    let deployment = Deployment::start().await;
    let (one, other) = (deployment.process().await, deployment.process().await);
    let before = register(&one, ANN, "acme").await;
    one.rotate_signing_key(at(100)).await.unwrap();
    let after = one.refresh(&before.tokens.refresh, &crate::support::call(101)).await.unwrap();
    let kid = |signed_in: &parking_commands::accounts::SignedIn| {
        parts(signed_in.tokens.access.expose_secret()).0["kid"].clone()
    };
    assert_ne!(kid(&before), kid(&after));
    for accounts in [&one, &other] {
        assert!(check(accounts, &before, 102).await.is_ok() && check(accounts, &after, 102).await.is_ok());
    }
    // Kept until the last token that it signed has expired.
    assert_eq!(one.sweep(at(100 + 60 * 60)).await.unwrap().keys, 0);
    assert_eq!(one.sweep(at(101 + 2 * 60 * 60)).await.unwrap().keys, 1);
}
