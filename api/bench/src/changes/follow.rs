//! The process that runs no projection: a follower that stores what it sees, and when.

use std::path::PathBuf;

use parking_database::{Database, LocalCluster, Logins, Role};
use parking_projections::engine::follower::{self, Begin, Follower, OnPoison, TakeError};
use parking_projections::engine::wake;
use parking_projections::occupancy::changes::read::ChangeHistory;
use parking_projections::occupancy::changes::{self, Entry};
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::BenchError;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The database server's directory.
    directory: PathBuf,
}

struct Seeing;

impl Follower for Seeing {
    const NAME: &'static str = "seeing";
    const BEGIN: Begin = Begin::AtTheEnd;
    const ON_POISON: OnPoison = OnPoison::Stop;
    type History = ChangeHistory;

    async fn take(&mut self, connection: &mut PgConnection, entries: &[Entry]) -> Result<(), TakeError> {
        sqlx::query(
            "insert into projections.seen select *, clock_timestamp() from unnest($1::bigint[], $2::bigint[])",
        )
        .bind(entries.iter().map(|entry| entry.position).collect::<Vec<_>>())
        .bind(entries.iter().map(|entry| entry.ordinal).collect::<Vec<_>>())
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn resync(&mut self, _: &mut PgConnection) -> Result<(), TakeError> {
        Err(TakeError::Effect("nothing is deleted or rebuilt in this run".to_owned()))
    }
}

/// Follows until it is killed.
pub(crate) async fn follow(arguments: Arguments) -> Result<(), BenchError> {
    let admin = LocalCluster::attach(&arguments.directory).await?.database(LocalCluster::DATABASE);
    let database = Database { admin, logins: Logins::Private };
    let (projector, stop) = (database.as_role(Role::Projector), CancellationToken::new());
    let (signal, woken) = watch::channel(());
    tokio::spawn(wake::listen_to(changes::CHANNEL, projector.clone(), signal, stop.clone()));
    follower::run(Seeing, projector, woken, stop).await;
    Ok(())
}
