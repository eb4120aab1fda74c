//! Row-level security between tenants: a tenant's reader or analyst sees no row of another tenant in any relation, and
//! no new relation can escape the check.
//!
//! The test walks the catalogue, not a list: everything that either role may select, in any schema. Each tenant's data
//! contains its mark, so a row of another tenant is one that shows the other mark in some column.

mod copies;
mod locks;
mod mistakes;
mod tricks;
mod walk;

use parking_domain::id::{OverrideId, TenantId};
use parking_domain::space::{OverrideKind, Space, SpaceEvent};
use parking_projections::devices::Fleet;
use parking_projections::engine::reader::Reader;
use parking_projections::engine::rebuild::rebuild;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, Executor, PgConnection};

use crate::support::catch_up;
use walk::{Looker, function_leaks, leaks, unguarded, unproven};

/// The marks of the two tenants. The first one reads.
const OURS: char = 'a';
const THEIRS: char = 'b';

/// A log in which two tenants have data of every kind, and read models that show it.
async fn two_tenants() -> EventLog {
    let log = EventLog::create().await;
    for mark in [OURS, THEIRS] {
        furnish(&Estate::new(&log, mark)).await;
    }
    catch_up::<Fleet>(&log).await;
    catch_up::<Registry>(&log).await;
    catch_up::<Occupancies>(&log).await;
    log
}

/// Data of every kind that a read model or an operational table shows.
async fn furnish(estate: &Estate<'_>) {
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let sensor = estate.sensor(3, space, 2).await;
    estate.policy(4, 3).await;
    estate.booked(5, space, (9_000, 9_600), 4).await;
    let set = SpaceEvent::OverrideSet {
        override_id: OverrideId::from(estate.id(6)),
        kind: OverrideKind::Blocked,
        from: at(20_000),
        until: None,
        reason: Some(format!("works of {}", estate.mark())),
        notes: Some(estate.sealed("notes")),
        at: at(5),
        by: OWNER,
    };
    estate.happens::<Space>(space, set).await;
    estate.reports(sensor, 1, true, 10).await;
    estate.reports(sensor, 2, false, 5_000).await;
    estate.remembers_a_person().await;
}

/// An analyst's login of our tenant.
async fn analyst(log: &EventLog) -> sqlx::postgres::PgConnectOptions {
    let admin = &log.database.database().admin;
    let mut connection = PgConnection::connect_with(admin).await.unwrap();
    for (role, mark) in [("analyst_one", OURS), ("analyst_two", THEIRS)] {
        connection
            .execute(&*format!(
                "do $$ begin create role {role} login in role parking_analyst; \
                       exception when duplicate_object or unique_violation then null; end $$; \
                 grant connect on database {} to {role}; \
                 insert into ops.analysts values ('{role}', '{}')",
                admin.get_database().unwrap(),
                Estate::new(log, mark).tenant()
            ))
            .await
            .unwrap();
    }
    admin.clone().username("analyst_one")
}

#[tokio::test]
async fn every_read_model_table_has_row_level_security_even_for_its_owner() {
    let log = EventLog::create().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c \
          where c.relnamespace = 'projections'::regnamespace and c.relkind in ('r', 'p') \
            and not (c.relrowsecurity and c.relforcerowsecurity) \
            and c.relname not in ('checkpoints', 'dead_letters', 'skipped_events', 'held_streams')",
    )
    .fetch_all(&log.pool)
    .await
    .unwrap();
    assert_eq!(open, [""; 0]);
    let views: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
          where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind in ('v', 'm') \
            and not coalesce(c.reloptions @> '{security_invoker=true}', false)",
    )
    .fetch_all(&log.pool)
    .await
    .unwrap();
    assert_eq!(views, [""; 0], "every view has security_invoker");
}

#[tokio::test]
async fn every_readable_relation_is_limited_with_rows_on_both_sides() {
    let log = two_tenants().await;
    let options = analyst(&log).await;
    assert_eq!(unproven(&log, OURS, THEIRS).await, [""; 0]);

    // A rebuild must keep the policies.
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    rebuild::<Registry>(&owner, &projector, |_, _| {}).await.unwrap();
    assert_eq!(unproven(&log, OURS, THEIRS).await, [""; 0]);
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    assert_eq!(leaks(&mut session, Looker::Everywhere, OURS, THEIRS).await, [""; 0]);
}

