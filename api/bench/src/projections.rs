//! `projections`: how fast rows are rebuilt from a log, compared with `COPY` of the same events.
//!
//! The log is a generated month. Each rebuild runs in its own process, so that its memory can be measured, on a
//! private, durable server. The run fails if the rebuilt rows differ from the live ones.

pub(crate) mod child;
mod log;
mod month;
mod table;

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use parking_database::cluster::Layout;
use parking_database::prepare;
use parking_projections::list;
use rustix::process::getpid;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolCopyExt, PgPoolOptions};
use tokio::time::Instant;

use crate::home::Home;
use crate::report::say;
use crate::{BenchError, cpu, machine};
use month::Month;
use table::{AT_ONCE, COPY, Figures, Measured};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Events in the log; memory is asked for with two million.
    #[arg(long, default_value_t = 200_000)]
    events: u32,
    /// How often everything is measured.
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
}

/// Measures and prints the figures.
pub(crate) async fn projections(arguments: Arguments) -> Result<(), BenchError> {
    let home = Home::new()?;
    let cluster = home.start().await?;
    let database = cluster.database();
    prepare(&database).await?;
    say(machine::describe(&database.admin, home.path()).await?);

    let mut connection = database.admin.connect().await?;
    let events = log::fill(&mut connection, Month::new(arguments.events)).await?;
    say(format_args!("{events} events"));
    let mut figures = Figures::new(events);
    for projection in list::installed() {
        // A rebuild needs live rows: the first one, which is not measured, makes them.
        log::stand_at(&mut connection, &projection, events).await?;
        child::rebuild(&home, projection.name).await?;
    }
    for repetition in 1..=arguments.repetitions {
        say(format_args!("repetition {repetition} of {}", arguments.repetitions));
        figures.note(COPY, copy_out(&home, &database.admin).await?)?;
        for projection in list::installed() {
            let measured = child::rebuild(&home, projection.name).await?;
            figures.note(projection.name, measured)?;
        }
        let names = list::names();
        let rebuilt = try_join_all(names.iter().map(|name| child::rebuild(&home, name))).await?;
        figures.note(AT_ONCE, Measured::at_once(&rebuilt))?;
    }
    figures.print();
    Ok(cluster.stop().await?)
}

/// Reads what the feed reads, as fast as the server sends it, and discards it.
async fn copy_out(home: &Home, admin: &PgConnectOptions) -> Result<Measured, BenchError> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(admin.clone()).await?;
    let (started, before) = (Instant::now(), cpu(&home.cluster_directory()));
    let query = "copy (select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, \
                 event_version, payload, metadata, event_id, append_id, recorded_at \
                 from events order by position) to stdout (format binary)";
    let mut rows = pool.copy_out_raw(query).await?;
    while rows.try_next().await?.is_some() {}
    let elapsed = started.elapsed();
    let cpu = used_since(&home.cluster_directory(), before);
    Ok(Measured { folded: elapsed, whole: elapsed, cpu, peak_kib: cpu::peak_memory(), different: 0 })
}

/// CPU time of this process and of the database in a directory, so far.
fn cpu(cluster: &Path) -> [Duration; 2] {
    let postmaster = Layout::new(cluster).ok().and_then(|layout| layout.postmaster_pid());
    [cpu::of_process(getpid()), postmaster.map(cpu::of_family).unwrap_or_default()]
}

/// CPU time of both since then.
fn used_since(cluster: &Path, before: [Duration; 2]) -> [Duration; 2] {
    let now = cpu(cluster);
    std::array::from_fn(|n| now[n].saturating_sub(before[n]))
}
