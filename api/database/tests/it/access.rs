//! Who reaches the private server, and what its process knows.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use parking_database::{ClusterError, ClusterOptions, LocalCluster};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Executor};

use crate::{Home, admin, may_act_as_root, text};

/// A user of this machine that runs nothing of the platform.
const NOBODY: u32 = 65534;

#[tokio::test]
async fn the_kernel_says_who_is_at_the_other_end_of_the_socket() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut admin = admin(&cluster).await;
    admin.execute("create role stranger login superuser").await.unwrap();
    let stranger = cluster.admin_options().username("stranger").connect().await.unwrap_err();
    assert!(stranger.to_string().contains("Peer authentication failed"), "{stranger}");
    let sql = "select string_agg(distinct auth_method, ' ' order by auth_method) from pg_hba_file_rules";
    assert_eq!(text(&mut admin, sql).await, "peer reject");
    cluster.stop().await.unwrap();
}

/// Whatever settings say, nobody logs in over a network.
#[tokio::test]
async fn a_connection_by_tcp_is_rejected() {
    let home = Home::new();
    // Every address 127.x.x.x is this machine's; the process id chooses one that no other test uses.
    let id = std::process::id();
    let address = format!("127.{}.{}.{}", 1 + (id >> 16) % 250, (id >> 8) % 256, 1 + id % 250);
    let settings = vec![("listen_addresses".to_owned(), address.clone())];
    let cluster = LocalCluster::start(ClusterOptions { settings, ..home.options() }).await.unwrap();
    let options = PgConnectOptions::new_without_pgpass().host(&address).port(5432).username("postgres");
    let refusal = options.database("postgres").ssl_mode(PgSslMode::Disable).connect().await.unwrap_err();
    assert!(refusal.to_string().contains("pg_hba.conf rejects connection"), "{refusal}");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_listens_on_no_network_has_no_port() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut admin = admin(&cluster).await;
    assert_eq!(text(&mut admin, "show listen_addresses").await, "");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_servers_processes_inherit_no_variable() {
    let home = Home::new();
    let cluster = home.start().await;
    let environment = fs::read(format!("/proc/{}/environ", home.pid().as_raw_pid())).unwrap();
    let names: Vec<String> = environment
        .split(|byte| *byte == 0)
        .filter_map(|line| Some(String::from_utf8_lossy(line).split_once('=')?.0.to_owned()))
        .collect();
    assert!(names.iter().all(|name| name == "PATH" || name.starts_with("PG_")), "{names:?}");
    cluster.stop().await.unwrap();
}

/// Root would give the target of the link to the server's user, or write into it.
#[tokio::test]
async fn links_in_the_directory_are_not_followed() {
    for name in ["socket", "parking.lock", "postgres.log"] {
        let home = Home::new();
        let target = home.0.path().join("elsewhere");
        let is_directory = name == "socket";
        if is_directory {
            fs::create_dir(&target).unwrap();
        } else {
            fs::write(&target, "kept").unwrap();
        }
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        let directory = home.0.path().join("cluster");
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o711)).unwrap();
        symlink(&target, directory.join(name)).unwrap();
        let before = fs::metadata(&target).unwrap();

        let options = ClusterOptions { directory, ..home.options() };
        let refusal = LocalCluster::start(options).await.err().unwrap();
        assert!(
            matches!(&refusal, ClusterError::Io { path, .. } if path.ends_with(name)),
            "{name}: {refusal}"
        );
        let after = fs::metadata(&target).unwrap();
        assert_eq!(
            (after.mode(), after.uid(), after.gid()),
            (before.mode(), before.uid(), before.gid()),
            "{name}"
        );
        assert!(is_directory || fs::read_to_string(&target).unwrap() == "kept", "{name}");
    }
}

/// A command that root runs while the platform is stopped must not leave what the server's user cannot open.
#[tokio::test]
async fn what_root_makes_belongs_to_the_servers_user() {
    let home = Home::new();
    let cluster = home.start().await;
    let user = fs::metadata(format!("/proc/{}", home.pid().as_raw_pid())).unwrap().uid();
    for name in ["data", "socket", "parking.lock", "postgres.log", "pg_hba.conf", "pg_ident.conf"] {
        let found = fs::metadata(home.layout().directory().join(name)).unwrap();
        assert_eq!((found.uid(), found.mode() & 0o077), (user, 0), "{name}");
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_directory_of_somebody_else_is_refused() {
    if !may_act_as_root("only root makes a directory of somebody else") {
        return;
    }
    let home = Home::new();
    chown(home.0.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let refusal = LocalCluster::start(home.options()).await.err().unwrap();
    assert!(matches!(&refusal, ClusterError::Foreign { owner: NOBODY, .. }), "{refusal}");
    assert!(refusal.to_string().contains("PARKING_DATA_DIR"), "{refusal}");
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 0, "nothing was written");
}
