//! Test support: the real program in its own process, and an HTTP client for it.

mod answer;
mod program;

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use parking_testkit::TestDatabase;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::documented;

pub(crate) use answer::Answer;
pub(crate) use program::{parking, program};

pub(crate) const UPLINK: &str = "/api/v1/uplink?event=up";

/// Longer than any step takes on a busy machine: only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running `parking up`. Its log is printed if the test fails. Dropping it kills the process.
pub(crate) struct TestServer {
    pub(crate) client: Client,
    process: Child,
    stderr: NamedTempFile,
}

impl TestServer {
    /// Starts a server on this database without a secret.
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::launch(parking(&["up"]).env("DATABASE_URL", database.url(None))).await
    }

    /// Starts a server on this database with a secret.
    pub(crate) async fn with_secret(database: &TestDatabase, secret: &str) -> Self {
        let url = database.url(None);
        Self::launch(parking(&["up"]).env("DATABASE_URL", url).env("CHIRPSTACK_WEBHOOK_SECRET", secret)).await
    }

    /// Runs the command until it logs its address.
    pub(crate) async fn launch(command: &mut Command) -> Self {
        let stderr = NamedTempFile::new().unwrap();
        command.stdout(Stdio::piped()).stderr(stderr.reopen().unwrap());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let Some(url) = line.strip_prefix("parking is up on ") else { continue };
                return url.split_once("://").unwrap().1.parse().unwrap();
            }
            panic!("the server ended: {}", std::fs::read_to_string(stderr.path()).unwrap());
        });
        let address = address.await.expect("the server logs its address");
        // The rest of the output is read too, so that the server never blocks on it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { client: Client::new(address), process, stderr }
    }

    /// The server's log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.stderr.path()).unwrap()
    }

    /// The memory that the server has in use, in bytes.
    pub(crate) fn resident(&self) -> usize {
        let pid = self.process.id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    /// The names of its threads.
    pub(crate) fn threads(&self) -> Vec<String> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id().unwrap())).unwrap();
        let name = |thread: std::io::Result<std::fs::DirEntry>| {
            Some(std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()?.trim_end().to_owned())
        };
        threads.filter_map(name).collect()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        self.process.id().and_then(|id| Pid::from_raw(id.cast_signed())).unwrap()
    }

    /// Kills the server with SIGKILL.
    pub(crate) async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Waits for the server's end; returns its exit status.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        timeout(PATIENCE, self.process.wait()).await.expect("the server ends").unwrap()
    }

    /// Stops the server with SIGTERM.
    pub(crate) async fn terminate(self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        self.ended().await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Printed by macro, so that the test harness captures it with the test's output.
            eprintln!("the server's log:\n{}", self.log());
            std::io::stderr().flush().unwrap();
        }
    }
}

fn http(limit: Duration) -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(limit).build().unwrap()
}

/// An HTTP client for one server. Cheap to clone; keeps its connections open, as ChirpStack does.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    http: reqwest::Client,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        Self { address, http: http(PATIENCE) }
    }

    /// A client that waits for an answer no longer than this, with connections of its own.
    pub(crate) fn waiting(&self, limit: Duration) -> Self {
        Self { address: self.address, http: http(limit) }
    }

    /// The server's address.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.http.get(self.url(path))).await.unwrap()
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(with(self.http.get(self.url(path)), headers)).await.unwrap()
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// Posts with these headers and no others.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        self.send(with(self.http.post(self.url(path)), headers).body(body.into())).await.unwrap()
    }

    /// Sends JSON or an empty body with any method to a documented operation.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Answer {
        self.ask_with(method, path, &[], body).await
    }

    /// The same, with headers.
    pub(crate) async fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Option<Value>>,
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = with(self.http.request(method.clone(), self.url(path)), headers);
        if let Some(body) = body.into() {
            request = request.json(&body);
        }
        let answer = self.send(request).await.unwrap();
        documented::assert(&method, path, &answer);
        answer
    }

    /// Sends any bytes with any method to a documented operation.
    pub(crate) async fn ask_raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = with(self.http.request(method.clone(), self.url(path)), headers);
        let answer = self.send(request.body(body.into())).await.unwrap();
        documented::assert(&method, path, &answer);
        answer
    }

    /// Posts JSON to a server that may have stopped.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<Answer, reqwest::Error> {
        let request = self.http.post(self.url(path)).header("content-type", "application/json");
        self.send(request.body(body.into())).await
    }

    /// Sends bytes; returns the response, up to its end or until the server closes the connection.
    pub(crate) async fn raw(&self, request: &[u8]) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(request).await.unwrap();
            let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
            while !answer.ends_with(b"}") {
                match stream.read(&mut chunk).await.unwrap() {
                    0 => break,
                    read => answer.extend_from_slice(&chunk[..read]),
                }
            }
            String::from_utf8(answer).unwrap()
        };
        timeout(PATIENCE, exchange).await.expect("the server answers")
    }

    /// Sends bytes; returns everything that the server sends until it closes the connection.
    pub(crate) async fn exchange(&self, request: &[u8]) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(request).await.unwrap();
            let mut answer = Vec::new();
            // A server that has not read everything resets the connection after its answer.
            let _reset = stream.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        };
        timeout(PATIENCE, exchange).await.expect("the server answers and closes the connection")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.text().await? })
    }
}

fn with(request: reqwest::RequestBuilder, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// Repeats `ask` until it returns a value.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    in_time(ask).await.unwrap_or_else(|| panic!("waited in vain: {what}"))
}

/// Repeats `ask` until it returns a value; none if it does not in time.
pub(crate) async fn in_time<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let asked = Instant::now();
    while asked.elapsed() < PATIENCE {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        sleep(Duration::from_millis(20)).await;
    }
    None
}
