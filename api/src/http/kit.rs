//! Shared by all resources: callers, requests, replies and refusals. The kit depends on no resource.

pub(crate) mod admission;
pub(crate) mod aliases;
pub(crate) mod app;
pub(crate) mod body;
pub(crate) mod budget;
pub(crate) mod caller;
pub(crate) mod commit_probe;
pub(crate) mod credential;
pub(crate) mod documented;
pub(crate) mod freshness;
pub(crate) mod hardening;
pub(crate) mod lenient;
pub(crate) mod moment;
pub(crate) mod opened;
pub(crate) mod own_data;
pub(crate) mod page;
pub(crate) mod permission;
pub(crate) mod probe;
pub(crate) mod problem;
pub(crate) mod progress;
pub(crate) mod query;
pub(crate) mod refusals;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod seek;
