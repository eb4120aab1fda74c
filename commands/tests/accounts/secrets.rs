//! No e-mail, name, password or token is stored or logged as text.

use parking_commands::accounts::{Bootstrapped, FirstAdmin, Reach};
use parking_domain::tenant::Role;
use parking_testkit::Role as Login;
use secrecy::ExposeSecret;

use crate::logged::Logged;
use crate::support::{
    ANN, BOB, Deployment, OTHER, PASSWORD, call, check, join, login, register, secret, user_of,
};

#[tokio::test]
async fn no_email_password_or_token_is_in_any_table_or_in_the_log() {
    let logged = Logged::default();
    tracing::subscriber::set_global_default(logged.clone()).unwrap();
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    let ann = register(&accounts, ANN, "acme").await;
    let bob = join(&accounts, &ann.principal, BOB, Role::Viewer).await;
    let admin = FirstAdmin { email: "root@example.com".into(), password: None, reach: Reach::Network };
    let Bootstrapped::Made { generated: Some(generated), .. } =
        accounts.bootstrap(admin, &call(0)).await.unwrap()
    else {
        panic!("there was no admin before")
    };
    let root = accounts
        .login(login("root@example.com", generated.password.expose_secret()), &call(1))
        .await
        .unwrap();
    let reason = "Bob moved to Berlin";
    accounts.disable_user(&root.principal, user_of(&bob), Some(reason), &call(2)).await.unwrap();
    accounts.enable_user(&root.principal, user_of(&bob), &call(2)).await.unwrap();
    let reset = accounts.reset_link(&ann.principal, user_of(&bob), &call(3)).await.unwrap();
    accounts.use_reset(&reset.token, &secret(OTHER), &call(4)).await.unwrap();
    let invited = accounts.invite(&ann.principal, "carol@example.com", Role::Viewer, &call(4)).await.unwrap();
    let refreshed = accounts.refresh(&ann.tokens.refresh, &call(5)).await.unwrap();
    check(&accounts, &refreshed, 6).await.unwrap();
    let _refused = accounts.login(login(BOB, "a mistyped password"), &call(6)).await;

    let mut secrets: Vec<String> =
        ["ann@example", "bob@example", "root@example", "carol@example", "Ann Onymous", "Robert Doe", reason]
            .map(str::to_lowercase)
            .into();
    secrets.extend([PASSWORD, OTHER, "a mistyped password"].map(str::to_owned));
    secrets.extend(
        [&generated.password, &reset.token, &invited.token, &ann.tokens.refresh, &refreshed.tokens.refresh]
            .map(|secret| secret.expose_secret().to_lowercase()),
    );
    secrets.extend(
        [&ann, &bob, &root, &refreshed]
            .map(|signed_in| signed_in.tokens.access.expose_secret().to_lowercase()),
    );
    let printed = format!("{ann:?} {root:?} {generated:?} {reset:?} {:?}", login(ANN, PASSWORD));
    let dump = dump(&deployment).await;
    assert!(dump.contains("acme") && dump.contains("argon2id$v=19$m=19456,t=2,p=1"), "the dump is complete");
    for (what, text) in [("a table", dump), ("the log", logged.take()), ("debug", printed)] {
        let text = text.to_lowercase();
        for secret in &secrets {
            for form in [secret.clone(), hex::encode(secret)] {
                assert!(!text.contains(&form), "{what} has {secret}");
            }
        }
    }
}

/// Every row of every table, as text; bytes as hex digits.
async fn dump(deployment: &Deployment) -> String {
    let admin = deployment.log.admin();
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables \
          where schemaname not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&admin)
    .await
    .unwrap();
    assert!(tables.iter().any(|table| table == "ops.sessions"), "{tables:?}");
    let mut dump = String::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(&format!("select t::text from {table} t")).fetch_all(&admin).await.unwrap();
        dump.extend(rows);
    }
    dump
}

#[tokio::test]
async fn no_other_role_reads_or_writes_what_logins_need() {
    let deployment = Deployment::start().await;
    let accounts = deployment.process().await;
    register(&accounts, ANN, "acme").await;
    let tables = ["users", "passwords", "sessions", "refresh_tokens", "links", "signing_keys", "bootstrap"];
    for table in tables {
        for role in [Login::Reader, Login::Writer, Login::Projector, Login::Auditor] {
            for sql in [format!("select count(*) from ops.{table}"), format!("delete from ops.{table}")] {
                let refused = sqlx::query(&sql).execute(&deployment.log.database.pool(role)).await;
                assert!(refused.is_err(), "{role:?}: {sql}");
            }
        }
        let owner = deployment.log.database.pool(Login::Owner);
        let rows: i64 =
            sqlx::query_scalar(&format!("select count(*) from ops.{table}")).fetch_one(&owner).await.unwrap();
        assert_eq!(rows, 0, "the owner has no policy: {table}");
    }
    let identity = deployment.log.database.pool(Login::Identity);
    for table in
        ["events", "streams", "claims", "ops.subject_keys", "ops.platform_keys", "projections.checkpoints"]
    {
        let refused = sqlx::query(&format!("select count(*) from {table}")).execute(&identity).await;
        assert!(refused.is_err(), "{table}");
    }
}
