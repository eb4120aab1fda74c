//! What is stored stays readable: the form of every event ever released, what older forms become, and sealed personal data.

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
