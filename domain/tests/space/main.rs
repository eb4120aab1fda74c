//! The `space` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

mod amending;
mod booking;
mod defining;
mod due;
mod fixture;
mod overrides;
mod properties;
mod rescheduling;
mod running;
