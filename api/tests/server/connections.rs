//! Slow and silent clients: their resources are bounded, and webhooks are always served.

use std::time::Duration;

use futures_util::future::{join, join_all};
use parking_testkit::TestDatabase;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::support::{Client, PATIENCE, TestServer, UPLINK, eventually, parking};
use crate::uplinks::uplink;

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
const HALF_A_HEAD: &[u8] = b"POST /api/v1/uplink?event=up HTTP/1.1\r\nhost: par";

/// The connections for all requests of a server with a limit of 1,024 open files. The rest is for webhooks and the server.
const OPEN_OF_1024: usize = 768;

/// The same program with a limit of 1,024 open files. The test itself may open as many as the system allows.
pub(crate) fn limited(program: &Command) -> Command {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 1024 && exec \"$0\" \"$@\""]).arg(program.as_std().get_program());
    limited.args(program.as_std().get_args());
    for (name, value) in program.as_std().get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited.kill_on_drop(true);
    limited
}

/// A server with a limit of 1,024 open files.
async fn limited_server(database: &TestDatabase) -> TestServer {
    TestServer::launch(limited(&parking(&["up"])).env("DATABASE_URL", database.url(None))).await
}

/// A connection on which only these bytes are sent.
async fn connection(client: &Client, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(client.address()).await.unwrap();
    // The server may have closed the connection already, in favour of another one.
    let _sent = stream.write_all(bytes).await;
    stream
}

/// `count` connections, opened in batches: silent ones, ones with half a head, and ones that made one request.
async fn idle_connections(client: &Client, count: usize) -> Vec<TcpStream> {
    let mut open = Vec::new();
    while open.len() < count {
        let some = (0..50).map(|n| connection(client, [b"", HALF_A_HEAD, LIVE][n % 3]));
        open.extend(join_all(some).await);
    }
    open
}