#[tokio::test]
async fn a_reader_sees_the_tenant_it_was_given_and_without_one_nothing() {
    let log = two_tenants().await;
    log.admin().execute("analyze").await.unwrap();
    let reader = Reader::new(log.database.pool(Role::Reader));
    let mut reading = reader.of(Estate::new(&log, OURS).tenant()).await.unwrap();
    assert_eq!(leaks(&mut reading, Looker::Everywhere, OURS, THEIRS).await, [""; 0]);
    let refused = reading.execute("delete from spaces").await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("25006"), "{refused}");
    drop(reading);

    // The setting ended with its transaction; and a tenant without data sees nothing.
    let mut bare = reader.pool().acquire().await.unwrap();
    let mut other = reader.of(TenantId::DEFAULT).await.unwrap();
    for connection in [&mut *bare, &mut *other] {
        for mark in [OURS, THEIRS] {
            assert_eq!(leaks(connection, Looker::Nowhere, OURS, mark).await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn an_analyst_sees_its_tenant_whatever_it_does() {
    let log = two_tenants().await;
    log.admin().execute("analyze").await.unwrap();
    let options = analyst(&log).await;
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    assert_eq!(leaks(&mut session, Looker::Everywhere, OURS, THEIRS).await, [""; 0]);
    for trick in tricks::allowed("analyst_one", Estate::new(&log, THEIRS).tenant()) {
        let mut session = PgConnection::connect_with(&options).await.unwrap();
        session.execute(&*trick).await.unwrap_or_else(|refused| panic!("{trick}: {refused}"));
        assert_eq!(leaks(&mut session, Looker::Here, OURS, THEIRS).await, [""; 0], "after {trick}");
    }
    for trick in tricks::refused("analyst_one", Estate::new(&log, THEIRS).tenant()) {
        let mut session = PgConnection::connect_with(&options).await.unwrap();
        let refused = session.execute(&*trick).await.expect_err(&trick);
        assert_eq!(
            refused.as_database_error().unwrap().code().as_deref(),
            Some("42501"),
            "{trick}: {refused}"
        );
        assert_eq!(leaks(&mut session, Looker::Here, OURS, THEIRS).await, [""; 0], "after {trick}");
    }
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    let theirs = Estate::new(&log, THEIRS).tenant();
    assert_eq!(function_leaks(&mut session, theirs, THEIRS).await, [""; 0]);
    for question in tricks::QUESTIONS {
        let mut session = PgConnection::connect_with(&options).await.unwrap();
        let answer = sqlx::query_scalar::<_, String>(question).fetch_all(&mut session).await;
        let answer = format!("{answer:?}");
        assert!(!answer.contains(Estate::new(&log, THEIRS).mark()), "{question}: {answer}");
    }
}

#[tokio::test]
async fn an_analyst_has_limits_that_the_operator_may_change() {
    let log = EventLog::create().await;
    let options = analyst(&log).await;
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    let mut limits = Vec::new();
    for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
        let show = format!("show {setting}");
        limits.push(sqlx::query_scalar::<_, String>(&show).fetch_one(&mut session).await.unwrap());
    }
    assert_eq!(limits, ["1min", "1min"]);
    let connections = "select rolconnlimit from pg_roles where rolname = $1";
    let limit = async |role: &str| -> i32 {
        sqlx::query_scalar(connections).bind(role).fetch_one(&log.pool).await.unwrap()
    };
    assert_eq!(limit("analyst_one").await, 5);

    let role = format!("analyst_{}", log.database.as_role(Role::Owner).get_database().unwrap());
    let admin = log.admin();
    for statement in [
        format!("create role {role} login connection limit 9 in role parking_analyst"),
        format!("alter role {role} set statement_timeout = '10min'"),
        format!("insert into ops.analysts values ('{role}', gen_random_uuid())"),
    ] {
        admin.execute(&*statement).await.unwrap();
    }
    assert_eq!(limit(&role).await, 9);
    let set: Vec<String> =
        sqlx::query_scalar("select unnest(setconfig) from pg_db_role_setting where setrole = $1::regrole")
            .bind(&role)
            .fetch_all(&admin)
            .await
            .unwrap();
    assert_eq!(set, ["statement_timeout=10min", "idle_in_transaction_session_timeout=60s"]);
    admin.execute(&*format!("drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn the_callable_security_definer_functions_return_the_own_tenant_or_a_position() {
    let log = EventLog::create().await;
    for (role, callable) in [
        ("parking_reader", &["analyst_tenant()", "changes_deleted_through()", "tenant_for_reader(text)"][..]),
        ("parking_analyst", &["analyst_tenant()", "tenant_for_analyst(text)"]),
    ] {
        let functions: Vec<String> = sqlx::query_scalar(
            "select p.oid::regprocedure::text from pg_proc p \
              where p.prosecdef and has_function_privilege($1, p.oid, 'execute') \
                and p.pronamespace <> 'pg_catalog'::regnamespace order by 1",
        )
        .bind(role)
        .fetch_all(&log.pool)
        .await
        .unwrap();
        assert_eq!(functions, callable, "{role}");
    }
}

#[tokio::test]
async fn the_log_and_operational_tables_are_for_the_roles_that_work_with_them() {
    let log = EventLog::create().await;
    let admin = log.admin();
    assert_eq!(unguarded(&admin).await, [""; 0]);
    let additions = "grant select on events, streams to parking_reader; \
                     create table ops.open (tenant_id uuid); create table public.shown (tenant_id uuid); \
                     select guard('public.shown', 'auditor'); create policy everyone on public.shown using (true)";
    sqlx::raw_sql(additions).execute(&admin).await.unwrap();
    let expected = [
        "ops.open: no policy for its owner too",
        "public.events: parking_reader has a privilege",
        "public.shown: a policy for everyone",
        "public.streams: parking_reader has a privilege",
    ];
    assert_eq!(unguarded(&admin).await, expected);
}

#[tokio::test]
async fn a_new_table_or_view_cannot_be_forgotten() {
    let log = two_tenants().await;
    let options = analyst(&log).await;
    let [ours, theirs] = [OURS, THEIRS].map(|mark| Estate::new(&log, mark).tenant());
    let additions = format!(
        "create table projections.open (tenant_id uuid); \
         insert into projections.open values ('{ours}'), ('{theirs}'); \
         grant select on projections.open to parking_reader; \
         create table projections.untried (tenant_id uuid); \
         select wall_off('projections.untried', 'tenant'); \
         create table projections.whole (tenant_id uuid) partition by list (tenant_id); \
         select wall_off('projections.whole', 'tenant'); \
         create table projections.part partition of projections.whole default; \
         insert into projections.whole values ('{ours}'), ('{theirs}'); \
         grant select on projections.part to parking_analyst; \
         create view operator.through as select * from projections.sites; \
         grant usage on schema operator to parking_analyst; \
         grant select on operator.through to parking_analyst"
    );
    sqlx::raw_sql(&additions).execute(&log.admin()).await.unwrap();
    let expected = [
        "operator.through: a view without security_invoker",
        "projections.open: no policy",
        "projections.part: no policy",
        "projections.untried: no row of either side",
    ];
    assert_eq!(unproven(&log, OURS, THEIRS).await, expected);
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    let shown = leaks(&mut session, Looker::Here, OURS, THEIRS).await;
    assert_eq!(
        shown,
        [
            "operator.through shows another tenant's",
            "projections.part shows another tenant's",
            "projections.untried shows nothing",
        ]
    );
    let reader = Reader::new(log.database.pool(Role::Reader));
    let mut reading = reader.of(ours).await.unwrap();
    let shown = leaks(&mut reading, Looker::Here, OURS, THEIRS).await;
    assert_eq!(shown, ["projections.open shows another tenant's", "projections.untried shows nothing"]);
}
