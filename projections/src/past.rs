//! Queries on the past: spaces and sites as they were at a position of the log.
//!
//! They join rows of all rooms, each of which holds from its position on, so this room stands beside them.

pub mod site;
pub mod space;
