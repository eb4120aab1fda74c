//! The command line and the environment variables, in one place.

mod database;
mod edge;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use parking_database::Role;
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

pub(crate) use database::{AnalystCommand, Database, DatabaseCommand, RoleUrls};
pub(crate) use edge::Edge;

/// The smart parking platform.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) logging: Logging,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Starts the platform: a private database unless `DATABASE_URL` names one, and the HTTP server.
    Up(Up),
    /// Runs a command on the platform's database, whether the platform is up or not.
    Exec(Exec),
    /// Makes the rows of read models anew from the log, beside the live ones, and corrects those by them.
    Rebuild(Rebuild),
    /// How the projections stand, and what to do when one has stopped or holds events back.
    Projection(Projection),
    /// Shows the event log's identity and size, forks a restored copy, and trains dictionaries.
    Log(Log),
    /// The way back in for admins who have lost their password.
    Admin(Admin),
    /// Makes the logins of the platform on a PostgreSQL server of your own, migrates it, and adds analysts.
    Database(Database),
    /// Says what a sensor's payload means: an occupancy, a battery, or why it cannot be read (exit code 1).
    Decode(Decode),
}

/// What is logged to stderr, and how.
#[derive(Debug, Args)]
pub(crate) struct Logging {
    /// What to log: a level, or directives such as `info,parking_commands=debug`.
    #[arg(long, env = "PARKING_LOG", default_value = "info,sqlx=warn", global = true)]
    log: String,
    /// How to write it.
    #[arg(long, env = "PARKING_LOG_FORMAT", value_enum, default_value = "text", global = true)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where to listen. Anything but loopback needs a webhook secret, and a certificate or a trusted proxy.
    #[arg(long, env = "PARKING_LISTEN", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    /// What ChirpStack's webhook must prove to know: as a token in a header, or as the key of an HMAC over the body.
    #[arg(long, env = "CHIRPSTACK_WEBHOOK_SECRET", hide_env_values = true)]
    pub(crate) webhook_secret: Option<SecretString>,
    #[command(flatten)]
    pub(crate) edge: Edge,
    /// Serves everyone on this machine without a login, as the owner of the default tenant: for a look around. Refused on
    /// another address than loopback.
    #[arg(long)]
    pub(crate) open: bool,
    /// Nobody registers a tenant: users come by invitation.
    #[arg(long, env = "PARKING_NO_REGISTRATION", value_parser = FalseyValueParser::new())]
    pub(crate) no_registration: bool,
    /// The e-mail of the first admin, who is made at the first start. The password is in
    /// `PARKING_ADMIN_PASSWORD`, or in the file that `PARKING_ADMIN_PASSWORD_FILE` names; without one, it is generated and
    /// printed once.
    #[arg(long, env = "PARKING_ADMIN_EMAIL", default_value = "admin@localhost")]
    pub(crate) admin_email: String,
    /// The token with which a program may read /metrics without a login, as `Authorization: Bearer`.
    #[arg(long, env = "PARKING_METRICS_TOKEN", hide_env_values = true)]
    pub(crate) metrics_token: Option<SecretString>,
    /// Further names of this server, separated by commas, that requests may have in their Host header with --open. Loopback
    /// addresses and `localhost` always may.
    #[arg(long, env = "PARKING_ALLOWED_HOSTS", value_delimiter = ',')]
    pub(crate) allowed_hosts: Vec<String>,
    /// How long read models gather events under load, in milliseconds: longer costs less, shorter shows sooner. The first
    /// events after a quiet time and reads with `min_position` never wait for it.
    #[arg(long, env = "PARKING_PROJECTION_LINGER_MS", default_value_t = 20, value_parser = value_parser!(u64).range(..=1000))]
    pub(crate) projection_linger_ms: u64,
    /// How much memory the streams that commands work on may take, in MiB. What does not fit is loaded again when it is
    /// needed: a device takes about 2.5 KiB.
    #[arg(long, env = "PARKING_STREAM_MEMORY_MB", default_value_t = 256, value_parser = value_parser!(u32).range(1..=1_048_576))]
    pub(crate) stream_memory_mb: u32,
    /// Lays down two sites and lets simulated cars come and go there, with reports as ChirpStack posts them, and bookings. The
    /// private database is in a directory of its own (`parking-demo`); a database that holds other data is refused.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Simulated minutes in a minute.
    #[arg(long, requires = "demo", default_value_t = 60, value_parser = value_parser!(u32).range(1..=3600))]
    pub(crate) demo_speed: u32,
    /// The same seed gives the same arrivals and departures. Default: another one each time.
    #[arg(long, requires = "demo")]
    pub(crate) demo_seed: Option<u64>,
    /// How many days read models keep what devices reported. The log keeps everything.
    #[arg(long, env = "PARKING_KEEP_READINGS_DAYS", default_value_t = 90, value_parser = value_parser!(u32).range(1..=36_500))]
    pub(crate) keep_readings_days: u32,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Which database.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Use this PostgreSQL server (15 or newer) and start none. Its login administers: it makes the roles, and the roles
    /// log in without passwords. Where they need passwords, `parking database init` makes them, and the other URLs are
    /// used.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<SecretString>,
    #[command(flatten)]
    pub(crate) urls: RoleUrls,
    /// Where the private database lives. Default: `/var/lib/parking` for root, else `$XDG_STATE_HOME/parking` or
    /// `~/.local/state/parking`.
    #[arg(long, env = "PARKING_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The directory of the PostgreSQL server's programs. Default: the newest below /usr/lib/postgresql.
    #[arg(long, env = "PG_BIN_DIR")]
    pub(crate) pg_bin_dir: Option<PathBuf>,
}

