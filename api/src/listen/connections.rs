//! The open connections: their number, and which one is closed first when a new one needs its slot.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::counts::{ConnectionCounts, Reason};
use super::limits::Limits;

/// Connections without a request in flight, in closing order; within a rank the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It has not made a request.
    New,
    /// It has made one.
    Idle,
    /// It has brought a report: the next one may be on its way.
    Reporting,
}

/// A connection's key among those that may be closed.
type Key = (Rank, u64);

/// All connections of the server.
pub(super) struct Connections {
    limits: Limits,
    counts: ConnectionCounts,
    state: Mutex<State>,
    /// A connection has ended, or became closable while there was no file for a new one.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Open connections: each holds a file.
    open: usize,
    /// Those of them that were told to close.
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
    /// No connections yet.
    pub(super) fn new(limits: Limits, counts: ConnectionCounts) -> Arc<Self> {
        Arc::new(Self { limits, counts, state: Mutex::default(), changed: Notify::new() })
    }

    /// Waits until there is a file for one more connection.
    pub(super) async fn room(&self) {
        while !self.has_room() {
            self.one_left().await;
        }
    }

    /// Waits until a connection ends, or becomes closable while there is no file for a new one.
    pub(super) async fn one_left(&self) {
        self.changed.notified().await;
    }

    /// Closes the first closable connection, if there is one.
    pub(super) fn close_one(&self) {
        self.state().close_one();
    }

    /// A slot for a new connection. Above the limit it closes another one; if all have a request in flight, the new one
    /// belongs to the reserve.
    pub(super) fn admit(self: &Arc<Self>) -> Slot {
        let mut state = self.state();
        let is_extra = state.staying() >= self.limits.open && !state.close_one();
        state.open += 1;
        drop(state);
        self.counts.opened();
        let (connections, close) = (self.clone(), CancellationToken::new());
        let slot = Slot { connections, close, is_extra, standing: Mutex::new(SlotState::Staying) };
        slot.may_be_closed(Rank::New);
        slot
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
        // Each change is one step, so the state is consistent even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's state.
#[derive(Clone, Copy)]
enum SlotState {
    /// It has a request in flight.
    Staying,
    /// It may be closed, if it is still among the closable ones.
    Closable(Key),
    /// It was told to close, and ends when its request has ended.
    Closing,
}

/// One connection's slot, freed when dropped.
pub(super) struct Slot {
    connections: Arc<Connections>,
    close: CancellationToken,
    is_extra: bool,
    /// Only changed under the lock of all connections.
    standing: Mutex<SlotState>,
}

impl Slot {
    /// It no longer has a request in flight.
    pub(super) fn may_be_closed(&self, rank: Rank) {
        let mut state = self.connections.state();
        let mut slot_state = self.slot_state();
        if let SlotState::Staying = *slot_state {
            let key = (rank, state.next);
            state.next += 1;
            state.closable.insert(key, self.close.clone());
            *slot_state = SlotState::Closable(key);
            if self.connections.is_out_of_files(&state) {
                self.connections.changed.notify_one();
            }
        }
    }

    /// It has a request in flight.
    pub(super) fn must_stay(&self) {
        let mut state = self.connections.state();
        let mut slot_state = self.slot_state();
        if let SlotState::Closable(key) = *slot_state {
            let staying = state.closable.remove(&key).is_some();
            *slot_state = if staying { SlotState::Staying } else { SlotState::Closing };
        }
    }

    /// Cancelled when the connection must close.
    pub(super) fn close(&self) -> &CancellationToken {
        &self.close
    }

    /// True when it may serve only webhooks, health checks and metrics: it is one of the reserve, or a newer connection has
    /// its place already.
    pub(super) fn is_reserved(&self) -> bool {
        let is_closing = matches!(*self.slot_state(), SlotState::Closing);
        is_closing || self.is_extra && self.connections.is_full()
    }

    /// Counts a request refused for that.
    pub(super) fn count_refused(&self) {
        self.connections.counts.refused();
    }

    /// Counts a close by the server.
    pub(super) fn count_closed(&self, reason: Reason) {
        self.connections.counts.closed(reason);
    }

    fn slot_state(&self) -> MutexGuard<'_, SlotState> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.open -= 1;
        let was_closing = match *self.slot_state() {
            SlotState::Staying => false,
            SlotState::Closable(key) => state.closable.remove(&key).is_none(),
            SlotState::Closing => true,
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

    fn closed(slots: &[Slot]) -> Vec<bool> {
        slots.iter().map(|slot| slot.close().is_cancelled()).collect()
    }

    #[test]
    fn new_ones_are_closed_first_then_idle_ones_then_those_that_report_and_never_one_with_a_request() {
        let connections = of(5, 2);
        let mut slots: Vec<Slot> = (0..5).map(|_| connections.admit()).collect();
        for (slot, rank) in
            [(0, None), (1, Some(Rank::Reporting)), (2, Some(Rank::Idle)), (4, Some(Rank::Idle))]
        {
            slots[slot].must_stay();
            if let Some(rank) = rank {
                slots[slot].may_be_closed(rank);
            }
        }
        for victim in [3, 2, 4, 1] {
            let slot = connections.admit();
            slot.must_stay();
            assert!(!slot.is_reserved());
            slots.push(slot);
            assert!(slots[victim].close().is_cancelled(), "{victim}: {:?}", closed(&slots));
        }
        let extra = connections.admit();
        extra.must_stay();
        assert!(extra.is_reserved() && !slots[0].close().is_cancelled());
        slots.drain(1..5);
        assert!(extra.is_reserved(), "closing connections do not count");
        drop(slots);
        assert!(!extra.is_reserved());
    }

    #[test]
    fn a_connection_whose_place_was_given_away_serves_webhooks_only() {
        let connections = of(1, 2);
        let first = connections.admit();
        let second = connections.admit();
        // The second connection has taken its place, and now its request arrives.
        first.must_stay();
        second.must_stay();
        assert!(first.is_reserved() && !second.is_reserved());
        let third = connections.admit();
        third.must_stay();
        assert!(third.is_reserved() && !second.is_reserved());
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
