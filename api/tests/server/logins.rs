//! Logins over HTTP: who may call what, sessions and their ends, users and invitations.

mod console;
mod host;
mod limits;
mod matrix;
pub(crate) mod people;
mod revocation;
mod sequence;
mod tries;
mod users;
