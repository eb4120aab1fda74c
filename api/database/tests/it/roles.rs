//! The roles: created once, with minimal rights, each a login.

use parking_database::roles::{BootstrapError, bootstrap, unexpected_rights};
use parking_database::{ClusterOptions, Database, LocalCluster, Logins, Role, prepare};
use sqlx::{ConnectOptions, Executor, PgConnection};

use crate::{Home, admin, eventually, text};

#[tokio::test]
async fn bootstrap_can_be_repeated_and_concurrent() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut connection = admin(&cluster).await;
    for name in ["one", "two", "three"] {
        connection.execute(&*format!("create database {name}")).await.unwrap();
    }

    let race = ["one", "one", "two", "two", "three", "three"].map(|name| {
        let options = cluster.admin_options().database(name);
        tokio::spawn(async move { bootstrap(&mut options.connect().await.unwrap()).await })
    });
    for runner in race {
        runner.await.unwrap().unwrap();
    }
    bootstrap(&mut cluster.admin_options().database("one").connect().await.unwrap()).await.unwrap();

    let owners =
        "select string_agg(datdba::regrole::text, ' ') from pg_database where datname in ('one', 'two')";
    assert_eq!(text(&mut connection, owners).await, "parking_owner parking_owner");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_owner_role_can_create_tables() {
    let home = Home::new();
    let cluster = home.start().await;
    bootstrap(&mut admin(&cluster).await).await.unwrap();

    let database = Database { admin: cluster.admin_options(), logins: Logins::Private };
    for role in Role::ALL {
        let mut connection = database.as_role(role).connect().await.unwrap();
        assert_eq!(who(&mut connection).await, (role.name().to_owned(), role.name().to_owned()));
        let made = connection.execute(&*format!("create table {}_s (id int)", role.name())).await;
        assert_eq!(made.is_ok(), role == Role::Owner, "{role:?}");
        let temporary = connection.execute("create temporary table scratch (id int)").await;
        assert_eq!(temporary.is_ok(), matches!(role, Role::Owner | Role::Auditor), "{role:?}");
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_login_without_superuser_sets_up_the_roles() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut connection = admin(&cluster).await;
    connection.execute("create role app login createrole createdb").await.unwrap();
    connection.execute("create database app owner app").await.unwrap();

    // As an operator would let further logins in.
    let map = home.layout().directory().join("pg_ident.conf");
    let rules = std::fs::read_to_string(&map).unwrap() + "parking /.* app\n";
    std::fs::write(&map, rules).unwrap();
    connection.execute("select pg_reload_conf()").await.unwrap();

    let login = cluster.admin_options().username("app").database("app");
    eventually("the map is read", async || login.connect().await.ok()).await;
    let mut app = login.connect().await.unwrap();
    bootstrap(&mut app).await.unwrap();
    bootstrap(&mut app).await.unwrap();

    let database = Database { admin: login, logins: Logins::ByName };
    for role in Role::ALL {
        let mut connection = database.as_role(role).connect().await.unwrap();
        connection.execute("reset role").await.unwrap();
        assert_eq!(who(&mut connection).await, (role.name().to_owned(), role.name().to_owned()));
    }

    // Only a superuser can revoke what everyone may by default; the login goes on without.
    let readers = ["parking_analyst", "parking_auditor", "parking_identity", "parking_reader"];
    assert_eq!(unexpected_rights(&mut app).await.unwrap(), readers);
    let mut superuser = cluster.admin_options().database("app").connect().await.unwrap();
    superuser.execute(include_str!("../../src/locks.sql")).await.unwrap();
    assert_eq!(unexpected_rights(&mut app).await.unwrap(), [""; 0]);
    prepare(&database).await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_role_that_bypasses_row_security_is_refused() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut connection = admin(&cluster).await;
    connection.execute("create role parking_reader login bypassrls").await.unwrap();
    let refusal = bootstrap(&mut connection).await.unwrap_err();
    assert!(
        matches!(&refusal, BootstrapError::TooPowerful { role } if role == "parking_reader"),
        "{refusal}"
    );
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn sql_readers_have_limits_with_both_ways_to_log_in() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut connection = admin(&cluster).await;
    bootstrap(&mut connection).await.unwrap();
    let by_program = |logins| Database { admin: cluster.admin_options(), logins };
    let limits =
        [(Role::Reader, "10s", "10s"), (Role::Identity, "10s", "10s"), (Role::Auditor, "0", "10min")];
    for (role, statement, idle) in limits {
        let by_hand = cluster.admin_options().username(role.name());
        let ways = [by_program(Logins::Private), by_program(Logins::ByName)].map(|way| way.as_role(role));
        for way in ways.into_iter().chain([by_hand]) {
            let mut session = way.connect().await.unwrap();
            let limit = text(&mut session, "show statement_timeout").await;
            assert_eq!(
                (&*limit, &*text(&mut session, "show idle_in_transaction_session_timeout").await),
                (statement, idle)
            );
        }
    }

    // Limits set by an operator are kept.
    connection.execute("alter role parking_reader set statement_timeout = '3s'").await.unwrap();
    bootstrap(&mut connection).await.unwrap();
    let mut session = cluster.admin_options().username(Role::Reader.name()).connect().await.unwrap();
    assert_eq!(text(&mut session, "show statement_timeout").await, "3s");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_login_cannot_keep_the_servers_reads_from_row_level_security() {
    let home = Home::new();
    let cluster = home.start().await;
    bootstrap(&mut admin(&cluster).await).await.unwrap();
    for role in [Role::Reader, Role::Auditor] {
        let mut login = cluster.admin_options().username(role.name()).connect().await.unwrap();
        login.execute("alter role current_user set row_security = off").await.unwrap();
        let database = Database { admin: cluster.admin_options(), logins: Logins::Private };
        let mut session = database.as_role(role).connect().await.unwrap();
        assert_eq!(text(&mut session, "show row_security").await, "on", "{role:?}");
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn no_session_of_a_role_compiles_its_queries() {
    let home = Home::new();
    let settings = vec![("jit".to_owned(), "on".to_owned())];
    let cluster = LocalCluster::start(ClusterOptions { settings, ..home.options() }).await.unwrap();
    let mut connection = admin(&cluster).await;
    bootstrap(&mut connection).await.unwrap();
    assert_eq!(text(&mut connection, "show jit").await, "on");
    for logins in [Logins::Private, Logins::ByName] {
        let database = Database { admin: cluster.admin_options(), logins };
        for role in Role::ALL {
            let mut session = database.as_role(role).connect().await.unwrap();
            assert_eq!(text(&mut session, "show jit").await, "off", "{role:?} {:?}", database.logins);
        }
    }
    cluster.stop().await.unwrap();
}

/// The current role, and the name that monitoring shows.
async fn who(connection: &mut PgConnection) -> (String, String) {
    let role = text(connection, "select current_user::text").await;
    (role, text(connection, "show application_name").await)
}
