//! Accepts connections and serves HTTP on them, with a limit on everything that a slow or silent client could hold
//! (decision 0024).

mod activity;
mod body;
mod connection;
mod connections;
mod counts;
mod door;
mod limits;
mod requests;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use parking_edge::Certificate;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use connections::Connections;
pub(crate) use counts::ConnectionCounts;
use door::Door;
pub(crate) use limits::{Limits, raise_file_limit};
pub(crate) use requests::{Crowded, is_always_served, is_report};

/// The time limit for requests in flight when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// The pause after the system refused a connection for lack of a resource, unless a connection ends before.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);

/// Makes the answer to a request whose head cannot be read, with this status.
pub(crate) type AnswerUnread = Arc<dyn Fn(StatusCode) -> Vec<u8> + Send + Sync>;

/// Serves until `stop`, over TLS if there is a certificate. Then it closes idle connections and lets requests in flight end;
/// after [`DRAIN`] it cuts off the rest. Dropping the future cuts everything off.
pub(crate) async fn serve(
    (listener, certificate): (TcpListener, Option<Arc<Certificate>>),
    (router, unread): (Router, AnswerUnread),
    limits: Limits,
    counts: ConnectionCounts,
    stop: CancellationToken,
) {
    let (cut_off, tasks) = (CancellationToken::new(), TaskTracker::new());
    let _dropped = cut_off.clone().drop_guard();
    let connections = Connections::new(limits, counts);
    let door = Door::new(certificate.as_ref(), limits);
    let accepting = async {
        let mut refused = false;
        loop {
            connections.room().await;
            match listener.accept().await {
                Ok((stream, peer)) => {
                    refused = false;
                    let slot = connections.admit();
                    let answering = (router.clone(), unread.clone());
                    let serving = door.clone().serve((stream, peer.ip()), slot, answering, stop.clone());
                    let cut_off = cut_off.clone();
                    tasks.spawn(async move { cut_off.run_until_cancelled(serving).await });
                }
                Err(error) if is_about_the_connection(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut refused, true) {
                        warn!(%error, "connections cannot be taken: idle ones are closed until they can");
                    }
                    connections.close_one();
                    let _paused = timeout(REFUSED_PAUSE, connections.one_left()).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
    drop(listener);
    info!("stopping: requests in flight may end");
    tasks.close();
    if timeout(DRAIN, tasks.wait()).await.is_err() {
        warn!("some requests did not end in time and were cut off");
        cut_off.cancel();
        tasks.wait().await;
    }
}

/// True when the client closed the connection before it was accepted: no error of the server.
fn is_about_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
