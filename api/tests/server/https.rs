//! The server's own TLS: its certificate, a new one, and clients that begin a handshake and say nothing more.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use parking_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::connections::limited;
use crate::refused_starts::failure;
use crate::support::{Answer, Client, PATIENCE, TestServer, UPLINK, eventually, parking, program};
use crate::uplinks::uplink;

const AUTHORITY: &str = include_str!("../fixtures/tls/ca.pem");
const CERTIFICATE: &str = include_str!("../fixtures/tls/server.pem");
const KEY: &str = include_str!("../fixtures/tls/server.key");
const RENEWED: &str = include_str!("../fixtures/tls/renewed.pem");
const RENEWED_KEY: &str = include_str!("../fixtures/tls/renewed.key");

const HEALTH: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// The first bytes of a TLS handshake.
const HALF_A_HELLO: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00];

/// The files of a certificate and its key.
struct Files(TempDir);

impl Files {
    fn new(certificate: &str, key: &str) -> Self {
        let files = Self(TempDir::new().unwrap());
        files.write(certificate, key);
        files
    }

    fn paths(&self) -> [PathBuf; 2] {
        ["server.pem", "server.key"].map(|name| self.0.path().join(name))
    }

    fn write(&self, certificate: &str, key: &str) {
        for (path, text) in self.paths().iter().zip([certificate, key]) {
            std::fs::write(path, text).unwrap();
        }
    }

    /// The same command, with this certificate.
    fn used_by<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let [certificate, key] = self.paths();
        command.env("PARKING_TLS_CERT", certificate).env("PARKING_TLS_KEY", key)
    }
}

async fn serve(database: &TestDatabase, files: &Files) -> TestServer {
    let mut command = parking(&["up"]);
    TestServer::launch(files.used_by(&mut command).env("DATABASE_URL", database.url(None))).await
}

