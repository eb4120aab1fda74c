//! Refused starts, the default directory, and URLs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use parking_database::cluster::{Answer, Layout};
use parking_database::{ClusterError, ClusterOptions, LocalCluster, default_directory};

use crate::Home;

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_refused() {
    let home = Home::new();
    let options = ClusterOptions::at(home.0.path().join("a".repeat(100)));
    let refusal = LocalCluster::start(options).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::SocketPathTooLong { limit: 107, .. }));
    assert!(refusal.to_string().ends_with("set PARKING_DATA_DIR to a shorter path"), "{refusal}");
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let home = Home::new();
    let program = home.0.path().join("postgres");
    fs::write(&program, "#!/bin/sh\necho 'postgres (PostgreSQL) 13.22 (Debian 13.22-0+deb11u1)'\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();

    let options = ClusterOptions { bin_dir: Some(home.0.path().to_owned()), ..home.options() };
    let refusal = LocalCluster::start(options).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::TooOld { found: 13, needed: 15, .. }), "{refusal}");
}

#[tokio::test]
async fn a_missing_server_is_refused() {
    let home = Home::new();
    let options = ClusterOptions { bin_dir: Some(home.0.path().to_owned()), ..home.options() };
    let refusal = LocalCluster::start(options).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::NoInstallation { .. }), "{refusal}");
}

#[tokio::test]
async fn data_of_a_version_that_is_not_installed_is_refused() {
    let home = Home::new();
    fs::create_dir(home.layout().data()).unwrap();
    fs::write(home.layout().data().join("PG_VERSION"), "14\n").unwrap();
    let refusal = LocalCluster::start(home.options()).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::OtherVersion { written: 14, .. }), "{refusal}");
}

#[tokio::test]
async fn an_invalid_setting_is_reported_in_the_servers_words() {
    let home = Home::new();
    let mut options = home.options();
    options.settings.push(("no_such_setting".into(), "1".into()));
    let refusal = LocalCluster::start(options).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::Ended { .. }), "{refusal}");
    assert!(refusal.to_string().contains(r#"unrecognized configuration parameter "no_such_setting""#));
    assert_eq!(home.layout().answer().await, Answer::Nobody);
}

#[test]
fn the_default_directory_is_the_systems_state_directory() {
    let path = |text: &str| Some(PathBuf::from(text));
    for (is_root, state, home, expected) in [
        (true, path("/state"), path("/root"), Some("/var/lib/parking")),
        (false, path("/state"), path("/home/ann"), Some("/state/parking")),
        (false, None, path("/home/ann"), Some("/home/ann/.local/state/parking")),
        (false, path(""), path("/home/ann"), Some("/home/ann/.local/state/parking")),
        (false, path("relative"), path("/home/ann"), Some("/home/ann/.local/state/parking")),
        (false, None, path(""), None),
        (false, None, None, None),
    ] {
        let found = default_directory(is_root, state.clone(), home.clone());
        assert_eq!(found.ok(), expected.map(PathBuf::from), "{is_root} {state:?} {home:?}");
    }
}

#[test]
fn a_url_works_for_unusual_directories() {
    let layout = Layout::new("/tmp/a b&c+d".as_ref()).unwrap();
    let options: sqlx::postgres::PgConnectOptions = layout.url("ann", "parking").parse().unwrap();
    assert_eq!(options.get_socket(), Some(&PathBuf::from("/tmp/a b&c+d/socket")));
    assert_eq!((options.get_username(), options.get_database()), ("ann", Some("parking")));
}
