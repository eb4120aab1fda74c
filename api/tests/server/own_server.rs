//! A PostgreSQL server of one's own, where each role logs in with a password.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use parking_database::cluster::Layout;
use parking_database::{ClusterOptions, LocalCluster, Role};
use rustix::process::{Signal, kill_process};
use sqlx::{ConnectOptions, Executor, PgConnection};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::private_cluster::Home;
use crate::refused_starts::failure;
use crate::support::{PATIENCE, TestServer, UPLINK, parking};
use crate::uplinks::uplink;

/// The server, and the URLs that were printed.
struct Server {
    cluster: LocalCluster,
    urls: HashMap<String, String>,
    home: TempDir,
}

impl Server {
    async fn start() -> Self {
        let home = TempDir::with_prefix("parking-").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let rules = home.path().join("passwords.conf");
        fs::write(&rules, "local all postgres peer map=parking\nlocal all all scram-sha-256\n").unwrap();
        let bin_dir = std::env::var_os("PG_BIN_DIR").map(Into::into);
        let settings = vec![("hba_file".to_owned(), rules.display().to_string())];
        let directory = home.path().join("cluster");
        let cluster = LocalCluster::start(ClusterOptions { directory, bin_dir, settings }).await.unwrap();
        Self { cluster, urls: HashMap::new(), home }
    }

    /// The program with the administrator's URL.
    fn administer(&self, arguments: &[&str]) -> Command {
        let mut command = parking(arguments);
        command.env("DATABASE_URL", self.cluster.layout().url("postgres", "lot"));
        command
    }

    /// The program with the URLs of the roles.
    fn parking(&self, arguments: &[&str]) -> Command {
        let mut command = parking(arguments);
        command.envs(&self.urls);
        command
    }

    async fn init(&mut self, arguments: &[&str]) -> Vec<String> {
        let arguments = [&["database", "init"], arguments].concat();
        let printed = stdout(self.administer(&arguments)).await;
        let lines = printed.lines().map(|line| line.split_once('=').unwrap());
        let names: Vec<String> = lines.clone().map(|(name, _)| name.to_owned()).collect();
        self.urls.extend(lines.map(|(name, url)| (name.to_owned(), url.to_owned())));
        names
    }

    async fn admin(&self) -> PgConnection {
        self.cluster.admin_options().database("lot").connect().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let layout = Layout::new(&self.home.path().join("cluster")).unwrap();
        if let Some(pid) = layout.postmaster_pid() {
            let _gone = kill_process(pid, Signal::QUIT);
        }
    }
}

