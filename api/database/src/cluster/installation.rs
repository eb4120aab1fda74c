//! The PostgreSQL programs of this machine, and the user that runs them.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ClusterError, Layout, owned};

/// The programs that the server's programs use.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

const PACKAGED: &str = "/usr/lib/postgresql";

/// The oldest supported major version.
const NEEDED: u32 = 15;

/// Whether `initdb` syncs to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// The data survives a power failure.
    Durable,
    /// For temporary clusters.
    Skipped,
}

/// The server's programs and the user that runs them.
#[derive(Clone, Debug)]
pub struct Installation {
    bin_dir: PathBuf,
    /// Set if this process is root, because PostgreSQL refuses to run as root.
    user: Option<User>,
}

#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

impl Installation {
    /// The programs in `bin_dir`, else the newest packaged ones; of the data's major version when there is data.
    pub fn find(bin_dir: Option<&Path>, data: &Layout) -> Result<Self, ClusterError> {
        let found = match bin_dir {
            Some(bin_dir) => vec![(version(bin_dir)?, bin_dir.to_owned())],
            None => packaged()?,
        };
        let chosen = match data.data_version() {
            None => found.into_iter().max(),
            Some(written) => {
                let same = found.into_iter().find(|(major, _)| *major == written);
                Some(same.ok_or_else(|| ClusterError::OtherVersion { data: data.data(), written })?)
            }
        };
        let (major, bin_dir) =
            chosen.ok_or_else(|| ClusterError::NoInstallation { searched: PathBuf::from(PACKAGED) })?;
        if major < NEEDED {
            return Err(ClusterError::TooOld { bin_dir, found: major, needed: NEEDED });
        }
        let user = if super::is_root() { Some(User::postgres()?) } else { None };
        Ok(Self { bin_dir, user })
    }

    /// The ids of the users that may own a cluster's directories: this process's user and the server's user.
    pub fn users(&self) -> Vec<u32> {
        let ours = rustix::process::geteuid().as_raw();
        self.user.map(|user| user.uid).into_iter().chain([ours]).collect()
    }

    /// One of the programs (or any other, by its absolute path), run as the server's user in its own process group, so
    /// that Ctrl-C at the terminal does not reach the database. It inherits no variable: some hold secrets, and every
    /// function of the server could read them.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(self.bin_dir.join(program.as_ref()));
        command.process_group(0).current_dir("/").env_clear().env("PATH", PATH);
        self.as_its_user(&mut command);
        command
    }

    /// Makes a program run as the server's user. Further groups of root are left behind too.
    pub(super) fn as_its_user(&self, command: &mut Command) {
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid);
        }
    }

    /// The server with the settings that make it private; later settings override earlier ones.
    pub fn server(&self, layout: &Layout, settings: &[(String, String)]) -> Command {
        let mut command = self.command("postgres");
        command.arg("-D").arg(layout.data()).arg("-k").arg(layout.socket());
        command.args(["-c", "listen_addresses=", "-c", "fsync=on", "-c", "timezone=UTC"]);
        command.args(["-c", "jit=off", "-c", &format!("port={}", Layout::PORT)]);
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
    }

    /// Creates the data directory. Incomplete data never has its final name, so a crash here leaves nothing to repair.
    pub async fn initdb(&self, layout: &Layout, sync: Sync) -> Result<(), ClusterError> {
        let (data, making) = (layout.data(), layout.directory().join("data.making"));
        match fs::remove_dir_all(&making) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(ClusterError::io(&making)(error));
            }
            _ => self.make_private(&making)?,
        }
        let mut command = self.command("initdb");
        // `LocalCluster` has its own rules for who may log in; these hold for tests, in a directory that nobody else enters.
        command.args(["--auth-local=trust", "--auth-host=reject"]);
        command.args(["--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"]);
        command.args(["--username=postgres", "--pgdata"]).arg(&making);
        if sync == Sync::Skipped {
            command.arg("--no-sync");
        }
        let mut command = tokio::process::Command::from(command);
        let output = command.kill_on_drop(true).output().await.map_err(ClusterError::io(&self.bin_dir))?;
        if !output.status.success() {
            return Err(ClusterError::Initdb {
                output: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        fs::rename(&making, &data).map_err(ClusterError::io(&data))?;
        File::open(layout.directory())
            .and_then(|directory| directory.sync_all())
            .map_err(ClusterError::io(layout.directory()))
    }

    /// A directory that only the server's user (and root) can enter. A symbolic link in its place is not followed.
    pub fn make_private(&self, directory: &Path) -> Result<(), ClusterError> {
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(ClusterError::io(directory)(error)),
            _ => self.claim(directory, Some(0o700)),
        }
    }

    /// Gives the server's user a directory or a file that it or this process's user has.
    pub(super) fn claim(&self, path: &Path, mode: Option<u32>) -> Result<(), ClusterError> {
        owned::claim(path, mode, &self.users(), self.owner())
    }

    /// Opens a file of the server's user for writing, and makes it if there is none.
    pub(super) fn open(&self, path: &Path, append: bool) -> Result<File, ClusterError> {
        owned::open(path, append, &self.users(), self.owner())
    }

    /// To whom files and directories are given; this process's user needs no gift.
    fn owner(&self) -> Option<(u32, u32)> {
        self.user.map(|User { uid, gid }| (uid, gid))
    }

    /// The id of the user that runs the server.
    pub(super) fn server_user(&self) -> u32 {
        self.user.map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid)
    }

    /// Checks that the server's user can reach the directory, which is clearer than an error in the server's log.
    pub fn check_reach(&self, directory: &Path) -> Result<(), ClusterError> {
        let Some(User { uid, gid }) = self.user else { return Ok(()) };
        let directory = directory.canonicalize().map_err(ClusterError::io(directory))?;
        for path in directory.ancestors() {
            let metadata = fs::metadata(path).map_err(ClusterError::io(path))?;
            let enter = match (metadata.uid() == uid, metadata.gid() == gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if metadata.mode() & enter == 0 {
                return Err(ClusterError::OutOfReach { path: path.to_owned() });
            }
        }
        Ok(())
    }
}

impl User {
    fn postgres() -> Result<Self, ClusterError> {
        let id = |what| {
            let output = Command::new("id").args([what, "postgres"]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        match (id("-u"), id("-g")) {
            (Some(uid), Some(gid)) => Ok(Self { uid, gid }),
            _ => Err(ClusterError::NoServerUser),
        }
    }
}

fn packaged() -> Result<Vec<(u32, PathBuf)>, ClusterError> {
    let Ok(entries) = fs::read_dir(PACKAGED) else { return Ok(Vec::new()) };
    entries
        .flatten()
        .map(|entry| entry.path().join("bin"))
        // A client package creates the directory too, without a server.
        .filter(|bin_dir| bin_dir.join("postgres").exists())
        .map(|bin_dir| Ok((version(&bin_dir)?, bin_dir)))
        .collect()
}

/// The major version: 15 of `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`, 19 of `19beta1`.
fn version(bin_dir: &Path) -> Result<u32, ClusterError> {
    let program = bin_dir.join("postgres");
    let output = match Command::new(&program).arg("--version").env_clear().output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(ClusterError::NoInstallation { searched: bin_dir.to_owned() });
        }
        Err(error) => return Err(ClusterError::io(&program)(error)),
    };
    let number = output.split_once("(PostgreSQL) ").map_or("", |(_, number)| number);
    let major = number.split(|character: char| !character.is_ascii_digit()).next();
    major.and_then(|major| major.parse().ok()).ok_or(ClusterError::UnknownVersion { program })
}
