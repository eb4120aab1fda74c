//! The rules for the reservations of a space, written as plainly as possible: the reference for the month.

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use parking_domain::space::Window;

/// A reservation.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of the model")]
pub(crate) struct Booking {
    pub(crate) number: usize,
    pub(crate) window: Window,
    /// Its final status, and when it ended.
    pub(crate) end: Option<(&'static str, Instant)>,
    started: bool,
    confirmed: bool,
    checked_in: bool,
    has_stay: bool,
    /// The stay that lasted when it was booked for the next 24 hours, by its index.
    booked_during: Option<usize>,
}

/// A vehicle's time in the space.
#[derive(Clone, Copy)]
struct Stay {
    began: Instant,
    ended: bool,
    /// The number of the reservation that it belongs to.
    of: Option<usize>,
}

/// A space. Its functions are called in the order of the events, with reports only while the sensor is assigned and enabled.
#[derive(Default)]
pub(crate) struct Model {
    /// In minutes after the start.
    auto_release: Option<i64>,
    pub(crate) bookings: Vec<Booking>,
    stays: Vec<Stay>,
}

impl Model {
    pub(crate) fn new(auto_release: Option<i64>) -> Self {
        Self { auto_release, ..Self::default() }
    }

    pub(crate) fn book(&mut self, number: usize, window: Window, at: Instant) {
        self.pass(at);
        let booked_during = self.stays.len().checked_sub(1).filter(|last| !self.stays[*last].ended);
        let booked_during = booked_during.filter(|_| window.start - at <= TimeDelta::hours(24));
        let (end, started, confirmed) = (None, window.start <= at, false);
        let (checked_in, has_stay) = (false, false);
        let booking =
            Booking { number, window, end, started, confirmed, checked_in, has_stay, booked_during };
        self.bookings.push(booking);
        self.give();
    }

    pub(crate) fn check_in(&mut self, number: usize, at: Instant) {
        self.pass(at);
        let taken = self.open().any(|other| other.checked_in);
        let booking = self.open().find(|booking| booking.number == number);
        if let Some(booking) = booking.filter(|b| b.window.start - at <= TimeDelta::minutes(15) && !taken) {
            (booking.confirmed, booking.checked_in) = (true, true);
        }
    }

    pub(crate) fn check_out(&mut self, number: usize, at: Instant) {
        self.pass(at);
        if let Some(booking) = self.open().find(|booking| booking.number == number && booking.confirmed) {
            booking.end = Some(("completed", at));
        }
    }

    pub(crate) fn cancel(&mut self, number: usize, at: Instant) {
        self.pass(at);
        let Some(booking) = self.open().find(|booking| booking.number == number) else { return };
        booking.end = Some(("cancelled", at));
        if at < booking.window.start {
            self.free(number);
            self.give();
        }
    }

    /// The sensor reports a vehicle.
    pub(crate) fn park(&mut self, at: Instant) {
        self.pass(at);
        if self.stays.last().is_none_or(|stay| stay.ended) {
            self.stays.push(Stay { began: at, ended: false, of: None });
            self.give();
        }
    }

    /// The sensor reports that there is none; or it does not count any more.
    pub(crate) fn leave(&mut self, at: Instant) {
        self.pass(at);
        let Some(stay) = self.stays.last_mut().filter(|stay| !stay.ended) else { return };
        stay.ended = true;
        let owner = stay.of;
        let early = self.open().find(|b| Some(b.number) == owner && at <= b.window.start);
        if let Some(number) = early.map(|booking| booking.number) {
            self.free(number);
        }
    }

    /// Everything that is due: at one moment ends come first, then releases, then starts.
    pub(crate) fn pass(&mut self, at: Instant) {
        let auto_release = self.auto_release;
        loop {
            let due = self.open().flat_map(|b| b.due(auto_release)).filter(|due| due.0 <= at).min();
            let Some((due, what, number)) = due else { return };
            let booking = self.open().find(|booking| booking.number == number).unwrap();
            match what {
                Due::End if booking.confirmed => booking.end = Some(("completed", due)),
                Due::End => booking.end = Some(("expired", due)),
                Due::Release => booking.end = Some(("no_show", due)),
                Due::Start => {
                    (booking.started, booking.confirmed) = (true, booking.confirmed || booking.has_stay);
                }
            }
        }
    }

    /// Gives the stay that lasts to its reservation: the running one, the next one within a quarter of an hour, or the first
    /// to start of those that were booked during it. One that has started or is confirmed keeps its stay.
    fn give(&mut self) {
        let Some(last) = self.stays.len().checked_sub(1) else { return };
        let Stay { began, ended, of } = self.stays[last];
        if ended {
            return;
        }
        if let Some(owner) = of {
            let awaits = self.open().any(|b| b.number == owner && !b.started && !b.confirmed);
            if !awaits {
                return;
            }
            self.free(owner);
        }
        let number = |booking: &mut Booking| booking.number;
        let running = self.open().find(|b| b.window.contains(began) && !b.has_stay).map(number);
        let next = self.open().filter(|b| began < b.window.start).min_by_key(|b| b.window.start);
        let next = next.filter(|b| b.window.start - began <= TimeDelta::minutes(15)).map(number);
        let booked_during = self.open().filter(|b| b.booked_during == Some(last) && !b.has_stay);
        let booked_during = booked_during.min_by_key(|b| b.window.start).map(number);
        let owner = running.or(next).or(booked_during);
        self.stays[last].of = owner;
        if let Some(booking) = self.open().find(|booking| Some(booking.number) == owner) {
            booking.has_stay = true;
            booking.confirmed |= booking.started;
        }
    }

    fn free(&mut self, number: usize) {
        self.stays.iter_mut().filter(|stay| stay.of == Some(number)).for_each(|stay| stay.of = None);
        self.bookings.iter_mut().filter(|b| b.number == number).for_each(|b| b.has_stay = false);
    }

    fn open(&mut self) -> impl Iterator<Item = &mut Booking> {
        self.bookings.iter_mut().filter(|booking| booking.end.is_none())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    End,
    Release,
    Start,
}

impl Booking {
    fn due(&self, auto_release: Option<i64>) -> impl Iterator<Item = (Instant, Due, usize)> + use<> {
        let Window { start, end } = self.window;
        let release = auto_release.map(|minutes| start + TimeDelta::minutes(minutes));
        let release = release.filter(|release| *release < end && !self.confirmed);
        let number = self.number;
        [(Some(end), Due::End), (release, Due::Release), (Some(start).filter(|_| !self.started), Due::Start)]
            .into_iter()
            .filter_map(move |(at, what)| Some((at?, what, number)))
    }
}
