//! `parking log dictionary train`: makes a dictionary of what the log's bodies have in common.

use std::io::{self, Write};

use futures_util::TryStreamExt;
use parking_bodies::{Decoder, sha256};
use parking_commands::identity::{self, Identity};
use parking_database::Database;
use parking_projections::engine::dictionaries;
use sqlx::{Connection, PgConnection};

use super::stream;
use crate::CommandError;
use crate::environment::{Clock, SystemClock};

/// The most bodies to train on, and the most bytes: more do not improve the dictionary.
const SAMPLES: i64 = 4000;
const SAMPLE_BYTES: usize = 64 << 20;

pub(super) async fn train(database: &Database) -> Result<(), CommandError> {
    let mut owner = PgConnection::connect_with(&database.as_owner()?).await?;
    let number = Identity::read(&mut owner).await?.dictionary + 1;
    let trained = parking_bodies::train(&newest_bodies(&mut owner).await?)?;
    let dictionary = keep(&mut owner, number, &trained).await?;
    owner.close().await?;
    let added = stream::with(database, async |log| {
        identity::add_dictionary(log, number, &dictionary, SystemClock.now()).await
    });
    added.await??;
    let (size, hash) = (dictionary.len(), sha256(&dictionary));
    writeln!(io::stdout(), "dictionary {number} added, {size} bytes, sha256 {hash}")?;
    Ok(())
}

async fn newest_bodies(owner: &mut PgConnection) -> Result<Vec<Vec<u8>>, CommandError> {
    let kept = dictionaries::kept(owner).await?;
    let mut decoder = Decoder::new(kept.iter().map(|(number, bytes)| (*number, &bytes[..])));
    let query =
        "select body_encoding, body from events where body is not null order by position desc limit $1";
    let mut stored = sqlx::query_as::<_, (i16, Vec<u8>)>(query).bind(SAMPLES).fetch(owner);
    let (mut bodies, mut bytes) = (Vec::new(), 0);
    while bytes < SAMPLE_BYTES
        && let Some((encoding, body)) = stored.try_next().await?
    {
        let body = decoder.decode(encoding, &body)?;
        bytes += body.len();
        bodies.push(body);
    }
    Ok(bodies)
}

/// Stores the dictionary beside the log. One that was stored and not announced, because the command was interrupted,
/// stays.
async fn keep(owner: &mut PgConnection, number: i16, trained: &[u8]) -> Result<Vec<u8>, sqlx::Error> {
    let keep =
        "insert into log_dictionaries (number, dictionary) values ($1, $2) on conflict (number) do nothing";
    sqlx::query(keep).bind(number).bind(trained).execute(&mut *owner).await?;
    let kept = "select dictionary from log_dictionaries where number = $1";
    sqlx::query_scalar(kept).bind(number).fetch_one(owner).await
}
