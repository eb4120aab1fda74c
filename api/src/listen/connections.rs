//! The connections that are open: how many, and which is closed first when another one needs its place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::counts::{ConnectionCounts, Reason};
use super::limits::Limits;

/// Connections without a request in flight, in the order in which they are closed; of each rank the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It has never made a request.
    New,
    /// It made one.
    Idle,
    /// It brought a report: the next one may be under way.
    Reporting,
}

/// A connection's place among those that may be closed.
type Key = (Rank, u64);

/// All connections of the server.
pub(super) struct Connections {
    limits: Limits,
    counts: ConnectionCounts,
    state: Mutex<State>,
    /// A connection has ended, or may be closed while there is no file for another.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Connections that are open: each holds a file.
    open: usize,
    /// Those among them that were told to close.
    closing: usize,
    next: u64,
    closable: BTreeMap<Key, CancellationToken>,
}

impl State {
    fn staying(&self) -> usize {
        self.open - self.closing
    }

    fn close_one(&mut self) -> bool {
        let Some((_, close)) = self.closable.pop_first() else { return false };
        self.closing += 1;
        close.cancel();
        true
    }
}

impl Connections {
    /// None yet.
    pub(super) fn new(limits: Limits, counts: ConnectionCounts) -> Arc<Self> {
        Arc::new(Self { limits, counts, state: Mutex::default(), changed: Notify::new() })
    }

    /// Waits until there is a file for one more connection.
    pub(super) async fn room(&self) {
        while !self.has_room() {
            self.one_left().await;
        }
    }

    /// Waits until a connection ends, or may be closed while there is no file for another.
    pub(super) async fn one_left(&self) {
        self.changed.notified().await;
    }

    /// Closes the connection that may be closed first, if there is one.
    pub(super) fn close_one(&self) {
        self.state().close_one();
    }

    /// A place for a new connection. Above the limit another one is closed for it; where all have a request in flight, the
    /// new one is of the reserve.
    pub(super) fn admit(self: &Arc<Self>) -> Place {
        let mut state = self.state();
        let is_extra = state.staying() >= self.limits.open && !state.close_one();
        state.open += 1;
        drop(state);
        self.counts.opened();
        let (connections, close) = (self.clone(), CancellationToken::new());
        let place = Place { connections, close, is_extra, standing: Mutex::new(Standing::Staying) };
        place.may_be_closed(Rank::New);
        place
    }

    fn has_room(&self) -> bool {
        let mut state = self.state();
        let has_room = !self.is_out_of_files(&state);
        if !has_room && state.closing == 0 {
            state.close_one();
        }
        has_room
    }

    fn is_out_of_files(&self, state: &State) -> bool {
        state.open >= self.limits.open + self.limits.reserve
    }

