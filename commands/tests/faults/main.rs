//! The log's guarantees when connections, the server or the disk fail.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod cut;
mod elsewhere;
mod own_server;
mod proxy;
mod sent_again;
mod standby;
