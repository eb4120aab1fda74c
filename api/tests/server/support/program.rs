//! The program `parking` as a command.

use parking_database::{BACKUP, Role};
use tokio::process::Command;

/// The program with these arguments, without the settings of the environment. The server needs no login.
pub(crate) fn parking(arguments: &[&str]) -> Command {
    let mut command = program(arguments);
    if arguments.first() == Some(&"up") {
        command.arg("--open");
    }
    command
}

/// The same, with a server that needs logins.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parking"));
    command.args(arguments).env("PARKING_LISTEN", "127.0.0.1:0").kill_on_drop(true);
    let foreign = [
        "DATABASE_URL",
        "PARKING_DATA_DIR",
        "CHIRPSTACK_WEBHOOK_SECRET",
        "PARKING_ADMIN_EMAIL",
        "PARKING_ADMIN_PASSWORD",
        "PARKING_ADMIN_PASSWORD_FILE",
        "PARKING_ROLE",
        "PGUSER",
        "PARKING_LOG",
    ];
    for name in foreign.into_iter().chain(Role::ALL.map(Role::variable)).chain([BACKUP.1]) {
        command.env_remove(name);
    }
    command
}
