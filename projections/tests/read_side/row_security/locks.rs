//! Locks that a read-only session could hold, so that a projection, a job or a rebuild waits for it.
//!
//! The keys of advisory locks are no secret (`pg_locks` shows them), so read-only roles must have no right to the functions
//! that take such locks.

use parking_testkit::{EventLog, Role};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor};

/// `insufficient_privilege`.
const REFUSED: &str = "42501";

/// Sessions that only read: of the API, of the auditor, of an analyst.
async fn readers(log: &EventLog) -> [PgConnectOptions; 3] {
    [log.database.as_role(Role::Reader), log.database.as_role(Role::Auditor), super::analyst(log).await]
}

/// A call of each function that takes an advisory lock, in any schema and with any arguments.
async fn calls(log: &EventLog) -> Vec<String> {
    let calls: Vec<String> = sqlx::query_scalar(
        "select format('select %s(%s)', p.oid::regproc, (select string_agg(format('1::%s', type::regtype), ', ') \
                                                          from unnest(p.proargtypes) type)) \
           from pg_proc p where p.proname ~ 'advisory' and p.proname !~ 'unlock' \
          order by p.proname, p.pronargs",
    )
    .fetch_all(&log.pool)
    .await
    .unwrap();
    assert!(calls.len() >= 16, "the walk finds the functions: {calls:?}");
    calls
}

/// The SQLSTATE of a statement's refusal.
async fn refusal(session: &mut sqlx::PgConnection, statement: &str) -> Option<String> {
    let refused = session.execute(statement).await.err()?;
    Some(refused.as_database_error()?.code()?.into_owned())
}

#[tokio::test]
async fn no_read_only_session_takes_an_advisory_lock() {
    let log = EventLog::create().await;
    let calls = calls(&log).await;
    for options in readers(&log).await {
        let mut session = options.connect().await.unwrap();
        for call in &calls {
            let refusal = refusal(&mut session, call).await;
            assert_eq!(refusal.as_deref(), Some(REFUSED), "{}: {call}", options.get_username());
        }
    }
    for role in [Role::Owner, Role::Writer, Role::Projector] {
        let mut session = log.database.as_role(role).connect().await.unwrap();
        for call in &calls {
            session.execute(&**call).await.unwrap_or_else(|refused| panic!("{role:?}: {call}: {refused}"));
        }
        session.execute("select pg_advisory_unlock_all()").await.unwrap();
    }
}

#[tokio::test]
async fn the_right_to_take_an_advisory_lock_is_granted_to_those_who_need_it_only() {
    let log = EventLog::create().await;
    let granted: Vec<String> = sqlx::query_scalar(
        "select p.oid::regprocedure || ' to ' || string_agg(coalesce(r.rolname, 'public'), ', ' order by r.rolname) \
           from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a \
                left join pg_roles r on r.oid = a.grantee \
          where p.proname ~ 'advisory' and p.proname !~ 'unlock' and a.grantee <> p.proowner \
          group by p.oid order by 1",
    )
    .fetch_all(&log.pool)
    .await
    .unwrap();
    assert!(granted.len() >= 16, "the walk finds the functions: {granted:?}");
    for line in granted {
        assert!(line.ends_with(" to parking_owner, parking_projector, parking_writer"), "{line}");
    }
}

/// A large object has no limit, and stays when its maker is gone.
#[tokio::test]
async fn nobody_writes_large_objects() {
    let log = EventLog::create().await;
    let readers = readers(&log).await.into_iter();
    for options in
        readers.chain([Role::Owner, Role::Writer, Role::Projector].map(|role| log.database.as_role(role)))
    {
        let mut session = options.connect().await.unwrap();
        for call in [
            "select lo_creat(-1)",
            "select lo_create(0)",
            "select lo_from_bytea(0, 'x')",
            "select lo_put(1, 0, 'x')",
            "select lo_open(1, 131072)",
            "select lowrite(0, 'x')",
            "select lo_import('/etc/hostname')",
        ] {
            let refusal = refusal(&mut session, call).await;
            assert_eq!(refusal.as_deref(), Some(REFUSED), "{}: {call}", options.get_username());
        }
    }
    let left: i64 = sqlx::query_scalar("select count(*) from pg_largeobject_metadata")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn no_read_only_session_locks_rows_or_tables_against_writers() {
    let log = EventLog::create().await;
    for options in readers(&log).await {
        let mut session = options.connect().await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
              where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
                and has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select') order by 1",
        )
        .fetch_all(&mut session)
        .await
        .unwrap();
        assert!(tables.len() > 10, "the walk finds tables");
        for table in tables {
            for statement in [
                format!("select from {table} for key share"),
                format!("select from {table} for share"),
                format!("select from {table} for no key update"),
                format!("select from {table} for update"),
                format!("do $$ begin lock table {table} in row share mode; end $$"),
                format!("do $$ begin lock table {table} in share row exclusive mode; end $$"),
            ] {
                let refusal = refusal(&mut session, &statement).await;
                assert_eq!(refusal.as_deref(), Some(REFUSED), "{}: {statement}", options.get_username());
            }
        }
    }
}
