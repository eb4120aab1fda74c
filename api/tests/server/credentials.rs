//! The credentials of webhook senders when a secret is set.

use hmac::{Hmac, KeyInit, Mac};
use parking_testkit::TestDatabase;
use sha2::Sha256;

use crate::log::Log;
use crate::support::{TestServer, UPLINK, parking};
use crate::uplinks::uplink;

const SECRET: &str = "correct-horse-battery-staple";

const JSON: (&str, &str) = ("content-type", "application/json");

fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

#[tokio::test]
async fn every_valid_credential_is_accepted() {
    let database = TestDatabase::create().await;
    let client = &TestServer::with_secret(&database, SECRET).await.client;
    let signs = |body: &str| {
        let signature = sign(SECRET, body.as_bytes());
        [
            vec![("authorization", format!("Bearer {SECRET}"))],
            vec![("authorization", format!("bearer  {SECRET}"))],
            vec![("x-webhook-token", SECRET.to_owned())],
            vec![("x-signature", signature.clone())],
            vec![("x-signature", format!("sha256={signature}"))],
            vec![("x-webhook-signature", signature.clone())],
            vec![("x-webhook-signature", format!("sha256={}", signature.to_uppercase()))],
            // One valid credential is enough, unless a signature is wrong.
            vec![("authorization", "Basic Zm9v".to_owned()), ("x-webhook-token", SECRET.to_owned())],
            vec![("x-webhook-token", "wrong".to_owned()), ("authorization", format!("Bearer {SECRET}"))],
            vec![("x-signature", signature), ("x-webhook-token", "wrong".to_owned())],
        ]
    };
    for (f_cnt, n) in (0..).zip(0..signs("").len()) {
        let body = uplink(1, f_cnt).to_string();
        let headers = &signs(&body)[n];
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).chain([JSON]).collect();
        client.post_with(UPLINK, &headers, body).await.accepted();
    }
}

#[tokio::test]
async fn invalid_credentials_are_refused_and_nothing_is_stored() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, SECRET).await;
    let body = uplink(1, 0).to_string();
    let signature = sign(SECRET, body.as_bytes());
    let (cut, longer) = (&signature[..62], format!("{signature}00"));
    let (of_another_body, by_another_key) = (sign(SECRET, b"{}"), sign("wrong", body.as_bytes()));
    let lower_case = format!("bearer {}", SECRET.to_uppercase());
    let prefixed = format!("sha1={signature}");
    let bearer = format!("Bearer {SECRET}");
    let basic = format!("Basic {SECRET}");
    let refusals: [(&[(&str, &str)], &str); 17] = [
        (&[], "credential_missing"),
        (&[("authorization", "Basic Zm9v")], "credential_missing"),
        (&[("authorization", &basic)], "credential_missing"),
        (&[("authorization", SECRET)], "credential_missing"),
        (&[("authorization", "Bearer wrong")], "token_wrong"),
        (&[("authorization", "Bearer ")], "credential_missing"),
        (&[("authorization", &lower_case)], "token_wrong"),
        (&[("x-webhook-token", "")], "token_wrong"),
        (&[("x-webhook-token", &signature)], "token_wrong"),
        (&[("x-signature", "")], "signature_wrong"),
        (&[("x-signature", "not hex")], "signature_wrong"),
        (&[("x-signature", cut)], "signature_wrong"),
        (&[("x-signature", &longer)], "signature_wrong"),
        (&[("x-signature", &prefixed)], "signature_wrong"),
        (&[("x-signature", &of_another_body)], "signature_wrong"),
        (&[("x-webhook-signature", &by_another_key)], "signature_wrong"),
        // A signature, if present, must be valid, even next to a valid token.
        (&[("x-signature", &of_another_body), ("authorization", &bearer)], "signature_wrong"),
    ];
    for path in [UPLINK, "/webhooks/chirpstack/uplink?event=integration", "/webhooks/chirpstack/join"] {
        for (headers, code) in refusals {
            println!("{headers:?}");
            let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
            let answer = server.client.post_with(path, &headers, body.clone()).await;
            answer.problem(401, code);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    // An unauthorized sender does not learn about other errors of its request.
    let answer = server.client.post_with(UPLINK, &[("content-type", "text/plain")], "{").await;
    answer.problem(401, "credential_missing");
    assert_eq!(Log::of(&database).size().await, 0);
}

/// Which of two credentials counts must not depend on the program that looks.
#[tokio::test]
async fn credentials_that_are_given_twice_are_refused() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, SECRET).await;
    let body = uplink(1, 0).to_string();
    let signature = sign(SECRET, body.as_bytes());
    let bearer = format!("Bearer {SECRET}");
    let twice: [[(&str, &str); 2]; 7] = [
        [("authorization", &bearer), ("authorization", &bearer)],
        [("authorization", &bearer), ("authorization", "Bearer other")],
        [("authorization", "Basic Zm9v"), ("authorization", &bearer)],
        [("x-webhook-token", SECRET), ("x-webhook-token", "other")],
        [("x-signature", &signature), ("x-signature", "00")],
        [("x-webhook-signature", "00"), ("x-webhook-signature", &signature)],
        [("x-signature", &signature), ("x-webhook-signature", "00")],
    ];
    for path in [UPLINK, "/webhooks/chirpstack/uplink", "/webhooks/chirpstack/join"] {
        for headers in &twice {
            println!("{headers:?}");
            let headers: Vec<_> = headers.iter().copied().chain([JSON]).collect();
            server.client.post_with(path, &headers, body.clone()).await.problem(400, "header_repeated");
        }
    }
    assert_eq!(Log::of(&database).size().await, 0);
}

#[tokio::test]
async fn the_secret_is_never_logged() {
    let database = TestDatabase::create().await;
    let mut command = parking(&["up"]);
    command.env("DATABASE_URL", database.url(None)).env("CHIRPSTACK_WEBHOOK_SECRET", SECRET);
    let server = TestServer::launch(command.env("PARKING_LOG", "trace")).await;
    let (bearer, body) = (format!("Bearer {SECRET}"), uplink(1, 0).to_string());
    let good = server.client.post_with(UPLINK, &[JSON, ("authorization", &bearer)], body.clone()).await;
    good.accepted();
    let signed = [JSON, ("x-signature", "wrong"), ("x-webhook-token", SECRET)];
    let bad = server.client.post_with(UPLINK, &signed, body).await;
    bad.problem(401, "signature_wrong");
    for text in [server.log(), good.body, bad.body, format!("{:?}{:?}", good.headers, bad.headers)] {
        assert!(!text.contains(SECRET));
    }
    assert!(server.log().contains("DEBUG"), "everything was logged");
    assert!(server.terminate().await.success());
}

/// A network server with a wrong secret sends hundreds of reports a minute.
#[tokio::test]
async fn a_wrong_secret_leaves_one_line_with_the_reason() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, SECRET).await;
    for f_cnt in 0..5 {
        let headers = [JSON, ("authorization", "Bearer wrong")];
        let answer = server.client.post_with(UPLINK, &headers, uplink(1, f_cnt).to_string()).await;
        answer.problem(401, "token_wrong");
    }
    server.client.post_with(UPLINK, &[JSON], "{}").await.problem(401, "credential_missing");
    let log = server.log();
    let lines = |code: &str| log.lines().filter(|line| line.contains(code)).collect::<Vec<_>>();
    for (code, reason) in
        [("token_wrong", "not the webhook secret"), ("credential_missing", "send the webhook secret")]
    {
        let [line] = lines(code)[..] else { panic!("{code}: {log}") };
        assert!(line.contains("WARN") && line.contains(reason), "{line}");
    }
}
