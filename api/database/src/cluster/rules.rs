//! Who may log in to the private server: the user that runs it and root, through the socket. The kernel tells the server
//! who is at the other end.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use super::{ClusterError, Installation, Layout};
use crate::{BACKUP, Role};

/// No network, even if a setting makes the server listen on one. `all` does not include replication, which base backups use.
const RULES: &str =
    "local all all peer map=parking\nlocal replication postgres peer map=parking\nhost all all all reject\n";

/// A user may log in as the analyst of the same name.
const ANALYSTS: &str = "parking /^(.+)$ analyst_\\1\n";

/// Root can become any user.
const ROOT: &str = "root";

/// Writes the rules beside the data, where they cannot be changed through the server, and returns the settings that name them.
pub(super) fn write(
    layout: &Layout,
    installation: &Installation,
) -> Result<Vec<(String, String)>, ClusterError> {
    let mut users = vec![ROOT.to_owned()];
    for uid in installation.users() {
        let name = name_of(uid)?;
        if !users.contains(&name) {
            users.push(name);
        }
    }
    let mut map = String::new();
    for user in &users {
        for role in ["postgres", BACKUP.0].into_iter().chain(Role::ALL.map(Role::name)) {
            writeln!(map, "parking \"{user}\" {role}").expect("a string takes every write");
        }
    }
    map.push_str(ANALYSTS);
    let (rules, user_map) = (layout.rules(), layout.user_map());
    replace(installation, &rules, RULES)?;
    replace(installation, &user_map, &map)?;
    let setting = |name: &str, path: &Path| (name.to_owned(), path.display().to_string());
    Ok(vec![setting("hba_file", &rules), setting("ident_file", &user_map)])
}

/// Replaces the file at once: the server may be reading it.
fn replace(installation: &Installation, path: &Path, text: &str) -> Result<(), ClusterError> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(ClusterError::io(&new)(error));
        }
        _ => {}
    }
    let written = installation.open(&new, false)?.write_all(text.as_bytes());
    written.and_then(|()| fs::rename(&new, path)).map_err(ClusterError::io(path))
}

fn name_of(uid: u32) -> Result<String, ClusterError> {
    let output = Command::new("id").args(["-un", &uid.to_string()]).output();
    let name = output.ok().filter(|output| output.status.success());
    let name = name.and_then(|output| String::from_utf8(output.stdout).ok());
    name.map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .ok_or(ClusterError::NoUserName { uid })
}
