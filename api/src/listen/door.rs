//! How a connection begins: at once, or with a TLS handshake. A handshake has a time limit, and of too many the oldest is
//! given up, so that clients that begin one and say nothing more keep nobody out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use parking_edge::{Certificate, Connection};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::connections::Slot;
use super::counts::Reason;
use super::limits::{HEAD, Limits, UNSENT_TLS};
use super::{AnswerUnread, connection};

/// Accepts connections, with TLS if there is a certificate. Cheap to clone.
#[derive(Clone)]
pub(super) struct Door(Option<(TlsAcceptor, Arc<Handshakes>)>);

impl Door {
    /// With a certificate, every connection is encrypted.
    pub(super) fn new(certificate: Option<&Arc<Certificate>>, limits: Limits) -> Self {
        let handshakes = || Arc::new(Handshakes { most: limits.handshakes(), begun: Mutex::default() });
        Self(certificate.map(|certificate| (certificate.acceptor(), handshakes())))
    }

    /// Serves a connection from its start to its end. A handshake has a slot like a connection that has made no request.
    pub(super) async fn serve(
        self,
        (stream, peer): (TcpStream, IpAddr),
        slot: Slot,
        answering: (Router, AnswerUnread),
        stop: CancellationToken,
    ) {
        let Some((acceptor, handshakes)) = self.0 else {
            let clear = Connection { peer, is_tls: false };
            return connection::serve((stream, clear), slot, answering, stop).await;
        };
        match handshakes.shake(&acceptor, stream, &slot, &stop).await {
            Ok(stream) => {
                let encrypted = Connection { peer, is_tls: true };
                connection::serve((stream, encrypted), slot, answering, stop).await;
            }
            Err(Some(reason)) => slot.count_closed(reason),
            Err(None) => {}
        }
    }
}

/// The handshakes that have begun and not ended, from the oldest to the newest.
struct Handshakes {
    most: usize,
    begun: Mutex<Begun>,
}

#[derive(Default)]
struct Begun {
    next: u64,
    by_age: BTreeMap<u64, CancellationToken>,
}

impl Handshakes {
    /// The encrypted stream, or the reason to close the connection; none if the server stops.
    async fn shake(
        &self,
        acceptor: &TlsAcceptor,
        stream: TcpStream,
        slot: &Slot,
        stop: &CancellationToken,
    ) -> Result<TlsStream<TcpStream>, Option<Reason>> {
        let handshake = self.begin(slot.close());
        // What is encrypted and unsent is in no budget of the server.
        let accepting = acceptor.accept_with(stream, |session| session.set_buffer_limit(Some(UNSENT_TLS)));
        tokio::select! {
            () = handshake.close.cancelled() => Err(Some(Reason::Evicted)),
            () = stop.cancelled() => Err(None),
            accepted = timeout(HEAD, accepting) => match accepted {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => {
                    debug!(%error, "a TLS handshake failed");
                    Err(Some(Reason::Handshake))
                }
                Err(_) => Err(Some(Reason::Handshake)),
            },
        }
    }

    /// Begins a handshake, which ends when it is dropped. Above the limit the oldest is told to close.
    fn begin(&self, connection: &CancellationToken) -> Handshake<'_> {
        let mut begun = self.begun();
        let (id, close) = (begun.next, connection.child_token());
        begun.next += 1;
        begun.by_age.insert(id, close.clone());
        if begun.by_age.len() > self.most
            && let Some((_, oldest)) = begun.by_age.pop_first()
        {
            oldest.cancel();
        }
        Handshake { handshakes: self, id, close }
    }

    fn begun(&self) -> MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One handshake.
struct Handshake<'a> {
    handshakes: &'a Handshakes,
    id: u64,
    /// Cancelled when it must end, or its connection.
    close: CancellationToken,
}

impl Drop for Handshake<'_> {
    fn drop(&mut self) {
        self.handshakes.begun().by_age.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_handshakes_the_oldest_is_given_up() {
        let handshakes = Handshakes { most: 2, begun: Mutex::default() };
        let connections: Vec<_> = (0..4).map(|_| CancellationToken::new()).collect();
        let begin = |n: usize| handshakes.begin(&connections[n]);
        let (first, second) = (begin(0), begin(1));
        let third = begin(2);
        assert!(first.close.is_cancelled() && !connections[0].is_cancelled());
        drop(second);
        let fourth = begin(3);
        assert!(!third.close.is_cancelled(), "one has ended meanwhile");
        connections[3].cancel();
        assert!(fourth.close.is_cancelled(), "its connection must close");
        drop((first, third, fourth));
        assert!(handshakes.begun().by_age.is_empty());
    }
}
