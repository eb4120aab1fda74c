//! What runs beside HTTP: what time brings becomes events at its second, jobs run when their time has come, and one of all
//! processes that serve a database leads.
//!
//! Nothing here is needed for anything else to be right: each command is decided by its aggregate, so one that is given
//! twice, or late, changes nothing twice.

pub mod clock;
pub mod due;
pub mod jobs;
pub mod leader;
pub mod scheduler;
pub mod silences;
pub mod watcher;
