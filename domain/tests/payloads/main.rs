//! What devices say in their bytes, and what displays are told in theirs.

mod choosing;
mod downlink;
mod layouts;
mod properties;
mod traps;
mod vectors;
