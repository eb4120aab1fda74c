//! A privilege that is granted by mistake shows no row.

use parking_projections::engine::reader::Reader;
use parking_testkit::Role;
use parking_testkit::estate::Estate;
use sqlx::{Connection, PgConnection};

use super::{OURS, analyst, two_tenants};

/// Rows of every kind that logins have.
pub(super) const LOGINS: &str = "
    insert into ops.subject_keys (subject, key) values ('00000000-0000-7000-8000-000000000001', sha256('key'));
    insert into ops.users (user_id, email_key, subject, created_at)
        select subject, decode(md5('ann'), 'hex'), subject, now() from ops.subject_keys where tenant_id is null;
    insert into ops.passwords (password_id, user_id, hash, must_change, created_at)
        select user_id, user_id, '$argon2id$', false, now() from ops.users;
    insert into ops.sessions (session_id, user_id, tenant_id, password_id, must_change, created_at, last_used_at, idle_until, expires_at)
        select user_id, user_id, user_id, user_id, false, now(), now(), now(), now() from ops.users;
    insert into ops.refresh_tokens (token_hash, session_id, created_at) select sha256('token'), session_id, now() from ops.sessions;
    insert into ops.links (link_hash, purpose, user_id, created_at, expires_at)
        select sha256('link'), 'reset', user_id, now(), now() from ops.users;
    insert into ops.signing_keys (kid, key, created_at) values ('one', sha256('signs'), now());
";

/// Rows of every other kind that the two tenants have none of.
const OTHERS: &str = "
    insert into ops.platform_keys (purpose, key) values ('keyed_hash', sha256('hash')) on conflict do nothing;
    insert into ops.job_runs (run_id, job, trigger, started_at) values (gen_random_uuid(), 'expire_reservations', 'schedule', now());
    insert into ops.retention (table_name, age, horizon) values ('uplinks', 'at', now()) on conflict do nothing;
    insert into ops.followers (follower, version, generation, position) values ('taking', 1, 0, 0);
    select probe_commit();
    insert into claims (scope, key, aggregate_type, aggregate_id) values ('tenant_slug', 'acme', 'tenant', 'one');
    insert into requests (tenant_id, key, fingerprint, first_position, last_position)
        values (gen_random_uuid(), 'one', gen_random_uuid(), 1, 1);
    insert into snapshots (aggregate_type, aggregate_id, state_version, version, event_id, state)
        values ('site', 'one', 1, 1, gen_random_uuid(), '{}');
    insert into projections.dead_letters (projection, version, position, failure) values ('fleet', 1, 1, 'it failed');
    insert into projections.skipped_events (projection, version, position, reason) values ('fleet', 1, 1, 'it failed');
    insert into projections.held_streams (projection, version, aggregate_type, aggregate_id, tenant_id, position, cause, failure)
        values ('fleet', 1, 'site', 'one', gen_random_uuid(), 1, 1, 'it failed');
";

/// Tables that readers and analysts may read.
const PUBLIC: [&str; 2] = ["public.log_head", "projections.checkpoints"];

/// The keys of people, of which a reader sees its tenant's.
const KEYS: &str = "ops.subject_keys";

/// Tables of the log and operational tables, and whether they have rows.
async fn tables(admin: &mut PgConnection) -> Vec<(String, bool)> {
    let names: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
          where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
            and (n.nspname <> 'projections' or c.relname in ('checkpoints', 'dead_letters', 'skipped_events', 'held_streams')) \
          order by 1",
    )
    .fetch_all(&mut *admin)
    .await
    .unwrap();
    let mut tables = Vec::new();
    for name in names {
        let has_rows = count(admin, &name).await > 0;
        tables.push((name, has_rows));
    }
    tables
}

async fn count(session: &mut PgConnection, table: &str) -> i64 {
    let rows = sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(session).await;
    rows.unwrap_or_else(|error| panic!("{table}: {error}"))
}

#[tokio::test]
async fn a_privilege_granted_by_mistake_shows_no_row() {
    let log = two_tenants().await;
    let options = analyst(&log).await;
    let admin = log.admin();
    sqlx::raw_sql(LOGINS).execute(&admin).await.unwrap();
    sqlx::raw_sql(OTHERS).execute(&admin).await.unwrap();
    for schema in ["public", "ops", "projections"] {
        let mistake = format!(
            "grant usage on schema {schema} to parking_reader, parking_analyst; \
             grant select on all tables in schema {schema} to parking_reader, parking_analyst"
        );
        sqlx::raw_sql(&mistake).execute(&admin).await.unwrap();
    }
    let tables = tables(&mut admin.acquire().await.unwrap()).await;
    let empty: Vec<&str> = tables.iter().filter(|(_, has_rows)| !has_rows).map(|(name, _)| &**name).collect();
    assert_eq!(empty, [""; 0], "a table without a row proves nothing");

    let mut reader =
        Reader::new(log.database.pool(Role::Reader)).of(Estate::new(&log, OURS).tenant()).await.unwrap();
    let mut analyst = PgConnection::connect_with(&options).await.unwrap();
    for (table, _) in tables.iter().filter(|(name, _)| !PUBLIC.contains(&&**name)) {
        let keys = i64::from(table == KEYS);
        assert_eq!(count(&mut reader, table).await, keys, "the reader: {table}");
        assert_eq!(count(&mut analyst, table).await, 0, "the analyst: {table}");
    }
}
