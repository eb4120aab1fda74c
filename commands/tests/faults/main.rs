//! What the log promises when things break around it: connections, the server, the disk.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod cut;
mod elsewhere;
mod own_server;
mod proxy;
mod sent_again;
mod standby;
