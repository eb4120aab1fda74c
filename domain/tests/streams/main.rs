//! The streams as specifications: given events, when a command is executed, then these events follow, none do, or it is
//! refused. With each of them, its invariants for any commands in any order. Spaces have their own test crate.

mod device;
mod device_id;
mod device_properties;
mod display;
mod display_properties;
mod gateway;
mod gateway_properties;
mod history;
mod log;
mod policy;
mod scenario;
mod site;
mod site_properties;
mod tenant;
mod tenant_members;
mod tenant_policies;
mod tenant_properties;
mod uplinks;
mod uplinks_clocks;
mod uplinks_last_events;
mod uplinks_limits;
mod uplinks_properties;
mod uplinks_readable;
mod user;
mod user_properties;
