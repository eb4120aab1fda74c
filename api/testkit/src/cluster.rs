//! The shared test server: its users, its start and its stop.
//!
//! Every test process holds `users.lock` shared for its whole life; the kernel releases it however the process ends.
//! The keeper, a small shell script that runs the server, stops the server when it can take that lock exclusively, and
//! holds it meanwhile, so that no process joins in between.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use parking_database::cluster::{Answer, Installation, Layout, Sync};
use rustix::fs::{FlockOperation, flock};
use tokio::sync::OnceCell;

const READY_WITHIN: Duration = Duration::from_secs(60);

/// No data here needs to survive a power failure; everything that a test can notice stays as in production.
const SETTINGS: [(&str, &str); 4] =
    [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "300"), ("max_wal_size", "256MB")];

/// The server, and this process's lock on it.
struct Shared {
    layout: Layout,
    _user: File,
}

static SHARED: OnceCell<Shared> = OnceCell::const_new();

/// The server, started if necessary; it runs as long as this process lives.
pub(crate) async fn shared() -> &'static Layout {
    &SHARED.get_or_init(join).await.layout
}

async fn join() -> Shared {
    let home = home();
    let layout = Layout::new(&home.join("cluster")).expect("the temporary directory has a short path");
    let bin_dir = std::env::var_os("PG_BIN_DIR").map(PathBuf::from);
    let installation =
        Installation::find(bin_dir.as_deref(), &layout).expect("the tests need a PostgreSQL server");
    claim(&installation, &home);

    let user = lock(&home.join("users.lock"), FlockOperation::LockShared);
    if layout.answer().await != Answer::Ready {
        let _starting = lock(&home.join("start.lock"), FlockOperation::LockExclusive);
        if layout.answer().await != Answer::Ready {
            start(&installation, &layout, &home).await;
        }
    }
    Shared { layout, _user: user }
}

/// One directory for each checkout and user, below the temporary directory.
fn home() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    let checkout = hasher.finish() & 0xffff_ffff;
    let user = rustix::process::geteuid();
    std::env::temp_dir().join(format!("parking-test-{user}-{checkout:08x}"))
}

/// The path is predictable and in a shared directory: another user's directory is not touched.
fn claim(installation: &Installation, home: &Path) {
    if let Ok(found) = fs::symlink_metadata(home) {
        let ours = found.is_dir() && installation.users().contains(&found.uid());
        assert!(ours, "{} belongs to somebody else; remove it or set TMPDIR", home.display());
    }
    installation.make_private(home).expect("the temporary directory can be written");
    installation.check_reach(home).expect("the server's user can enter the temporary directory");
}

/// Waits for the lock, at most until a server has started or stopped.
fn lock(path: &Path, operation: FlockOperation) -> File {
    let file =
        File::options().create(true).truncate(false).write(true).open(path).expect("it is our directory");
    flock(&file, operation).expect("a lock on a local file");
    file
}

async fn start(installation: &Installation, layout: &Layout, home: &Path) {
    if let Err(error) = fs::remove_dir_all(layout.directory()) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "cannot remove the last cluster: {error}");
    }
    installation.make_private(layout.directory()).expect("it is our directory");
    installation.make_private(&layout.socket()).expect("it is our directory");
    installation.initdb(layout, Sync::Skipped).await.expect("there is room for a database");

    let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let server = installation.server(layout, &settings);
    let mut keeper = installation.command("/bin/sh");
    keeper
        .args(["-c", include_str!("keeper.sh"), "keeper"])
        .args([&home.join("users.lock"), layout.directory()])
        .arg(server.get_program())
        .args(server.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(layout.log()).expect("it is our directory"));
    // Tokio's command, because no task waits for the keeper.
    tokio::process::Command::from(keeper).spawn().expect("every system has a shell");

    let started = Instant::now();
    while layout.answer().await != Answer::Ready {
        let log = fs::read_to_string(layout.log()).unwrap_or_default();
        assert!(started.elapsed() < READY_WITHIN, "the test server does not start: {log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
