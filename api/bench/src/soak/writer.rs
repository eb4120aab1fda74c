//! A writer process of the soak: appends from many tasks at once and prints every answer on stdout at once.
//!
//! It runs until it is killed, or until its stdin closes: then it finishes what is in flight, and ends.

use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use parking_commands::append::AppendError;
use parking_commands::writer::Writer;
use parking_database::{Database, Logins, Role};
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt, stdin};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::Answer;
use super::draw::{Drawer, TaskId};
use crate::BenchError;

/// The pause of a task while the database is away.
const AWAY_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) url: String,
    #[arg(long)]
    pub(crate) seed: u64,
    /// Which writer this is.
    #[arg(long)]
    pub(crate) writer: u32,
    /// How many processes bore that number before.
    #[arg(long)]
    pub(crate) life: u32,
    #[arg(long)]
    pub(crate) tasks: u32,
    #[arg(long)]
    pub(crate) request_keys: u32,
}

impl Arguments {
    /// These arguments as a command line; the URL goes by the environment, where other users cannot read it.
    pub(crate) fn to_words(&self) -> Vec<String> {
        let Self { url: _, seed, writer, life, tasks, request_keys } = self;
        [
            "soak-writer".to_owned(),
            format!("--seed={seed}"),
            format!("--writer={writer}"),
            format!("--life={life}"),
            format!("--tasks={tasks}"),
            format!("--request-keys={request_keys}"),
        ]
        .into()
    }
}

/// A database whose server lets each role in.
pub(crate) fn database(url: &str) -> Result<Database, BenchError> {
    let admin = PgConnectOptions::from_str(url).map_err(|_| "this is not a PostgreSQL URL")?;
    Ok(Database { admin, logins: Logins::ByName })
}

/// Appends until stdin closes.
pub(crate) async fn write(arguments: Arguments) -> Result<(), BenchError> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let options = database(&arguments.url)?.as_role(Role::Writer);
    let (writer, writing) = Writer::start(options, stop.clone());
    let Arguments { seed, writer: number, life, request_keys, .. } = arguments;
    let memory = Arc::default();
    for task in 0..arguments.tasks {
        let task_id = TaskId { seed, writer: number, life, task };
        let drawer = Drawer::new(task_id, request_keys, Arc::clone(&memory));
        tasks.spawn(append(writer.clone(), drawer, stop.clone()));
    }
    tasks.close();
    stdin().read_to_end(&mut Vec::new()).await?;
    stop.cancel();
    tasks.wait().await;
    writing.await?;
    Ok(())
}

async fn append(writer: Writer, mut drawer: Drawer, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let draft = drawer.draw();
        let result = writer.append(draft.plan.append(draft.spoiled)).await;
        if matches!(result, Err(AppendError::Stopped)) && stop.is_cancelled() {
            return;
        }
        if say(&Answer::to(&draft.plan, &result)).is_err() {
            // The soak has ended.
            return stop.cancel();
        }
        if matches!(result, Err(AppendError::Unavailable(_) | AppendError::Unsettled(_))) {
            sleep(AWAY_PAUSE).await;
        }
        drawer.learn(&draft.plan, &result);
    }
}

/// Writes one line at once: a pipe takes a short write whole, even from a process about to be killed.
fn say(answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}
