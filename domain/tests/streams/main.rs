//! The streams as specifications: given what happened, when a command comes, then this happens, nothing does, or it is
//! refused. Beside each of them, what never happens in it, whatever is asked in whatever order. Spaces have a house of
//! their own.

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
mod tenant_policies;
mod tenant_properties;
mod uplinks;
mod uplinks_limits;
mod uplinks_properties;
mod uplinks_readable;
mod user;
mod user_properties;