/// A verified connection on which the client speaks these protocols.
async fn connect(client: &Client, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for known in [AUTHORITY, RENEWED] {
        roots.add(CertificateDer::from_pem_slice(known.as_bytes()).unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(client.address()).await.unwrap();
    let handshake = TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream);
    timeout(PATIENCE, handshake).await.expect("the handshake ends")
}

/// The certificate that the server shows.
async fn shown(client: &Client) -> Vec<u8> {
    let stream = connect(client, &[]).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

/// The answer to a request that closes the connection.
async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _end = timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("the server answers");
    Answer::parse(&answer)
}

async fn post_uplink(client: &Client, f_cnt: u32) -> Answer {
    let body = uplink(1, f_cnt).to_string();
    let head = format!(
        "POST {UPLINK} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}",
        body.len()
    );
    ask(&mut connect(client, &[]).await.unwrap(), &format!("{head}\r\n\r\n{body}")).await
}

#[tokio::test]
async fn a_server_with_a_certificate_speaks_https_and_nothing_else() {
    let (database, files) = (TestDatabase::create().await, Files::new(CERTIFICATE, KEY));
    let server = serve(&database, &files).await;
    let client = &server.client;
    post_uplink(client, 0).await.accepted();
    let mut stream = connect(client, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(ask(&mut stream, HEALTH).await.status, 200);
    // A page of the server itself, which its own origin tells from others.
    let origin =
        |scheme: &str| HEALTH.replace("\r\n\r\n", &format!("\r\norigin: {scheme}://localhost\r\n\r\n"));
    for (scheme, status) in [("https", 200), ("http", 403)] {
        let mut stream = connect(client, &[]).await.unwrap();
        assert_eq!(ask(&mut stream, &origin(scheme)).await.status, status, "{scheme}");
    }
    // A head that cannot be read.
    let mut stream = connect(client, &[]).await.unwrap();
    ask(&mut stream, "hello\r\n\r\n").await.problem(400, "bad_request");
    // Other protocols.
    assert!(connect(client, &["h2"]).await.is_err());
    assert!(!client.exchange(HEALTH.as_bytes()).await.contains("HTTP/1.1 200"));
    assert!(server.terminate().await.success());
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let (database, files) = (TestDatabase::create().await, Files::new(CERTIFICATE, KEY));
    let server = serve(&database, &files).await;
    let client = &server.client;
    assert_eq!(shown(client).await, der(CERTIFICATE));
    files.write(RENEWED, KEY);
    eventually("the server warns", async || server.log().contains("the old one stays").then_some(())).await;
    assert_eq!(shown(client).await, der(CERTIFICATE));
    files.write(RENEWED, RENEWED_KEY);
    eventually("the new certificate is shown", async || (shown(client).await == der(RENEWED)).then_some(()))
        .await;
    assert!(server.log().contains("certificate has changed"), "{}", server.log());
    assert!(!server.log().contains("PRIVATE KEY"));
}

#[tokio::test]
async fn clients_that_begin_a_handshake_and_stop_keep_no_report_out() {
    let (database, files) = (TestDatabase::create().await, Files::new(CERTIFICATE, KEY));
    let mut command = limited(&parking(&["up"]));
    let server =
        TestServer::launch(files.used_by(&mut command).env("DATABASE_URL", database.url(None))).await;
    let client = &server.client;
    let mut open = Vec::new();
    for f_cnt in 0..20 {
        let some = (0..100).map(async |n| {
            let mut stream = TcpStream::connect(client.address()).await.unwrap();
            // The server may have closed it already, in favour of another one.
            let _sent = stream.write_all(if n % 2 == 0 { HALF_A_HELLO } else { b"" }).await;
            stream
        });
        open.extend(join_all(some).await);
        post_uplink(client, f_cnt).await.accepted();
    }
    assert!(server.terminate().await.success(), "nor do they delay the end");
    drop(open);
}

#[tokio::test]
async fn a_server_beyond_loopback_needs_a_certificate_a_proxy_or_the_operators_word() {
    let (database, files) = (TestDatabase::create().await, Files::new(CERTIFICATE, KEY));
    let beyond = || {
        let mut command = program(&["up"]);
        command
            .env("PARKING_LISTEN", "0.0.0.0:0")
            .env("CHIRPSTACK_WEBHOOK_SECRET", "correct-horse-battery-staple");
        command.env("DATABASE_URL", database.url(None));
        command
    };
    let error = failure(&mut beyond()).await;
    for way in ["PARKING_TLS_CERT", "PARKING_TRUSTED_PROXIES", "loopback", "--insecure-http"] {
        assert!(error.contains(way) && error.lines().count() == 1, "{error}");
    }
    for no in ["false", "0", ""] {
        let error = failure(beyond().env("PARKING_INSECURE_HTTP", no)).await;
        assert!(error.contains("without TLS"), "{error}");
    }
    let insecure = TestServer::launch(beyond().env("PARKING_INSECURE_HTTP", "true")).await;
    assert_eq!(insecure.client.get("/health/live").await.status, 200);
    let behind = TestServer::launch(beyond().env("PARKING_TRUSTED_PROXIES", "10.0.0.0/8")).await;
    assert_eq!(behind.client.get("/health/live").await.status, 200);
    let secure = TestServer::launch(files.used_by(&mut beyond())).await;
    assert_eq!(ask(&mut connect(&secure.client, &[]).await.unwrap(), HEALTH).await.status, 200);
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_is_refused_at_the_start() {
    let home = TempDir::new().unwrap();
    let directory = home.path().join("data");
    let start = || {
        let mut command = parking(&["up"]);
        command.env("PARKING_DATA_DIR", &directory);
        command
    };
    let mixed = Files::new(CERTIFICATE, RENEWED_KEY);
    let error = failure(mixed.used_by(&mut start())).await;
    assert!(error.contains("cannot be used together"), "{error}");
    let error = failure(start().env("PARKING_TLS_CERT", &mixed.paths()[0])).await;
    assert!(error.contains("PARKING_TLS_KEY"), "{error}");
    let error =
        failure(start().env("PARKING_TLS_CERT", "/nowhere/c").env("PARKING_TLS_KEY", "/nowhere/k")).await;
    assert!(error.contains("/nowhere/c"), "{error}");
    for (name, value) in [("PARKING_TRUSTED_PROXIES", "proxy.test"), ("PARKING_CORS_ORIGINS", "*")] {
        let error = failure(start().env(name, value)).await;
        assert!(error.contains(name) && error.contains(value), "{error}");
    }
    assert!(!directory.exists());
}
