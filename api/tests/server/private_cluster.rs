//! `parking up` and `parking exec` with a private database.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Output;

use parking_database::cluster::Layout;
use parking_database::is_root;
use parking_testkit::TestDatabase;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{PATIENCE, TestServer, UPLINK, eventually, parking};
use crate::uplinks::uplink;

/// A directory for one test's cluster. If the test fails, the database server is stopped too.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let directory = TempDir::with_prefix("parking-").unwrap();
        // The database server's user must be able to traverse a directory of root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self(directory)
    }

    pub(crate) fn parking(&self, arguments: &[&str]) -> Command {
        let mut command = parking(arguments);
        command.env("PARKING_DATA_DIR", self.0.path().join("platform"));
        command
    }

    pub(crate) async fn up(&self) -> TestServer {
        TestServer::launch(&mut self.parking(&["up"])).await
    }

    /// The administrator's connection to the running database.
    pub(crate) async fn admin(&self) -> PgConnection {
        let layout = Layout::new(&self.0.path().join("platform")).unwrap();
        layout.admin_options().database("parking").connect().await.unwrap()
    }

    /// The output of a query, run by `parking exec`.
    async fn psql(&self, sql: &str) -> Output {
        let mut command = self.parking(&["exec", "--", "psql", "-XAtc", sql]);
        timeout(PATIENCE, command.output()).await.expect("psql ends").unwrap()
    }

    /// The number of reports.
    async fn count(&self) -> String {
        let output = self.psql("select count(*) from events where aggregate_type = 'uplinks'").await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The database server's first process, as long as it runs.
    fn postmaster(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.0.path().join("platform/data/postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster() {
            let _gone = kill_process(pid, Signal::QUIT);
        }
    }
}

async fn post(server: &TestServer, f_cnt: u32) {
    server.client.post(UPLINK, uplink(1, f_cnt).to_string()).await.accepted();
}

/// True while the process runs; false for a zombie.
fn runs(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X'])))
}

