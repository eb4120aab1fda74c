//! Directories and files of the cluster: never those of somebody else, and never by a symbolic link.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;

use super::ClusterError;

/// Sets the mode and the owner, as far as they are given, of a directory or file that one of the users owns. Root would
/// otherwise give away what a link in a directory of somebody else points to.
pub(super) fn claim(
    path: &Path,
    mode: Option<u32>,
    users: &[u32],
    owner: Option<(u32, u32)>,
) -> Result<(), ClusterError> {
    let opened = OpenOptions::new().read(true).custom_flags(no_follow()).open(path);
    let opened = opened.map_err(ClusterError::io(path))?;
    check(path, &opened, users)?;
    let limited = mode.map_or(Ok(()), |mode| opened.set_permissions(Permissions::from_mode(mode)));
    limited.and_then(|()| give(&opened, owner)).map_err(ClusterError::io(path))
}

/// Opens a file of one of the users for writing, and makes it if there is none. Its owner is set if one is given: the server's
/// user must be able to use a file that a command of root made.
pub(super) fn open(
    path: &Path,
    append: bool,
    users: &[u32],
    owner: Option<(u32, u32)>,
) -> Result<File, ClusterError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).append(append).mode(0o600);
    let opened = options.custom_flags(no_follow()).open(path).map_err(ClusterError::io(path))?;
    check(path, &opened, users)?;
    give(&opened, owner).map_err(ClusterError::io(path))?;
    Ok(opened)
}

/// Refuses what another user owns.
pub(super) fn check(path: &Path, opened: &File, users: &[u32]) -> Result<(), ClusterError> {
    let owner = opened.metadata().map_err(ClusterError::io(path))?.uid();
    if users.contains(&owner) {
        return Ok(());
    }
    Err(ClusterError::Foreign { path: path.to_owned(), owner })
}

fn give(opened: &File, owner: Option<(u32, u32)>) -> io::Result<()> {
    match owner {
        Some((uid, gid)) => fchown(opened, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

fn no_follow() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}
