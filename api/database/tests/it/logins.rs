//! Logins with passwords, on a server of one's own.

use std::fs;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_database::{
    BACKUP, ClusterOptions, Database, LocalCluster, Login, Logins, PrepareError, Role, Urls, UrlsError, init,
    prepare,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor};

use crate::{Home, text};

/// A server that asks each role for a password and logs every statement.
async fn server(home: &Home) -> (LocalCluster, Database) {
    let rules = home.0.path().join("passwords.conf");
    fs::write(&rules, "local all postgres peer map=parking\nlocal all all scram-sha-256\n").unwrap();
    let mut options = home.options();
    let settings = [("hba_file", rules.to_str().unwrap()), ("log_statement", "all")];
    options.settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let cluster = LocalCluster::start(ClusterOptions { ..options }).await.unwrap();
    let admin = cluster.admin_options().database("lot");
    (cluster, Database { admin, logins: Logins::ByName })
}

/// Bytes that differ from call to call.
fn fill(bytes: &mut [u8]) {
    static CALLS: AtomicU8 = AtomicU8::new(1);
    bytes.fill(CALLS.fetch_add(1, Ordering::Relaxed));
}

fn urls(logins: &[Login], without: Option<Role>) -> Result<Option<Urls>, UrlsError> {
    Urls::of_given(|role| {
        let found = logins.iter().find(|login| login.variable == role.variable() && Some(role) != without);
        Some(found?.url.clone())
    })
}

fn database_of(logins: &[Login], without: Option<Role>) -> Database {
    Database::of_urls(urls(logins, without).unwrap().unwrap())
}

#[tokio::test]
async fn no_session_of_a_role_leaves_it() {
    let home = Home::new();
    let (cluster, by_name) = server(&home).await;
    let refused = prepare(&by_name).await.unwrap_err();
    assert!(matches!(refused, PrepareError::Login { role: "parking_owner", .. }), "{refused}");
    assert!(refused.to_string().contains("parking database init"), "{refused}");

    let logins = init(&by_name, false, fill).await.unwrap();
    let database = database_of(&logins, None);
    prepare(&database).await.unwrap();
    for role in Role::ALL {
        let mut session = database.as_role(role).connect().await.unwrap();
        for trick in [
            "set role none",
            "reset role",
            "reset all",
            "set session authorization default",
            "reset session authorization",
        ] {
            session.execute(trick).await.unwrap();
            let who = text(&mut session, "select session_user || ' ' || current_user").await;
            assert_eq!(who, format!("{0} {0}", role.name()), "{trick}");
        }
        let others = Role::ALL.map(Role::name).into_iter().chain(["postgres", BACKUP.0]);
        for other in others.filter(|other| *other != role.name()) {
            for how in ["role", "session authorization"] {
                let refused = session.execute(&*format!("set {how} {other}")).await.unwrap_err();
                let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
                assert_eq!(code, "42501", "{} becomes {other}: {refused}", role.name());
            }
        }
    }
    let log = fs::read_to_string(home.layout().log()).unwrap();
    assert!(log.contains("alter role parking_reader password 'SCRAM-SHA-256$"), "statements are logged");
    for login in &logins {
        let password = login.url.split([':', '@']).nth(2).unwrap();
        assert!(password.len() == 64 && !log.contains(password), "{}", login.variable);
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn passwords_are_made_once_and_anew_when_that_is_asked() {
    let home = Home::new();
    let (cluster, by_name) = server(&home).await;
    let first = init(&by_name, false, fill).await.unwrap();
    let names: Vec<&str> = first.iter().map(|login| login.variable).collect();
    let expected: Vec<&str> = Role::ALL.map(Role::variable).into_iter().chain([BACKUP.1]).collect();
    assert_eq!(names, expected);
    assert!(init(&by_name, false, fill).await.unwrap().is_empty());

    // A role that a later release has, or that somebody made again.
    let mut admin = by_name.admin.connect().await.unwrap();
    admin.execute("comment on role parking_reader is null").await.unwrap();
    let second = init(&by_name, false, fill).await.unwrap();
    assert_eq!(second.iter().map(|login| login.variable).collect::<Vec<_>>(), ["PARKING_READER_URL"]);

    let old: PgConnectOptions = first[1].url.parse().unwrap();
    old.connect().await.unwrap();
    let third = init(&by_name, true, fill).await.unwrap();
    assert_eq!(third.len(), first.len());
    assert_eq!(
        old.connect().await.unwrap_err().as_database_error().unwrap().code().as_deref(),
        Some("28P01")
    );
    prepare(&database_of(&third, None)).await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_without_the_owners_login_waits_for_the_migrations() {
    let home = Home::new();
    let (cluster, by_name) = server(&home).await;
    let logins = init(&by_name, false, fill).await.unwrap();
    let (owning, serving) = (database_of(&logins, None), database_of(&logins, Some(Role::Owner)));
    let refused = prepare(&serving).await.unwrap_err();
    assert!(matches!(refused, PrepareError::NotMigrated), "{refused}");
    prepare(&owning).await.unwrap();
    prepare(&serving).await.unwrap();
    assert!(serving.as_owner().unwrap_err().to_string().contains("PARKING_MIGRATION_URL"));

    let mut admin = by_name.admin.connect().await.unwrap();
    for (change, undo) in [
        ("update _sqlx_migrations set version = 999 where version = 1", "where version = 999"),
        ("insert into projections.checkpoints values ('fleet', 999)", ""),
    ] {
        admin.execute(change).await.unwrap();
        let refused = prepare(&serving).await.unwrap_err();
        assert!(matches!(refused, PrepareError::NotMigrated), "{change}: {refused}");
        if !undo.is_empty() {
            admin.execute(&*format!("update _sqlx_migrations set version = 1 {undo}")).await.unwrap();
        }
    }
    prepare(&owning).await.unwrap();
    prepare(&serving).await.unwrap();
    cluster.stop().await.unwrap();
}

#[test]
fn each_url_has_the_login_of_its_role() {
    let login = |role: Role| Login {
        variable: role.variable(),
        url: format!("postgres://{}:secret@localhost/lot", role.name()),
    };
    let all: Vec<Login> = Role::ALL.map(login).into();
    assert!(urls(&[], None).unwrap().is_none());
    assert!(urls(&all, None).is_ok() && urls(&all, Some(Role::Owner)).is_ok());
    let missing = urls(&all, Some(Role::Reader)).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "PARKING_READER_URL is missing: set it to the URL of this role, which `parking database init` printed"
    );
    for (url, expected) in [
        ("postgres://postgres:secret@localhost/lot", "PARKING_READER_URL logs in as postgres"),
        ("postgres://parking_reader:secret@db.example/lot", "without sslmode=verify-full"),
        ("nonsense", "is not a PostgreSQL URL"),
    ] {
        let other = Urls::of_given(|role| match role {
            Role::Reader => Some(url.to_owned()),
            role => Some(login(role).url),
        });
        let error = other.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
}
