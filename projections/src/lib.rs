//! The read side: the ordered feed, the runner that applies events to projections, and one file for each read model.
//!
//! Only [`engine::feed`] reads the log in order. A projection commits its rows and its checkpoint in one transaction.
//! So it may run twice, be killed anywhere, or be down, and its rows always match one prefix of the log.
//!
//! Rooms: [`engine`] knows no read model. Each projection is a room with its read models: [`registry`], [`devices`],
//! [`occupancy`]. [`list`] names the projections; [`past`] looks back over their rows.

pub mod devices;
pub mod engine;
pub mod list;
pub mod occupancy;
pub mod past;
pub mod registry;
