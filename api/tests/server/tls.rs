//! Connections to PostgreSQL: elsewhere only with a verified certificate, so that no password goes out in clear.

use std::net::TcpListener;
use std::process::{Child, Stdio};

use parking_database::cluster::{Installation, Layout, Sync};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::refused_starts::failure;
use crate::support::{TestServer, UPLINK, eventually, parking};
use crate::uplinks::uplink;

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");

#[tokio::test]
async fn a_password_goes_to_no_other_machine_in_clear() {
    for mode in [
        "",
        "?sslmode=disable",
        "?sslmode=allow",
        "?sslmode=prefer",
        "?sslmode=require",
        "?sslmode=verify-ca",
    ] {
        let url = format!("postgres://ann:correct-horse@192.0.2.1/parking{mode}");
        for command in [&["up"][..], &["rebuild"], &["exec", "--", "true"], &["log", "status"]] {
            let error = failure(parking(command).env("DATABASE_URL", &url)).await;
            assert!(error.contains("192.0.2.1") && error.contains("sslmode=verify-full"), "{error}");
            assert!(!error.contains("correct-horse"), "{error}");
        }
    }
}

/// A PostgreSQL server that takes connections by TCP with TLS only.
struct Server {
    process: Child,
    port: u16,
    _home: TempDir,
}

impl Server {
    async fn start() -> Self {
        let home = TempDir::with_prefix("parking-").unwrap();
        let bin_dir = std::env::var_os("PG_BIN_DIR").map(std::path::PathBuf::from);
        let layout = Layout::new(&home.path().join("cluster")).unwrap();
        let installation = Installation::find(bin_dir.as_deref(), &layout).unwrap();
        for directory in [home.path(), layout.directory(), &layout.socket()] {
            installation.make_private(directory).unwrap();
        }
        installation.initdb(&layout, Sync::Skipped).await.unwrap();
        let write = |name: &str, text: &str| {
            let mut command = installation.command("/bin/sh");
            command
                .args(["-c", "umask 077; printf %s \"$1\" > \"$2\"", "sh", text])
                .arg(layout.data().join(name));
            assert!(command.status().unwrap().success());
        };
        write("server.key", include_str!("../fixtures/tls/server.key"));
        write("server.crt", include_str!("../fixtures/tls/server.pem"));
        write("tls_hba.conf", "hostssl all all 127.0.0.1/32 trust\n");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = [
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("ssl", "on".to_owned()),
            ("hba_file", layout.data().join("tls_hba.conf").display().to_string()),
            ("fsync", "off".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        let mut command = installation.server(&layout, &settings);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, port, _home: home };
        eventually("the server is up", async || server.options("postgres").connect().await.ok()).await;
        server
    }

    /// A URL of the server by this name.
    fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://postgres:correct-horse@{host}:{}/parking?{parameters}", self.port)
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        let url = self.url("localhost", &format!("sslmode=verify-full&sslrootcert={AUTHORITY}"));
        url.parse::<PgConnectOptions>().unwrap().database(database)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = (self.process.kill(), self.process.wait());
    }
}

#[tokio::test]
async fn a_server_with_a_verified_certificate_is_used_over_tls() {
    let database = Server::start().await;
    let verified = format!("sslmode=verify-full&sslrootcert={AUTHORITY}");
    // An authority that is not known, and a certificate of another name.
    for url in [database.url("localhost", "sslmode=verify-full"), database.url("127.0.0.1", &verified)] {
        let error = failure(parking(&["up"]).env("DATABASE_URL", url)).await;
        assert!(
            error.contains("cannot connect to the database") && !error.contains("correct-horse"),
            "{error}"
        );
    }
    let mut command = parking(&["up"]);
    let server = TestServer::launch(command.env("DATABASE_URL", database.url("localhost", &verified))).await;
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    let mut admin = database.options("parking").connect().await.unwrap();
    let sessions: Vec<(bool, i64)> = sqlx::query_as(
        "select s.ssl, count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)
          where a.application_name like 'parking%' group by 1",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert!(matches!(sessions[..], [(true, 3..)]), "{sessions:?}");
    admin.close().await.unwrap();
    assert!(server.terminate().await.success());
}
