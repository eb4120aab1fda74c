//! `parking up`: starts the database, the schema and the server, and stops them in the opposite order.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Extension;
use chrono::TimeDelta;
use parking_database::{give_up_root, prepare};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::CommandError;
use crate::admin;
use crate::cli;
use crate::demo::{self, Demo};
use crate::environment::{Clock, SystemClock};
use crate::http::kit::admission::Admission;
use crate::http::kit::authentication::OfThisProcess;
use crate::http::kit::credential::{Credential, Scraper};
use crate::listen::{Limits, raise_file_limit};
use crate::place::{Place, Running};
use crate::serve::{Bounds, Guard, Server};
use crate::transport;

/// The shortest secret, in characters: whoever has a signed body can try shorter ones without asking the server.
const SHORTEST_SECRET: usize = 16;

/// Serves until interrupted or terminated.
pub(crate) async fn up(arguments: cli::Up) -> Result<(), CommandError> {
    let (credential, admission) = (credential(&arguments)?, admission(&arguments)?);
    let scraper = Scraper(secret(arguments.metrics_token.as_ref(), "PARKING_METRICS_TOKEN")?);
    let (edge, certificate) = transport::edge(&arguments.edge, arguments.listen)?;
    let takes_registrations = !arguments.no_registration;
    let guard = Guard { credential, admission, scraper, edge, takes_registrations };
    let first_admin = admin::first(&arguments);
    if arguments.demo && !arguments.listen.ip().is_loopback() {
        return Err("--demo is for this machine alone: listen on loopback".into());
    }
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
        let server = Server::start(&running.database, guard, bounds).await?;
        first_admin.make(server.accounts()).await?;
        let address = listener.local_addr()?;
        if let Some(demo) = demonstration(&arguments, address)? {
            let router = server.router().layer(Extension(OfThisProcess));
            tokio::spawn(demo.run(router, arguments.webhook_secret.clone(), stop.clone()));
        }
        let scheme = if certificate.is_some() { "https" } else { "http" };
        say_where((scheme, address), &running, &arguments)?;
        server.run((listener, certificate), limits, stop).await
    };
    let result = served.await;
    running.stop().await?;
    result
}

/// The webhook's credential. Without a secret the server must listen on loopback only.
fn credential(arguments: &cli::Up) -> Result<Credential, CommandError> {
    match secret(arguments.webhook_secret.as_ref(), "CHIRPSTACK_WEBHOOK_SECRET")? {
        Some(secret) => Ok(Credential::Secret(secret)),
        None if arguments.listen.ip().is_loopback() => Ok(Credential::Open),
        None => Err(format!(
            "refusing to listen on {} without a webhook secret: set CHIRPSTACK_WEBHOOK_SECRET, or listen on loopback",
            arguments.listen
        )
        .into()),
    }
}

/// The secret of a setting, if it is set.
fn secret(given: Option<&SecretString>, name: &str) -> Result<Option<SecretString>, CommandError> {
    let Some(secret) = given.filter(|secret| !secret.expose_secret().is_empty()) else { return Ok(None) };
    let text = secret.expose_secret();
    if text.trim() != text {
        // A header cannot carry white space at its ends: the secret would never match.
        return Err(format!("the secret begins or ends with white space: set {name} without it").into());
    }
    if text.chars().count() < SHORTEST_SECRET {
        return Err(format!(
            "the secret is shorter than {SHORTEST_SECRET} characters and can be guessed: set {name} to a random one, such as \
             the output of `openssl rand -hex 16`"
        )
        .into());
    }
    Ok(Some(secret.clone()))
}

/// Who needs no login: nobody, or with `--open` every program of this machine.
fn admission(arguments: &cli::Up) -> Result<Admission, CommandError> {
    if !arguments.open {
        return Ok(Admission::Logins);
    }
    if !arguments.listen.ip().is_loopback() {
        return Err(format!(
            "refusing to serve without logins on {}: omit --open, or listen on loopback",
            arguments.listen
        )
        .into());
    }
    let hosts = arguments.allowed_hosts.iter().map(|host| host.trim()).filter(|host| !host.is_empty());
    Ok(Admission::ThisMachine { hosts: hosts.map(str::to_owned).collect() })
}

/// The demonstration, if requested.
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

fn say_where(
    (scheme, address): (&str, SocketAddr),
    running: &Running,
    arguments: &cli::Up,
) -> io::Result<()> {
    let database = match &running.cluster {
        Some(cluster) if arguments.demo => {
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
    )?;
    if arguments.open {
        let (red, plain) = if io::stdout().is_terminal() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        writeln!(
            io::stdout(),
            "  {red}OPEN: every program on this machine may do everything, without a login (--open){plain}"
        )?;
    }
    Ok(())
}