async fn stdout(mut command: Command) -> String {
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn each_role_has_a_login_of_its_own_and_no_session_leaves_it() {
    let mut server = Server::start().await;
    // One login for all roles would let every session become every role.
    let error = failure(&mut server.administer(&["up"])).await;
    assert!(
        error.contains("cannot log in as parking_owner") && error.contains("parking database init"),
        "{error}"
    );

    let names = server.init(&[]).await;
    let expected: Vec<&str> =
        Role::ALL.map(Role::variable).into_iter().chain(["PARKING_BACKUP_URL"]).collect();
    assert_eq!(names, expected);
    assert_eq!(server.init(&[]).await, [""; 0], "a password is printed once");

    // A server that may not migrate waits until somebody has.
    let migration = server.urls.remove("PARKING_MIGRATION_URL").unwrap();
    let error = failure(&mut server.parking(&["up"])).await;
    assert!(error.contains("parking database migrate"), "{error}");
    stdout({
        let mut command = server.parking(&["database", "migrate"]);
        command.env("PARKING_MIGRATION_URL", &migration);
        command
    })
    .await;
    let up = TestServer::launch(&mut server.parking(&["up"])).await;
    up.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    let sessions: Vec<(String, String)> = sqlx::query_as(
        "select usename::text, application_name from pg_stat_activity where application_name like 'parking%' group by 1, 2",
    )
    .fetch_all(&mut server.admin().await)
    .await
    .unwrap();
    assert!(sessions.len() >= 2 && sessions.iter().all(|(login, role)| login == role), "{sessions:?}");
    assert!(up.terminate().await.success());
    let error = failure(&mut server.parking(&["rebuild"])).await;
    assert!(error.contains("PARKING_MIGRATION_URL is missing"), "{error}");
    server.urls.insert("PARKING_MIGRATION_URL".to_owned(), migration);
    stdout(server.parking(&["rebuild"])).await;

    for sql in ["set role none", "reset role", "reset session authorization", "reset all"] {
        let who = format!("{sql}; select session_user || ' ' || current_user");
        let printed = stdout(server.parking(&["exec", "--", "psql", "-XAtqc", &who])).await;
        assert_eq!(printed.trim(), "parking_auditor parking_auditor", "{sql}");
    }
    for role in Role::ALL.map(Role::name).into_iter().filter(|role| *role != "parking_auditor") {
        let error =
            failure(&mut server.parking(&["exec", "--", "psql", "-XAtc", &format!("set role {role}")])).await;
        assert!(error.contains("permission denied"), "{role}: {error}");
    }

    let before = server.urls.clone();
    server.init(&["--new-passwords"]).await;
    let mut with_old_passwords = parking(&["up"]);
    let error = failure(with_old_passwords.envs(before)).await;
    assert!(error.contains("password authentication failed"), "{error}");
    let up = TestServer::launch(&mut server.parking(&["up"])).await;
    assert!(up.terminate().await.success());
}

#[tokio::test]
async fn a_url_has_the_login_of_its_role_and_none_is_missing() {
    let mut server = Server::start().await;
    server.init(&[]).await;
    let owner = server.urls["PARKING_MIGRATION_URL"].clone();
    let error = failure(server.parking(&["up"]).env("PARKING_READER_URL", owner)).await;
    assert!(error.contains("PARKING_READER_URL logs in as parking_owner"), "{error}");
    let error = failure(server.parking(&["up"]).env("PARKING_READER_URL", "")).await;
    assert!(error.contains("PARKING_READER_URL is missing"), "{error}");
    let error = failure(&mut server.parking(&["database", "analyst", "list"])).await;
    assert!(error.contains("DATABASE_URL is missing"), "{error}");
}

#[tokio::test]
async fn an_analyst_is_added_for_a_tenant_and_removed() {
    let mut server = Server::start().await;
    server.init(&[]).await;
    assert!(TestServer::launch(&mut server.parking(&["up"])).await.terminate().await.success());
    let analyst = |arguments: &[&str]| server.administer(&[&["database", "analyst"], arguments].concat());
    for (arguments, expected) in [
        (&["add", "ann", "--tenant", "nobody"][..], "there is no tenant nobody"),
        (&["add", "Ann; drop", "--tenant", "default"], "is no name for an analyst"),
        (&["remove", "ann"], "there is no analyst analyst_ann"),
    ] {
        let error = failure(&mut analyst(arguments)).await;
        assert!(error.contains(expected), "{error}");
    }
    let url = stdout(analyst(&["add", "ann", "--tenant", "default"])).await;
    let error = failure(&mut analyst(&["add", "ann", "--tenant", "default"])).await;
    assert!(error.contains("the login analyst_ann exists"), "{error}");
    assert!(stdout(analyst(&["list"])).await.starts_with("analyst_ann  tenant "));

    let options: sqlx::postgres::PgConnectOptions = url.trim().parse().unwrap();
    let mut session = options.connect().await.unwrap();
    let sites = "select count(*) from projections.sites";
    assert!(sqlx::query_scalar::<_, i64>(sites).fetch_one(&mut session).await.unwrap() > 0);
    assert!(session.execute("select * from events").await.is_err());
    stdout(analyst(&["remove", "ann"])).await;
    assert_eq!(stdout(analyst(&["list"])).await, "");
    let seen = sqlx::query_scalar::<_, i64>(sites).fetch_one(&mut session).await.unwrap_or_default();
    assert_eq!(seen, 0, "an open session sees nothing any more");
    assert!(options.connect().await.is_err());
}

/// As docs/operations.md says.
#[tokio::test]
async fn a_backup_is_restored_into_a_new_directory() {
    let (home, copy) = (Home::new(), Home::new());
    let server = home.up().await;
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("parking.backup");
    let file = file.to_str().unwrap();
    let dump = ["exec", "--", "pg_dump", "--format=custom", "--file", file];
    let refused = failure(&mut home.parking(&dump)).await;
    assert!(refused.contains("permission denied") || refused.contains("row-level security"), "{refused}");
    let mut command = home.parking(&dump);
    command.env("PARKING_ROLE", "parking_backup");
    stdout(command).await;
    assert!(server.terminate().await.success());

    let mut command =
        copy.parking(&["exec", "--", "pg_restore", "--clean", "--if-exists", "--exit-on-error"]);
    command.args(["--dbname=parking", file]).env("PARKING_ROLE", "postgres");
    stdout(command).await;
    let server = copy.up().await;
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.duplicate();
    server.client.post(UPLINK, uplink(1, 1).to_string()).await.accepted();
    let reasons = "select count(*) from projections.orphan_devices";
    assert_eq!(stdout(copy.parking(&["exec", "--", "psql", "-XAtc", reasons])).await.trim(), "1");
    assert!(server.terminate().await.success());
}