    fn is_full(&self) -> bool {
        self.state().staying() > self.limits.open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one step: whatever panicked, the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a connection stands.
#[derive(Clone, Copy)]
enum Standing {
    /// It has a request in flight.
    Staying,
    /// It may be closed, if it is still among the closable.
    Closable(Key),
    /// It was told to close, and ends when its request has ended.
    Closing,
}

/// One connection's place. Dropped, it is free.
pub(super) struct Place {
    connections: Arc<Connections>,
    close: CancellationToken,
    is_extra: bool,
    /// Only touched under the lock of all connections.
    standing: Mutex<Standing>,
}

impl Place {
    /// From now on it has no request in flight.
    pub(super) fn may_be_closed(&self, rank: Rank) {
        let mut state = self.connections.state();
        let mut standing = self.standing();
        if let Standing::Staying = *standing {
            let key = (rank, state.next);
            state.next += 1;
            state.closable.insert(key, self.close.clone());
            *standing = Standing::Closable(key);
            if self.connections.is_out_of_files(&state) {
                self.connections.changed.notify_one();
            }
        }
    }

    /// A request is in flight.
    pub(super) fn must_stay(&self) {
        let mut state = self.connections.state();
        let mut standing = self.standing();
        if let Standing::Closable(key) = *standing {
            let staying = state.closable.remove(&key).is_some();
            *standing = if staying { Standing::Staying } else { Standing::Closing };
        }
    }

    /// Cancelled when it is to close.
    pub(super) fn close(&self) -> &CancellationToken {
        &self.close
    }

    /// True when only webhooks, health checks and metrics may be served on it.
    pub(super) fn is_reserved(&self) -> bool {
        self.is_extra && self.connections.is_full()
    }

    /// Counts a request that was refused because of that.
    pub(super) fn count_refused(&self) {
        self.connections.counts.refused();
    }

    /// Counts that the server closed it.
    pub(super) fn count_closed(&self, reason: Reason) {
        self.connections.counts.closed(reason);
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.open -= 1;
        let was_closing = match *self.standing() {
            Standing::Staying => false,
            Standing::Closable(key) => state.closable.remove(&key).is_none(),
            Standing::Closing => true,
        };
        state.closing -= usize::from(was_closing);
        drop(state);
        self.connections.counts.ended();
        self.connections.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(open: usize, reserve: usize) -> Arc<Connections> {
        let limits = Limits { open, reserve };
        Connections::new(limits, ConnectionCounts::default())
    }

    fn closed(places: &[Place]) -> Vec<bool> {
        places.iter().map(|place| place.close().is_cancelled()).collect()
    }

    #[test]
    fn new_ones_are_closed_first_then_idle_ones_then_those_that_report_and_never_one_with_a_request() {
        let connections = of(5, 2);
        let mut places: Vec<Place> = (0..5).map(|_| connections.admit()).collect();
        for (place, rank) in
            [(0, None), (1, Some(Rank::Reporting)), (2, Some(Rank::Idle)), (4, Some(Rank::Idle))]
        {
            places[place].must_stay();
            if let Some(rank) = rank {
                places[place].may_be_closed(rank);
            }
        }
        for victim in [3, 2, 4, 1] {
            let place = connections.admit();
            place.must_stay();
            assert!(!place.is_reserved());
            places.push(place);
            assert!(places[victim].close().is_cancelled(), "{victim}: {:?}", closed(&places));
        }
        let extra = connections.admit();
        extra.must_stay();
        assert!(extra.is_reserved() && !places[0].close().is_cancelled());
        places.drain(1..5);
        assert!(extra.is_reserved(), "those that were told to close did not count any more");
        drop(places);
        assert!(!extra.is_reserved());
    }

    #[tokio::test]
    async fn there_is_room_while_files_last_and_again_when_one_ends() {
        let connections = of(1, 1);
        connections.room().await;
        let first = connections.admit();
        first.must_stay();
        connections.room().await;
        let second = connections.admit();
        second.must_stay();
        let mut room = std::pin::pin!(connections.room());
        assert!(futures_util::poll!(&mut room).is_pending());
        drop(first);
        room.await;
        // A connection that was told to close holds its file until it ends.
        second.may_be_closed(Rank::Idle);
        let third = connections.admit();
        assert!(second.close().is_cancelled() && !third.is_reserved());
        second.must_stay();
        second.may_be_closed(Rank::Idle);
        let mut room = std::pin::pin!(connections.room());
        assert!(futures_util::poll!(&mut room).is_pending());
        drop(second);
        room.await;
        drop(third);
        let state = connections.state();
        assert_eq!((state.open, state.closing, state.closable.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn a_connection_whose_request_ends_makes_room_for_one_that_waits() {
        let connections = of(1, 1);
        let first = connections.admit();
        first.must_stay();
        let second = connections.admit();
        second.must_stay();
        let mut room = std::pin::pin!(connections.room());
        assert!(futures_util::poll!(&mut room).is_pending());
        second.may_be_closed(Rank::Idle);
        assert!(futures_util::poll!(&mut room).is_pending(), "it is told to close, and has not ended");
        assert!(second.close().is_cancelled() && !first.close().is_cancelled());
        drop(second);
        room.await;
    }
}
