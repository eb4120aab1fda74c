//! Notices of changes to sessions, users and tenants, between processes.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgExecutor;
use sqlx::postgres::{PgListener, PgPool};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::cache::{Cache, Changed};

/// The channel of the notices.
const CHANNEL: &str = "parking_accounts";

/// The pause before the next attempt to listen.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells all processes, once the transaction commits.
pub(super) async fn announce(database: impl PgExecutor<'_>, changed: Changed) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(text(changed)).execute(database).await?;
    Ok(())
}

/// Forgets in the cache what other processes change, until `stop`. While it cannot listen, entries age as usual.
pub(super) async fn follow(pool: PgPool, cache: Arc<Cache>, stop: CancellationToken) {
    let listening = async {
        loop {
            let Err(error) = listen(&pool, &cache).await else { continue };
            warn!(%error, "cannot hear of changes to sessions; they take effect after two seconds");
            cache.clear();
            sleep(PAUSE).await;
        }
    };
    let _stopped = stop.run_until_cancelled(listening).await;
}

async fn listen(pool: &PgPool, cache: &Cache) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // What happened before it listened.
    cache.clear();
    loop {
        match listener.try_recv().await? {
            Some(notice) => match parsed(notice.payload()) {
                Some(changed) => cache.forget(changed),
                None => cache.clear(),
            },
            // The connection broke and is made anew.
            None => cache.clear(),
        }
    }
}

fn text(changed: Changed) -> String {
    match changed {
        Changed::Session(id) => format!("session/{id}"),
        Changed::User(id) => format!("user/{id}"),
        Changed::Tenant(id) => format!("tenant/{id}"),
    }
}

fn parsed(text: &str) -> Option<Changed> {
    match text.split_once('/')? {
        ("session", id) => id.parse().ok().map(Changed::Session),
        ("user", id) => id.parse().ok().map(Changed::User),
        ("tenant", id) => id.parse().ok().map(Changed::Tenant),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notice_reads_back_as_written() {
        let id = Uuid::from_u128(7);
        for changed in [Changed::Session(id), Changed::User(id.into()), Changed::Tenant(id.into())] {
            assert_eq!(parsed(&text(changed)), Some(changed));
        }
        for other in ["", "session", "session/", "robot/00000000-0000-0000-0000-000000000007"] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }
}
