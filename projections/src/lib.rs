//! The read side: the ordered feed, the runner that applies events to projections, and one file for each read model.
//!
//! Only [`feed`] reads the log in order. A projection commits its rows and its checkpoint in one transaction. So it may
//! run twice, be killed anywhere, or be down, and its rows always match one prefix of the log.

pub mod account;
pub mod activity;
pub mod arrivals;
pub mod compare;
pub mod devices;
pub mod dictionaries;
pub mod diff;
pub mod display_policies;
pub mod due_times;
pub mod exceptions;
pub mod feed;
mod in_force;
mod install;
pub mod occupancy_hourly;
pub mod orphan_devices;
pub mod outage;
pub mod overrides;
mod poison;
pub mod progress;
pub mod projection;
pub mod reader;
pub mod rebuild;
pub mod recent;
pub mod registry;
mod reread;
pub mod reservations;
pub mod retention;
pub mod rows;
pub mod runner;
pub mod seek;
mod selection;
pub mod silences;
pub mod sites;
pub mod skips;
pub mod space_history;
pub mod space_occupancy;
pub mod spaces;
pub mod standing;
pub mod stays;
pub mod uplinks;
pub mod wake;

pub use install::{Installed, PROJECTIONS, install};
