//! `parking up`: starts the database, the schema and the server, and stops them in the opposite order.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use parking_database::{give_up_root, prepare};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::CommandError;
use crate::cli;
use crate::demo::{self, Demo};
use crate::environment::{Clock, SystemClock};
use crate::http::kit::admission::Admission;
use crate::http::kit::credential::Credential;
use crate::listen::{Limits, raise_file_limit};
use crate::place::{Place, Running};
use crate::serve::{Bounds, Server};
use crate::transport;

/// The shortest webhook secret, in characters: whoever has a signed body can try shorter ones without asking the server.
const SHORTEST_SECRET: usize = 16;

/// Serves until interrupted or terminated.
pub(crate) async fn up(arguments: cli::Up) -> Result<(), CommandError> {
    let credential = credential(&arguments)?;
    let admission = admission(&arguments);
    let (edge, certificate) = transport::edge(&arguments.edge, arguments.listen)?;
    let place = if arguments.demo { Place::of_demo(&arguments.place) } else { Place::of(&arguments.place) }?;
    let bounds = Bounds {
        linger: Duration::from_millis(arguments.projection_linger_ms),
        keep_readings: TimeDelta::days(arguments.keep_readings_days.into()),
        stream_memory: usize::try_from(arguments.stream_memory_mb)? * 1024 * 1024,
    };
    let stop = stop_on_signal()?;
    let limits = Limits::of_files(raise_file_limit());
    // Bound first, so that a taken port is reported before a database is started.
    let listener = TcpListener::bind(arguments.listen).await.map_err(|e| {
        format!("cannot listen on {}: {e}; choose another with PARKING_LISTEN", arguments.listen)
    })?;
    if let Place::Private(options) = &place {
        give_up_root(options)?;
    }
    let running = Running::start(place).await?;
    let served = async {
        if arguments.demo {
            demo::refuse_other_data(&running.database).await?;
        }
        prepare(&running.database).await?;
        let server = Server::start(&running.database, (credential, admission, edge), bounds).await?;
        let address = listener.local_addr()?;
        if let Some(demo) = demonstration(&arguments, address)? {
            tokio::spawn(demo.run(server.router(true), arguments.webhook_secret.clone(), stop.clone()));
        }
        let scheme = if certificate.is_some() { "https" } else { "http" };
        say_where((scheme, address), &running, arguments.demo)?;
        server.run((listener, certificate), limits, stop).await
    };
    let result = served.await;
    running.stop().await?;
    result
}

/// The webhook's credential. Without a secret the server must listen on loopback only.
fn credential(arguments: &cli::Up) -> Result<Credential, CommandError> {
    let given = |secret: &&SecretString| !secret.expose_secret().is_empty();
    match arguments.webhook_secret.as_ref().filter(given) {
        // A header cannot carry white space at its ends: the secret would never match.
        Some(secret) if secret.expose_secret().trim() != secret.expose_secret() => {
            Err("the webhook secret begins or ends with white space: set CHIRPSTACK_WEBHOOK_SECRET without it".into())
        }
        Some(secret) if secret.expose_secret().chars().count() < SHORTEST_SECRET => Err(format!(
            "the webhook secret is shorter than {SHORTEST_SECRET} characters and can be guessed: set \
             CHIRPSTACK_WEBHOOK_SECRET to a random one, such as the output of `openssl rand -hex 16`"
        )
        .into()),
        Some(secret) => Ok(Credential::Secret(secret.clone())),
        None if arguments.listen.ip().is_loopback() => Ok(Credential::Open),
        None => Err(format!(
            "refusing to listen on {} without a webhook secret: set CHIRPSTACK_WEBHOOK_SECRET, or listen on loopback",
            arguments.listen
        )
        .into()),
    }
}

/// On loopback every program of this machine is trusted; elsewhere there is nothing to trust anyone with.
fn admission(arguments: &cli::Up) -> Admission {
    let hosts = arguments.allowed_hosts.iter().map(|host| host.trim()).filter(|host| !host.is_empty());
    if arguments.listen.ip().is_loopback() {
        Admission::ThisMachine { hosts: hosts.map(str::to_owned).collect() }
    } else {
        Admission::Everyone
    }
}

/// The demonstration, if requested. It uses routes that exist only on loopback.
fn demonstration(arguments: &cli::Up, address: SocketAddr) -> Result<Option<Demo>, CommandError> {
    match arguments.demo {
        false => Ok(None),
        true if !address.ip().is_loopback() => {
            Err("--demo is for this machine alone: listen on loopback".into())
        }
        true => {
            let start = SystemClock.now();
            let seed = arguments.demo_seed.unwrap_or_else(|| start.micros().unsigned_abs());
            Ok(Some(Demo { speed: arguments.demo_speed, seed, start: start.utc(), delay: TimeDelta::zero() }))
        }
    }
}

fn stop_on_signal() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // The terminal was closed.
    let mut hang_up = signal(SignalKind::hangup())?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
        stopping.cancel();
    });
    Ok(stop)
}

fn say_where((scheme, address): (&str, SocketAddr), running: &Running, is_demo: bool) -> io::Result<()> {
    let database = match &running.cluster {
        Some(cluster) if is_demo => {
            format!("PARKING_DATA_DIR={} ./parking psql", cluster.layout().directory().display())
        }
        Some(cluster) => format!("./parking psql   (files in {})", cluster.layout().directory().display()),
        None => "the server that DATABASE_URL names".to_owned(),
    };
    write!(
        io::stdout(),
        "\
parking is up on {scheme}://{address}
  ChirpStack posts to   {scheme}://{address}/api/v1/uplink
  try every operation   {scheme}://{address}/docs
  health                {scheme}://{address}/health
  database              {database}
  stop                  Ctrl-C
"
    )
}
