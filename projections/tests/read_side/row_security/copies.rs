//! The isolation of tenants on real servers: a private one, and one where each role logs in with a password. Both have
//! the data of two tenants from a backup, which so is shown to restore the policies too.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU8, Ordering};

use parking_database::cluster::{Installation, Layout};
use parking_database::{
    BACKUP, ClusterOptions, Database, LocalCluster, Logins, Urls, analysts, init, prepare,
};
use parking_projections::engine::reader::Reader;
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};
use rustix::process::{Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

use super::mistakes::LOGINS;
use super::walk::{Looker, function_leaks, leaks, unguarded, unproven_by};
use super::{OURS, THEIRS, tricks, two_tenants};

/// How the roles log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Private,
    WithPasswords,
}

/// A server for one test. If the test fails, it is stopped.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let directory = TempDir::with_prefix("parking-").unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self(directory)
    }

    async fn start(&self, server: Server) -> LocalCluster {
        let mut options = ClusterOptions::at(self.0.path().join("cluster"));
        options.bin_dir = bin_dir();
        options.settings.push(("fsync".to_owned(), "off".to_owned()));
        if server == Server::WithPasswords {
            let rules = self.0.path().join("passwords.conf");
            fs::write(&rules, "local all postgres peer map=parking\nlocal all all scram-sha-256\n").unwrap();
            options.settings.push(("hba_file".to_owned(), rules.display().to_string()));
        }
        LocalCluster::start(options).await.unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let layout = Layout::new(&self.0.path().join("cluster")).unwrap();
        if let Some(pid) = layout.postmaster_pid() {
            let _gone = kill_process(pid, Signal::QUIT);
        }
    }
}

fn bin_dir() -> Option<PathBuf> {
    std::env::var_os("PG_BIN_DIR").map(PathBuf::from)
}

/// Bytes that differ from call to call.
fn fill(bytes: &mut [u8]) {
    static CALLS: AtomicU8 = AtomicU8::new(1);
    bytes.fill(CALLS.fetch_add(1, Ordering::Relaxed));
}

/// One of PostgreSQL's programs on the server of these options, run by its user.
fn program(name: &str, layout: &Layout, login: &str, database: &str) -> Command {
    let installation = Installation::find(bin_dir().as_deref(), layout).unwrap();
    let mut command = installation.command(name);
    command.arg("--host").arg(layout.socket()).args(["--username", login, "--dbname", database]);
    command
}

fn output(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The whole database, read by the login for backups.
fn backup(log: &EventLog) -> Vec<u8> {
    let admin = &log.database.database().admin;
    let directory = admin.get_socket().unwrap().parent().unwrap();
    let layout = Layout::new(directory).unwrap();
    output(program("pg_dump", &layout, BACKUP.0, admin.get_database().unwrap()).arg("--format=custom")).stdout
}

/// A server with the backup's data, and how its roles log in.
async fn restored(cluster: &LocalCluster, server: Server, backup: &[u8], home: &Home) -> Database {
    let admin = cluster.admin_options().database(LocalCluster::DATABASE);
    let by_name = Database { admin, logins: Logins::ByName };
    let logins = init(&by_name, false, fill).await.unwrap();
    let file = home.0.path().join("backup");
    fs::write(&file, backup).unwrap();
    let layout = cluster.layout();
    output(
        program("pg_restore", layout, "postgres", LocalCluster::DATABASE).arg("--exit-on-error").arg(file),
    );
    let database = match server {
        Server::Private => cluster.database(),
        Server::WithPasswords => {
            let url =
                |role: Role| Some(logins.iter().find(|login| login.variable == role.variable())?.url.clone());
            Database::of_urls(Urls::of_given(url).unwrap().unwrap())
        }
    };
    prepare(&database).await.unwrap();
    database
}

/// The login of an analyst of our tenant.
async fn analyst(database: &Database, by_name: &Database, ours: &str) -> PgConnectOptions {
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap().trim().to_owned();
    let admin = match database.logins {
        Logins::Private => database,
        _ => by_name,
    };
    match analysts::add(admin, &user, ours, fill).await.unwrap() {
        (_, Some(url)) => url.parse().unwrap(),
        (role, None) => database.admin.clone().username(&role),
    }
}

async fn is_closed(server: Server) {
    let log = two_tenants().await;
    sqlx::raw_sql(LOGINS).execute(&log.admin()).await.unwrap();
    let [ours, theirs] = [OURS, THEIRS].map(|mark| Estate::new(&log, mark).tenant());
    let home = Home::new();
    let cluster = home.start(server).await;
    let database = restored(&cluster, server, &backup(&log), &home).await;
    let admin = cluster.admin_options().database(LocalCluster::DATABASE);
    let superuser = PgPoolOptions::new().connect_with(admin.clone()).await.unwrap();
    assert_eq!(unproven_by(&superuser, OURS, THEIRS).await, [""; 0]);
    assert_eq!(unguarded(&superuser).await, [""; 0]);
    let links: i64 =
        sqlx::query_scalar("select count(*) from ops.links").fetch_one(&superuser).await.unwrap();
    assert_eq!(links, 1, "what logins need is in the backup");

    let by_name = Database { admin, logins: Logins::ByName };
    let login = analyst(&database, &by_name, &ours.to_string()).await;
    let mut session = login.connect().await.unwrap();
    assert_eq!(leaks(&mut session, Looker::Everywhere, OURS, THEIRS).await, [""; 0]);
    for trick in tricks::all(login.get_username(), theirs) {
        let mut session = login.connect().await.unwrap();
        // What is refused changes nothing, and neither does what is allowed.
        if session.execute(&*trick).await.is_err() {
            session.execute("rollback").await.unwrap();
        }
        assert_eq!(leaks(&mut session, Looker::Here, OURS, THEIRS).await, [""; 0], "after {trick}");
        assert_eq!(function_leaks(&mut session, theirs, THEIRS).await, [""; 0], "after {trick}");
    }

    let reader = database.as_role(Role::Reader);
    for trick in tricks::of_reader() {
        let mut session = reader.connect().await.unwrap();
        let _tried = session.execute(&*trick).await;
        for mark in [OURS, THEIRS] {
            assert_eq!(leaks(&mut session, Looker::Nowhere, OURS, mark).await, [""; 0], "after {trick}");
        }
        if trick == tricks::NO_READ {
            continue;
        }
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(reader.clone());
        let mut reading = Reader::new(pool).of(ours).await.unwrap();
        reading.execute("savepoint before").await.unwrap();
        if reading.execute(&*trick).await.is_err() {
            reading.execute("rollback to before").await.unwrap();
        }
        assert_eq!(
            leaks(&mut reading, Looker::Nowhere, OURS, THEIRS).await,
            [""; 0],
            "reading after {trick}"
        );
        assert_eq!(function_leaks(&mut reading, theirs, THEIRS).await, [""; 0], "reading after {trick}");
    }
    superuser.close().await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn no_row_of_another_tenant_is_seen_on_a_restored_private_server() {
    is_closed(Server::Private).await;
}

#[tokio::test]
async fn no_row_of_another_tenant_is_seen_on_a_restored_server_with_passwords() {
    is_closed(Server::WithPasswords).await;
}
