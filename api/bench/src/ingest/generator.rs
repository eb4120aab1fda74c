//! The load: signed uplinks over persistent connections, from one thread, with as little work as possible.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::BenchError;
use crate::measure::Sample;
use crate::uplinks::Uplinks;

/// The path for uplinks on every server.
pub(crate) const PATH: &str = "/api/v1/uplink?event=up";

/// The webhook secret of servers and generator.
pub(crate) const SECRET: &str = "a webhook secret of the usual length";

/// A load on one server.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    /// How long requests are sent.
    pub(crate) duration: Duration,
}

/// Generates the load; every answer must be a success. Returns the uplinks for the next load.
pub(crate) async fn generate(load: Load, uplinks: Uplinks) -> Result<(Sample, Uplinks), BenchError> {
    // A thread of its own: the clients use one processor at most.
    let generating = tokio::task::spawn_blocking(move || {
        Builder::new_current_thread().enable_all().build()?.block_on(send_all(load, uplinks))
    });
    generating.await?
}

async fn send_all(load: Load, uplinks: Uplinks) -> Result<(Sample, Uplinks), BenchError> {
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        let stream = TcpStream::connect(load.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await?;
        // The connection ends with its sender, and its errors reach the sender.
        tokio::spawn(async move { drop(connection.await) });
        connections.push(sender);
    }
    let uplinks = Arc::new(Mutex::new(uplinks));
    let mut clients = JoinSet::new();
    let started = Instant::now();
    for sender in connections {
        clients.spawn(send(sender, uplinks.clone(), started + load.duration));
    }
    let mut latencies = Vec::new();
    while let Some(client) = clients.join_next().await {
        latencies.append(&mut client??);
    }
    let sample = Sample::new(started.elapsed(), latencies);
    let uplinks = uplinks.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((sample, uplinks))
}

async fn send(
    mut sender: SendRequest<Full<Bytes>>,
    uplinks: Arc<Mutex<Uplinks>>,
    until: Instant,
) -> Result<Vec<Duration>, BenchError> {
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let body = uplinks.lock().unwrap_or_else(PoisonError::into_inner).make();
        let request = Request::builder()
            .method(Method::POST)
            .uri(PATH)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header("x-signature", signature(&body))
            .body(Full::new(body))?;
        let began = Instant::now();
        let response = sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        latencies.push(began.elapsed());
        if status != StatusCode::OK {
            return Err(format!("the server answered {status}: {}", String::from_utf8_lossy(&answer)).into());
        }
    }
    Ok(latencies)
}

/// The signature that a signing proxy adds.
fn signature(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("an HMAC takes a key of any length");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}
