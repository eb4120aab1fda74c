//! Uplink payloads of devices, and downlink payloads of displays.

mod choosing;
mod downlink;
mod layouts;
mod properties;
mod refused_before;
mod traps;
mod vectors;
