//! A server that root starts goes on as the user that runs the database: a program that listens on a network needs none of
//! root's rights.

use std::env::args_os;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{ClusterError, ClusterOptions, Installation, Layout, create_directory, is_root};

/// This program, also where the server's user may not enter the directory that it is in.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// If this process is root: gives the cluster's directory to the server's user and starts the program again as that user,
/// with the same arguments. Returns if this process is not root, or if that fails.
pub fn give_up_root(options: &ClusterOptions) -> Result<(), ClusterError> {
    if !is_root() {
        return Ok(());
    }
    let layout = Layout::new(&options.directory)?;
    let installation = Installation::find(options.bin_dir.as_deref(), &layout)?;
    create_directory(layout.directory())?;
    installation.check_reach(layout.directory())?;
    hand_over(&layout, &installation)?;
    let mut arguments = args_os();
    let mut program = Command::new(THIS_PROGRAM);
    installation.as_its_user(&mut program);
    // Without the argument, the default differs for users other than root.
    program.env("PARKING_DATA_DIR", layout.directory());
    program.arg0(arguments.next().unwrap_or_else(|| "parking".into())).args(arguments);
    Err(ClusterError::StillRoot { source: program.exec() })
}

fn hand_over(layout: &Layout, installation: &Installation) -> Result<(), ClusterError> {
    let directory = layout.directory();
    let io = || ClusterError::io(directory);
    // A link is not followed: it could lead to any directory of root.
    let owner = fs::symlink_metadata(directory).map_err(io())?.uid();
    if !installation.users().contains(&owner) {
        return Err(ClusterError::Foreign { path: directory.to_owned(), owner });
    }
    // A directory that is also used for something else is given to nobody.
    if !layout.lock().exists() && fs::read_dir(directory).map_err(io())?.next().is_some() {
        return Err(ClusterError::NotEmpty { directory: directory.to_owned() });
    }
    installation.claim(&directory.canonicalize().map_err(io())?, None)?;
    // Earlier releases, and commands that root ran while the platform was stopped, left files of root.
    for path in [layout.lock(), layout.log()] {
        match installation.claim(&path, Some(0o600)) {
            Err(ClusterError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            claimed => claimed?,
        }
    }
    Ok(())
}