impl Place {
    /// The administrator's URL.
    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database_url.as_ref().map(ExposeSecret::expose_secret).filter(|url| !url.is_empty())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    pub(crate) what: AdminCommand,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Prints a new password for a user, once, and enables the user again. All sessions of the user end.
    Reset {
        /// The user's e-mail. Default: an owner of the platform.
        email: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The login that the command uses: that of a role, of backups or of an analyst.
    #[arg(long, env = "PARKING_ROLE", default_value = Role::Auditor.name())]
    pub(crate) role: String,
    /// The command and its arguments. It finds `DATABASE_URL` and PostgreSQL's own variables set.
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    /// Only this projection: `fleet`, `registry` or `occupancy`.
    pub(crate) projection: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    #[command(subcommand)]
    pub(crate) what: LogCommand,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Prints the log's id and format, its last position, and what its events weigh.
    Status,
    /// Gives a restored copy of a log an id of its own, before it goes on beside the original. Stop the platform on the copy
    /// first.
    Fork {
        /// Why, for those who read the log later.
        #[arg(long)]
        reason: Option<String>,
    },
    /// What webhook bodies are compressed with.
    Dictionary {
        #[command(subcommand)]
        what: DictionaryCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DictionaryCommand {
    /// Makes a dictionary of the newest bodies in the log and adds it. Servers use it from their next start on.
    Train,
}

#[derive(Debug, Args)]
pub(crate) struct Projection {
    #[command(subcommand)]
    pub(crate) what: ProjectionCommand,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectionCommand {
    /// Prints how far each projection is and what its rows lack. Exit code 1 when one has stopped or holds events back.
    Status,
    /// Tries again what a projection could not take: one that stopped goes on, and held back rows are rebuilt.
    Retry {
        /// Only this projection: `fleet`, `registry` or `occupancy`.
        projection: Option<String>,
    },
    /// Passes an event over for ever that a projection cannot take. Accepted only while the projection stands before it.
    Skip {
        /// The projection. Default: every one that stands before the event.
        projection: Option<String>,
        /// The event's position.
        #[arg(long, value_parser = value_parser!(i64).range(1..))]
        position: i64,
        /// Why, for those who read the log later. It stays in the log for ever: name no person.
        #[arg(long)]
        reason: String,
        /// The event cannot be read. A device's uplinks are loaded without it; commands to any other stream that holds it
        /// are refused, since nobody knows what it has become.
        #[arg(long)]
        undecodable: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// The codec's name or the sensor's model, such as `bosch-tps110` or `TBMS100`. Default: what the profile's name, the
    /// object, or port and layout tell.
    #[arg(long, short)]
    pub(crate) model: Option<String>,
    /// The port it came on. Needed only where the same bytes mean something else on another port.
    #[arg(long, short = 'p')]
    pub(crate) f_port: Option<u8>,
    /// The object that a codec in the network server made of the bytes, as JSON.
    #[arg(long, value_name = "JSON")]
    pub(crate) object: Option<String>,
    /// An uplink as ChirpStack posts it (`event=up`): a file, or `-` for stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["payload", "object", "f_port", "base64"])]
    pub(crate) event: Option<PathBuf>,
    /// Take the payload as base64 even if it reads as hex.
    #[arg(long)]
    pub(crate) base64: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Name the models and exit.
    #[arg(long, conflicts_with_all = ["payload", "object", "event"])]
    pub(crate) list: bool,
    /// The bytes in hex or base64. JSON is taken as an object, or as a whole event if it has `deviceInfo`.
    #[arg(required_unless_present_any = ["list", "object", "event"])]
    pub(crate) payload: Option<String>,
}

/// Starts logging to stderr. Directives that do not parse are ignored.
pub(crate) fn start_logging(logging: &Logging) {
    let filter = EnvFilter::builder().parse_lossy(&logging.log);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match logging.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
