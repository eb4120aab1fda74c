//! The model of one space: bookings, the sensor's readings, stays, and what is shown.

/// The windows that are booked. The first runs, the second begins within a quarter of an hour, the third much later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Running,
    Soon,
    Later,
}

pub(super) const SLOTS: [Slot; 3] = [Slot::Running, Slot::Soon, Slot::Later];

/// A booking.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of the model")]
pub(super) struct Booking {
    pub(super) id: String,
    pub(super) slot: Slot,
    pub(super) open: bool,
    pub(super) checked_in: bool,
    pub(super) confirmed: bool,
    /// Whether a stay belongs to it, or did when its own start came.
    has_stay: bool,
    /// Whether it was booked while the stay lasted that lasts now.
    in_stay: bool,
}

/// A stay: the number of the booking it belongs to, and whether it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) booking: Option<usize>,
    pub(super) lasts: bool,
}

/// The assigned sensor.
#[derive(Clone, Copy, Debug, Default)]
struct Sensor {
    enabled: bool,
    /// Its last reading since it was assigned and enabled.
    occupied: Option<bool>,
}

/// What a command is answered.
pub(super) type Verdict = Result<(), &'static str>;

#[derive(Clone, Debug, Default)]
pub(super) struct Bay {
    pub(super) bookings: Vec<Booking>,
    pub(super) stays: Vec<Stay>,
    pub(super) overridden: bool,
    sensor: Option<Sensor>,
}

impl Bay {
    /// The response to a booking.
    pub(super) fn may_book(&self, slot: Slot) -> Verdict {
        if self.overridden {
            Err("space_not_available")
        } else if self.bookings.iter().any(|booking| booking.open && booking.slot == slot) {
            Err("reservation_conflict")
        } else {
            Ok(())
        }
    }

    pub(super) fn book(&mut self, id: String, slot: Slot) {
        self.bookings.push(Booking {
            id,
            slot,
            open: true,
            checked_in: false,
            confirmed: false,
            has_stay: false,
            in_stay: self.lasting().is_some(),
        });
        self.give();
    }

    pub(super) fn cancel(&mut self, booking: usize) -> Verdict {
        let (slot, open) = (self.bookings[booking].slot, self.bookings[booking].open);
        if !open {
            return Err("reservation_over");
        }
        self.bookings[booking].open = false;
        if slot != Slot::Running {
            self.take_from(booking);
            self.give();
        }
        Ok(())
    }

    pub(super) fn check_in(&mut self, booking: usize) -> Verdict {
        let one = &self.bookings[booking];
        if !one.open {
            return Err("reservation_over");
        }
        if one.checked_in {
            return Ok(());
        }
        if one.slot == Slot::Later {
            return Err("check_in_too_early");
        }
        if self.bookings.iter().any(|other| other.open && other.checked_in) {
            return Err("another_checked_in");
        }
        self.bookings[booking].checked_in = true;
        self.bookings[booking].confirmed = true;
        Ok(())
    }

    pub(super) fn check_out(&mut self, booking: usize) -> Verdict {
        let one = &mut self.bookings[booking];
        if !one.open {
            return Err("reservation_over");
        }
        if !one.confirmed {
            return Err("not_checked_in");
        }
        one.open = false;
        Ok(())
    }

    /// A sensor is assigned, or enabled again.
    pub(super) fn watch(&mut self, enabled: bool) {
        self.sensor = Some(Sensor { enabled, occupied: None });
    }

    /// The sensor is disabled.
    pub(super) fn disable(&mut self) {
        self.depart();
        self.watch(false);
    }

    /// The sensor is unassigned.
    pub(super) fn unwatch(&mut self) {
        self.depart();
        self.sensor = None;
    }

    pub(super) fn is_watched(&self) -> bool {
        self.sensor.is_some()
    }

    /// A reading of the assigned sensor.
    pub(super) fn read(&mut self, occupied: bool) {
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.enabled) else { return };
        sensor.occupied = Some(occupied);
        if !occupied {
            self.depart();
        } else if self.lasting().is_none() {
            self.stays.push(Stay { booking: None, lasts: true });
            self.bookings.iter_mut().for_each(|booking| booking.in_stay = false);
            self.give();
        }
    }

    /// The state shown, where the model says one: without a recent reading it depends on more than the model knows.
    pub(super) fn shown(&self) -> Option<&'static str> {
        let open = |slot: Slot| self.bookings.iter().find(|booking| booking.open && booking.slot == slot);
        if self.overridden {
            Some("maintenance")
        } else if [Slot::Running, Slot::Soon].iter().any(|slot| open(*slot).is_some_and(|one| !one.confirmed))
        {
            Some("reserved")
        } else {
            let occupied = self.sensor.and_then(|sensor| sensor.occupied)?;
            Some(if occupied { "occupied" } else { "free" })
        }
    }

    fn lasting(&self) -> Option<usize> {
        self.stays.len().checked_sub(1).filter(|last| self.stays[*last].lasts)
    }

    /// Gives the stay that lasts to a booking without one: the running one, else the next, else the first of this stay. A
    /// booking that runs or is confirmed keeps its stay.
    fn give(&mut self) {
        let Some(last) = self.lasting() else { return };
        if let Some(owner) = self.stays[last].booking {
            let one = &self.bookings[owner];
            if !one.open || one.confirmed || one.slot == Slot::Running {
                return;
            }
            self.take_from(owner);
        }
        let open = |booking: &Booking| booking.open && !booking.has_stay;
        let of = |slot: Slot| self.bookings.iter().position(|one| open(one) && one.slot == slot);
        let during = || {
            let of_stay =
                (0..self.bookings.len()).filter(|it| self.bookings[*it].in_stay && open(&self.bookings[*it]));
            of_stay.min_by_key(|it| self.bookings[*it].slot)
        };
        let Some(booking) = of(Slot::Running).or_else(|| of(Slot::Soon)).or_else(during) else { return };
        self.stays[last].booking = Some(booking);
        self.bookings[booking].has_stay = true;
        if self.bookings[booking].slot == Slot::Running {
            self.bookings[booking].confirmed = true;
        }
    }

    /// The stay ends. It was not that of a booking whose start is still to come.
    fn depart(&mut self) {
        let Some(last) = self.lasting() else { return };
        self.stays[last].lasts = false;
        let to_come = |it: &usize| self.bookings[*it].open && self.bookings[*it].slot != Slot::Running;
        if let Some(booking) = self.stays[last].booking.filter(to_come) {
            self.take_from(booking);
        }
    }

    fn take_from(&mut self, booking: usize) {
        self.bookings[booking].has_stay = false;
        for stay in self.stays.iter_mut().filter(|stay| stay.booking == Some(booking)) {
            stay.booking = None;
        }
    }
}
