//! Uplink payloads of devices, and downlink payloads of displays.

mod choosing;
mod downlink;
mod layouts;
mod properties;
mod traps;
mod vectors;