#[tokio::test]
async fn up_starts_its_database_and_stops_it_again() {
    let home = Home::new();
    let server = home.up().await;
    post(&server, 0).await;
    assert_eq!(home.count().await, "1", "exec finds the database while the server is up");

    let second = timeout(PATIENCE, home.parking(&["up"]).output()).await.expect("the second ends").unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert!(
        error.contains("another parking process runs the database") && error.contains("platform"),
        "{error}"
    );
    post(&server, 1).await;

    let postmaster = home.postmaster().unwrap();
    assert_eq!(server.terminate().await.code(), Some(0));
    assert!(!runs(postmaster) && home.postmaster().is_none(), "the database server has stopped");

    assert_eq!(home.count().await, "2", "exec brings the database up for as long as it takes");
    assert!(home.postmaster().is_none(), "and down again");
    let server = home.up().await;
    server.client.post(UPLINK, uplink(1, 1).to_string()).await.duplicate();
    assert_eq!(server.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_database_of_a_killed_server_is_taken_over() {
    let home = Home::new();
    let server = home.up().await;
    post(&server, 0).await;
    post(&server, 1).await;
    let postmaster = home.postmaster().unwrap();
    server.kill().await;
    assert!(runs(postmaster), "the database does not depend on how its user died");

    let server = home.up().await;
    assert_eq!(home.postmaster(), Some(postmaster), "it is the same one");
    assert_eq!(home.count().await, "2");
    post(&server, 2).await;

    // If the database is killed under the running server, it restarts, and the server recovers.
    kill_process(postmaster, Signal::KILL).unwrap();
    let revived = eventually("the database comes back", async || {
        home.postmaster().filter(|revived| *revived != postmaster)
    });
    let postmaster = revived.await;
    eventually("uplinks are taken again", async || {
        let answer = server.client.post(UPLINK, uplink(1, 3).to_string()).await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(())
    })
    .await;
    assert_eq!(home.count().await, "4");
    assert_eq!(server.terminate().await.code(), Some(0));
    assert!(!runs(postmaster) && home.postmaster().is_none(), "an adopted database is stopped too");
}

#[tokio::test]
async fn exec_runs_as_the_read_only_auditor() {
    let home = Home::new();
    let server = home.up().await;
    post(&server, 0).await;
    let user = home.psql("select current_user").await;
    assert_eq!(String::from_utf8(user.stdout).unwrap().trim(), "parking_auditor");
    for sql in [
        "update events set body = ''",
        "delete from events",
        "truncate events",
        "insert into events select * from events",
        "update log_head set position = 0",
        "drop table events",
    ] {
        let output = home.psql(sql).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("ERROR"), "{sql}: {error}");
    }
    assert_eq!(home.count().await, "1");

    // The command's exit code is passed through.
    let status = home.parking(&["exec", "--", "sh", "-c", "exit 7"]).status().await.unwrap();
    assert_eq!(status.code(), Some(7));
    let unknown = home.parking(&["exec", "--", "no-such-program"]).output().await.unwrap();
    let error = String::from_utf8(unknown.stderr).unwrap();
    assert!(unknown.status.code() == Some(1) && error.contains("no-such-program"), "{error}");
}

/// The user that a process runs as.
fn user_of(pid: Pid) -> u32 {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_server_that_root_starts_runs_without_roots_rights() {
    const SECRET: &str = "correct-horse-battery-staple";
    let home = Home::new();
    // Root ran a command on the stopped platform before.
    assert_eq!(home.count().await, "0");
    let server = TestServer::launch(home.parking(&["up"]).env("CHIRPSTACK_WEBHOOK_SECRET", SECRET)).await;
    let database = home.postmaster().unwrap();
    for pid in [server.pid(), database] {
        assert_ne!(user_of(pid), 0, "process {}", pid.as_raw_pid());
    }
    assert_eq!(user_of(server.pid()), user_of(database));
    let environment = fs::read(format!("/proc/{}/environ", database.as_raw_pid())).unwrap();
    assert!(!environment.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    assert_eq!(home.count().await, "0", "and root still gets in");
    assert_eq!(server.terminate().await.code(), Some(0));
    assert_eq!(home.count().await, "0");
    let server = home.up().await;
    assert_eq!(server.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_directory_that_holds_something_else_is_not_given_away() {
    if !is_root() {
        eprintln!("skipped, because this user is not root: only root gives a directory away");
        return;
    }
    let home = Home::new();
    fs::create_dir(home.0.path().join("platform")).unwrap();
    let file = home.0.path().join("platform/precious");
    fs::write(&file, "kept").unwrap();
    let output = timeout(PATIENCE, home.parking(&["up"]).output()).await.expect("it ends").unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("is not empty") && error.contains("PARKING_DATA_DIR"), "{error}");
    assert_eq!(fs::metadata(home.0.path().join("platform")).unwrap().uid(), 0);
}

/// An exported `PGHOSTADDR` outranks `PGHOST`, and a service outranks neither, but has to exist.
const OF_THE_SHELL: [(&str, &str); 5] = [
    ("PGHOSTADDR", "127.0.0.1"),
    ("PGPORT", "5433"),
    ("PGSERVICE", "elsewhere"),
    ("PGSERVICEFILE", "/nowhere"),
    ("PGSSLMODE", "verify-full"),
];

#[tokio::test]
async fn variables_of_the_shell_choose_no_other_server() {
    let home = Home::new();
    let server = home.up().await;
    for place in
        ["psql -XAtc 'select current_user'", "psql -XAt -d \"$DATABASE_URL\" -c 'select current_user'"]
    {
        let mut command = home.parking(&["exec", "--", "sh", "-c", place]);
        let output = timeout(PATIENCE, command.envs(OF_THE_SHELL).output()).await.expect("it ends").unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "parking_auditor", "{output:?}");
    }
    assert_eq!(server.terminate().await.code(), Some(0));
}

/// Runs a command on this database, as the operator of a server with a URL does.
async fn exec_on(url: &str, command: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut parking = parking(&[&["exec", "--"], command].concat());
    parking.env("DATABASE_URL", url).env_remove("PGOPTIONS").envs(variables.iter().copied());
    timeout(PATIENCE, parking.output()).await.expect("it ends").unwrap()
}

/// Who the login is, and as which role it works.
async fn who(url: &str, variables: &[(&str, &str)]) -> String {
    let output = exec_on(url, &["psql", "-XAtc", "select session_user, current_user"], variables).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// With `DATABASE_URL` too, whatever its login may do.
#[tokio::test]
async fn exec_runs_as_the_auditor_on_a_server_with_a_url() {
    let database = TestDatabase::create().await;
    let url = database.url(None);
    assert_eq!(who(&url, &[]).await, "parking_auditor|parking_auditor");
    assert_eq!(who(&url, &OF_THE_SHELL[..4]).await, "parking_auditor|parking_auditor");
    for sql in ["insert into events select * from events", "create table public.t ()", "select lo_creat(-1)"]
    {
        let output = exec_on(&url, &["psql", "-XAtc", sql], &[]).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains("permission denied"), "{sql}: {error}");
    }
}

/// `PGUSER` is the login of a URL that names none.
#[tokio::test]
async fn the_role_of_exec_has_a_setting_of_its_own() {
    let database = TestDatabase::create().await;
    let named = database.url(None);
    let unnamed = named.replace("&user=postgres", "");
    assert_ne!(named, unnamed);
    let login = ("PGUSER", "postgres");
    let reader = ("PARKING_ROLE", "parking_reader");
    for (url, variables, expected) in [
        (&unnamed, &[login][..], "parking_auditor|parking_auditor"),
        (&unnamed, &[login, reader], "parking_reader|parking_reader"),
        (&named, &[reader], "parking_reader|parking_reader"),
        (&named, &[("PGUSER", "parking_owner")], "parking_auditor|parking_auditor"),
    ] {
        assert_eq!(who(url, variables).await, expected, "{variables:?}");
    }
}
