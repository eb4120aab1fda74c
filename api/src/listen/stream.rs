//! A client's stream that reports when bytes arrive and when all are sent, and that sends the server's own answer where hyper
//! would send an empty one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::AnswerUnread;
use super::activity::Activity;

/// The stream of one connection.
pub(super) struct NotedStream<S> {
    stream: S,
    activity: Arc<Activity>,
    unread: AnswerUnread,
    /// What is left of the answer to a request whose head could not be read.
    refusal: Option<Vec<u8>>,
}

impl<S: AsyncWrite + Unpin> NotedStream<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, unread: AnswerUnread) -> Self {
        Self { stream, activity, unread, refusal: None }
    }

    /// True if hyper writes an answer of its own. It does so if it cannot read the head of a request, so no request is in
    /// flight then, and closes the connection afterwards.
    fn is_refusing(&mut self, bytes: &[u8]) -> bool {
        if self.refusal.is_none()
            && !self.activity.is_serving()
            && let Some(status) = status_of(bytes)
        {
            self.refusal = Some((self.unread)(status));
        }
        self.refusal.is_some()
    }

    /// Sends what is left of the server's own answer.
    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = self.refusal.as_mut().filter(|left| !left.is_empty()) {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, left))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            left.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

/// The status of an answer that begins with these bytes, if it is a refusal.
fn status_of(bytes: &[u8]) -> Option<StatusCode> {
    let status = bytes.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    StatusCode::from_bytes(status).ok().filter(StatusCode::is_client_error)
}

impl<S: AsyncRead + Unpin> AsyncRead for NotedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        if buffer.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for NotedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_refusing(bytes) {
            return self.poll_refuse(cx).map_ok(|()| bytes.len());
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_refusing(slices.first().map_or(&[], |first| first)) {
            return self.poll_refuse(cx).map_ok(|()| slices.iter().map(|slice| slice.len()).sum());
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when nothing is left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.activity.sent();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
