//! The disk space of an event.

use sqlx::{PgConnection, query_as};

use crate::BenchError;
use crate::report::say;

const WEIGHTS: &str = "select 'table'::text, pg_table_size('public.events') \
    union all (select indexrelid::regclass::text, pg_relation_size(indexrelid) \
                 from pg_index where indrelid = 'public.events'::regclass order by 1)";

/// Prints the bytes for each event, in the table and in each index.
pub(super) async fn print(log: &mut PgConnection) -> Result<(), BenchError> {
    let (events,): (i64,) = query_as("select position from log_head").fetch_one(&mut *log).await?;
    let weights: Vec<(String, i64)> = query_as(WEIGHTS).fetch_all(&mut *log).await?;
    let total: i64 = weights.iter().map(|(_, bytes)| bytes).sum();
    say(format_args!("an event of {events} takes {} bytes", total / events.max(1)));
    for (name, bytes) in weights {
        say(format_args!("  {:>5} {name}", bytes / events.max(1)));
    }
    Ok(())
}
