//! One connection from start to end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use parking_edge::Connection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::AnswerUnread;
use super::activity::Activity;
use super::connections::Slot;
use super::counts::Reason;
use super::limits::BUFFER;
use super::requests::Requests;
use super::stream::NotedStream;

/// Serves a connection until the client ends it, a deadline passes, a new connection needs its slot, or `stop`.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    (stream, origin): (S, Connection),
    slot: Slot,
    (router, unread): (Router, AnswerUnread),
    stop: CancellationToken,
) {
    let activity = Arc::new(Activity::new(slot));
    // While bytes of an answer are unwritten, hyper takes no further request (decision 0036).
    // hyper's own time-out for a head would also close an idle connection: `activity` distinguishes the two.
    let connection = http1::Builder::new().header_read_timeout(None).max_buf_size(BUFFER).serve_connection(
        TokioIo::new(NotedStream::new(stream, activity.clone(), unread)),
        Requests::new(router, activity.clone(), origin),
    );
    let mut connection = pin!(connection);
    let close = activity.slot().close().clone();
    let (mut close, mut stop) = (pin!(close.cancelled()), pin!(stop.cancelled()));
    let (mut is_closing, mut is_stopping) = (false, false);
    let mut timer = pin!(sleep_until(Instant::now()));
    let reason = poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if !is_closing && close.as_mut().poll(cx).is_ready() {
            if !activity.is_serving() {
                return Poll::Ready(Some(Reason::Evicted));
            }
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        if !is_stopping && stop.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            activity.hurry();
            connection.as_mut().graceful_shutdown();
            // hyper acts on it at the next poll.
            cx.waker().wake_by_ref();
        }
        overdue(&activity, timer.as_mut(), cx).map(Some)
    })
    .await;
    if let Some(reason) = reason {
        debug!(?reason, "a connection was closed");
        activity.slot().count_closed(reason);
    }
}

/// Ready when the connection has missed its deadline.
fn overdue(activity: &Activity, mut timer: std::pin::Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<Reason> {
    loop {
        let Some((deadline, reason)) = activity.deadline() else { return Poll::Pending };
        // A later deadline does not move the timer: it is reset when the timer fires. Most answers come before.
        if deadline < timer.deadline() || timer.is_elapsed() {
            timer.as_mut().reset(deadline);
        }
        std::task::ready!(timer.as_mut().poll(cx));
        if deadline <= timer.deadline() {
            return Poll::Ready(reason);
        }
    }
}
