//! The `space` stream as a specification: given what happened, when something is asked, then this happens or is refused.

mod amending;
mod booking;
mod defining;
mod due;
mod fixture;
mod overrides;
mod properties;
mod rescheduling;
mod running;
