//! Stored data stays readable: the form of every event ever released, upcasting of older forms, and sealed personal
//! data.

mod device;
mod display;
mod files;
mod gateway;
mod log;
mod sealed;
mod site;
mod space;
mod tenant;
mod upcasting;
mod uplinks;
mod user;
