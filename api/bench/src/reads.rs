//! `reads`: what the authentication of a read costs: the same reads without a login, with one session, and with sessions that
//! the server has not looked up within the last two seconds.
//!
//! The three take turns on one server (`--open`), and their processor time is compared: the machine's speed varies.

use std::path::PathBuf;
use std::time::Duration;

use parking_database::cluster::Layout;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::home::Home;
use crate::ingest::children::{ADMIN, ADMIN_PASSWORD, Server};
use crate::measure::{Sample, drive, spread};
use crate::report::say;
use crate::{BenchError, cpu, machine};

/// Requests under way at once.
const IN_FLIGHT: usize = 8;

/// Longer than the server remembers a session without asking the database.
const FORGOTTEN: Duration = Duration::from_millis(2500);

/// The list of sites: a small read that every page makes.
const READ: &str = "/api/v6/sites";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often everything is measured.
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Reads of each measurement without a login and with one session.
    #[arg(long, default_value_t = 10_000)]
    reads: usize,
    /// Sessions that are looked up anew.
    #[arg(long, default_value_t = 400)]
    sessions: usize,
    /// The server's program. Default: `parking`, beside this one.
    #[arg(long)]
    server: Option<PathBuf>,
}

/// Measures and prints the figures.
pub(crate) async fn reads(arguments: Arguments) -> Result<(), BenchError> {
    let home = Home::new()?;
    let server = Server::platform(arguments.server, &home.cluster_directory()).await?;
    let admin = Layout::new(&home.cluster_directory())?.admin_options();
    say(machine::describe(&admin, home.path()).await?);
    let bench = Bench { http: Client::builder().no_proxy().build()?, server, home };
    let mut tokens = Vec::new();
    for _ in 0..arguments.sessions {
        tokens.push(bench.login().await?);
    }
    let mut figures =
        [(None, arguments.reads), (Some(1), arguments.reads), (Some(tokens.len()), tokens.len())]
            .map(|(sessions, reads)| (sessions, reads, Vec::new()));
    // Not measured: connections, plans and caches warm up.
    bench.read(&[None], arguments.reads).await?;
    for repetition in 1..=arguments.repetitions {
        say(format_args!("repetition {repetition} of {}", arguments.repetitions));
        for (sessions, reads, samples) in &mut figures {
            let used: Vec<Option<&str>> = match sessions {
                None => vec![None],
                Some(sessions) => tokens.iter().take(*sessions).map(|token| Some(&**token)).collect(),
            };
            sleep(FORGOTTEN).await;
            samples.push(bench.read(&used, *reads).await?);
        }
    }
    print(&figures);
    bench.server.stop().await
}

struct Bench {
    http: Client,
    server: Server,
    home: Home,
}

impl Bench {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// The access token of a new session.
    async fn login(&self) -> Result<String, BenchError> {
        let body = json!({"email": ADMIN, "password": ADMIN_PASSWORD, "tenant_slug": "default"});
        let answer =
            self.http.post(self.url("/api/auth/login")).json(&body).send().await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        Ok(answer["access_token"].as_str().ok_or("a login answers with a token")?.to_owned())
    }

    /// This many reads, with these sessions in turn.
    async fn read(&self, sessions: &[Option<&str>], reads: usize) -> Result<Sample, BenchError> {
        let (http, url) = (self.http.clone(), self.url(READ));
        let request = |token: Option<&str>| {
            let request = http.get(&url);
            token.map_or(request.try_clone(), |token| Some(request.bearer_auth(token)))
        };
        let requests: Vec<_> = sessions.iter().copied().cycle().take(reads).filter_map(request).collect();
        let before = self.cpu();
        let mut sample = drive(requests, IN_FLIGHT, async |request| {
            request.send().await?.error_for_status()?.bytes().await?;
            Ok(())
        })
        .await?;
        sample.cpu =
            self.cpu().iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect();
        Ok(sample)
    }

    /// CPU time of the server and of the database.
    fn cpu(&self) -> [Duration; 2] {
        [self.server.cpu(), self.home.postmaster().map(cpu::of_family).unwrap_or_default()]
    }
}

fn print(figures: &[(Option<usize>, usize, Vec<Sample>)]) {
    say("| reads | p50 ms | CPU µs of the server, min/median/max | CPU µs of the database |");
    say("|---|---|---|---|");
    for (sessions, reads, samples) in figures {
        let what = match sessions {
            None => format!("{reads} without a login"),
            Some(1) => format!("{reads} with one session"),
            Some(sessions) => format!("{reads} with {sessions} sessions, each looked up"),
        };
        let of = |process: usize| {
            let used = samples.iter().filter_map(|sample| sample.cpu_per_job().get(process).copied());
            let [min, median, max] = spread(used);
            format!("{min:.0} / {median:.0} / {max:.0}")
        };
        let [_, p50, _] = spread(samples.iter().map(|sample| sample.percentile(50)));
        say(format_args!("| {what} | {p50:.2} | {} | {} |", of(0), of(1)));
    }
}
