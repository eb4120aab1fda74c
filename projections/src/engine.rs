//! What all projections share: the ordered feed, the runner that applies events, rows, rebuilds and comparisons.

pub mod account;
pub mod as_of;
pub mod compare;
pub mod database_url;
pub mod dictionaries;
pub mod diff;
pub mod exceptions;
pub mod feed;
pub mod follower;
pub mod install;
pub mod outage;
mod poison;
pub mod progress;
pub mod projection;
pub mod reader;
pub mod rebuild;
pub mod recent;
pub mod request_ids;
pub(crate) mod reread;
pub mod retention;
pub mod rows;
pub mod runner;
pub mod seek;
pub(crate) mod selection;
pub mod skips;
pub mod standing;
pub mod wake;