async fn post_uplink(stream: &mut TcpStream, f_cnt: u32) {
    let body = uplink(1, f_cnt).to_string();
    let head = format!(
        "POST {UPLINK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

/// The response up to the end of its JSON.
async fn answer(stream: &mut TcpStream) -> String {
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    while !answer.ends_with(b"}") {
        match timeout(PATIENCE, stream.read(&mut chunk)).await.expect("the server answers").unwrap() {
            0 => break,
            read => answer.extend_from_slice(&chunk[..read]),
        }
    }
    String::from_utf8(answer).unwrap()
}

/// The bytes until the server closes the connection.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset connection is closed too.
    let _read = timeout(2 * PATIENCE, stream.read_to_end(&mut rest)).await.expect("the server closes it");
    rest
}

/// The value of a metric, by name with labels.
async fn metric(client: &Client, name: &str) -> Option<f64> {
    let text = client.get("/metrics").await.body;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

/// The name of the metric of connections closed for this reason.
fn closed(reason: &str) -> String {
    format!(r#"parking_http_connections_closed_total{{reason="{reason}"}}"#)
}

#[tokio::test]
async fn uplinks_are_accepted_on_a_crowded_server_and_requests_in_flight_are_never_closed() {
    let database = TestDatabase::create().await;
    let server = limited_server(&database).await;
    let client = &server.client;
    // A sender that connected before, and a report that has half arrived.
    let mut before = connection(client, b"").await;
    post_uplink(&mut before, 1).await;
    assert!(answer(&mut before).await.contains("accepted"));
    let body = uplink(1, 2).to_string();
    let head = format!(
        "POST {UPLINK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut half = connection(client, format!("{head}{}", &body[..100]).as_bytes()).await;

    let mut open = idle_connections(client, 1100).await;
    client.post(UPLINK, uplink(1, 3).to_string()).await.accepted();
    half.write_all(&body.as_bytes()[100..]).await.unwrap();
    assert!(answer(&mut half).await.contains("accepted"));
    post_uplink(&mut before, 4).await;
    assert!(answer(&mut before).await.contains("accepted"), "reporting connections are closed last");

    open.extend(idle_connections(client, 3000).await);
    for f_cnt in 5..25 {
        let mut new = connection(client, b"").await;
        post_uplink(&mut new, f_cnt).await;
        assert!(answer(&mut new).await.contains("accepted"), "uplink {f_cnt}");
    }
    post_uplink(&mut before, 25).await;
    assert!(answer(&mut before).await.contains("accepted"));
    let evicted = metric(client, &closed("evicted")).await;
    assert!(evicted.unwrap() > 2000.0, "{evicted:?}");
    let still_open = metric(client, "parking_http_connections").await.unwrap();
    assert!(still_open <= 832.0, "{still_open}");

    // Idle connections, including those with half a head, do not delay the shutdown.
    let status = server.terminate().await;
    assert!(status.success());
    for mut stream in open {
        until_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn webhooks_and_health_checks_are_served_when_every_connection_has_a_request_in_flight() {
    let database = TestDatabase::create().await;
    let server = limited_server(&database).await;
    let client = &server.client;
    let body_awaited = b"POST /api/v6/spaces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{";
    let mut open = Vec::new();
    while open.len() < OPEN_OF_1024 {
        open.extend(join_all((0..48).map(|_| connection(client, body_awaited))).await);
    }
    let refused = eventually("every connection has a request in flight", async || {
        // An early request may have replaced one of the connections.
        open.push(connection(client, body_awaited).await);
        let mut new = connection(client, b"GET /api/v6/sites HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let answer = answer(&mut new).await;
        if answer.starts_with("HTTP/1.1 503") {
            until_closed(&mut new).await;
            return Some(answer);
        }
        None
    })
    .await;
    assert!(refused.contains("overloaded") && refused.contains("retry-after: 1"), "{refused}");
    client.post(UPLINK, uplink(1, 1).to_string()).await.accepted();
    assert_eq!(client.get("/health/live").await.status, 200);
    assert!(metric(client, "parking_http_requests_overloaded_total").await.unwrap() >= 1.0);
    // The slow requests are answered eventually, and free their connections.
    let mut late = 0;
    for mut stream in open {
        let answer = String::from_utf8(until_closed(&mut stream).await).unwrap();
        late += usize::from(answer.starts_with("HTTP/1.1 408"));
    }
    assert!(late >= OPEN_OF_1024, "{late}");
    client.ask("GET", "/api/v6/sites", None).await.ok();
}

#[tokio::test]
async fn an_idle_connection_is_kept_and_accepts_the_next_report() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let mut stream = connection(&server.client, b"").await;
    for f_cnt in [1, 2] {
        post_uplink(&mut stream, f_cnt).await;
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("accepted"), "{answer}");
        // Longer than the time limit of a request's head.
        sleep(Duration::from_secs(15)).await;
    }
}

#[tokio::test]
async fn the_head_of_a_request_has_a_limit() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    for (length, status) in [(15_000, "HTTP/1.1 200"), (17_000, "HTTP/1.1 431")] {
        let name = "x".repeat(length);
        let head =
            format!("GET /health/live?{name} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let answer = until_closed(&mut connection(&server.client, head.as_bytes()).await).await;
        assert!(answer.starts_with(status.as_bytes()), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn connections_of_slow_senders_are_closed() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let silent = async {
        assert_eq!(until_closed(&mut connection(client, b"").await).await, b"");
    };
    let half = async {
        let mut stream = connection(client, LIVE).await;
        answer(&mut stream).await;
        // The time limit applies to the second head too.
        stream.write_all(HALF_A_HEAD).await.unwrap();
        assert_eq!(until_closed(&mut stream).await, b"");
    };
    let trickled_head = trickled(client, HALF_A_HEAD);
    let head = format!(
        "POST {UPLINK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"
    );
    let trickled_body = trickled(client, head.as_bytes());
    let (head, body) = join(trickled_head, trickled_body).await;
    assert_eq!(head, "");
    assert!(body.starts_with("HTTP/1.1 408") && body.contains("request_timeout"), "{body}");
    join(silent, half).await;
    assert_eq!(metric(client, &closed("head_timeout")).await, Some(3.0));
}

/// Sends these bytes, then single bytes until the server closes the connection. Returns the server's output.
async fn trickled(client: &Client, bytes: &[u8]) -> String {
    let (mut reading, mut writing) = connection(client, bytes).await.into_split();
    let trickle = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(200)).await;
        }
    });
    let mut said = Vec::new();
    let _read = timeout(2 * PATIENCE, reading.read_to_end(&mut said)).await.expect("the server closes it");
    trickle.abort();
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn connections_of_clients_that_do_not_read_are_closed() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let connect = async || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(server.client.address().parse().unwrap()).await.unwrap()
    };
    // Much more than the system buffers for a client that does not read.
    let mut many = connect().await;
    let ask = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40);
    many.write_all(&ask).await.unwrap();
    // The end of a request's body is read after its answer was made, and with it the next head, while that answer is unsent.
    let mut late = connect().await;
    let head = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\ncontent-length: 20000\r\n\r\n";
    let ask = format!("{head}{}", "x".repeat(20_000)).repeat(12);
    // The server stops reading before it has all of them.
    let _cut_off = timeout(Duration::from_secs(2), late.write_all(ask.as_bytes())).await;
    let closed = async {
        while metric(&server.client, &closed("answer_timeout")).await != Some(2.0) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(2 * PATIENCE, closed).await.expect("the server closes it");
}
