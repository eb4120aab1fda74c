//! The walls between tenants, in the database itself: no table without one, and no way around it.

use parking_domain::id::TenantId;
use parking_projections::reader::Reader;
use parking_testkit::{Role, TestDatabase};
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

/// A walled table with a row of each of two tenants.
async fn two_tenants() -> TestDatabase {
    let database = TestDatabase::create().await;
    let mut owner = PgConnection::connect_with(&database.as_role(Role::Owner)).await.unwrap();
    let table = "create table projections.bays (bay_id bigint primary key, tenant_id uuid not null)";
    owner.execute(table).await.unwrap();
    owner.execute("select wall_off('projections.bays', 'tenant')").await.unwrap();
    owner.execute("select wall_off('projections.bays', 'tenant')").await.unwrap();
    sqlx::query("insert into bays values (1, $1), (2, $2)")
        .bind(TenantId::DEFAULT.uuid())
        .bind(Uuid::from_u128(2))
        .execute(&database.pool(Role::Projector))
        .await
        .unwrap();
    database
}

#[tokio::test]
async fn every_table_of_read_models_is_walled_off_even_from_its_owner() {
    let database = TestDatabase::create().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c \
          where c.relnamespace = 'projections'::regnamespace and c.relkind in ('r', 'p') \
            and not (c.relrowsecurity and c.relforcerowsecurity) \
            and c.relname not in ('checkpoints', 'dead_letters')",
    )
    .fetch_all(&database.pool(Role::Auditor))
    .await
    .unwrap();
    assert_eq!(open, [""; 0]);
    let views: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
          where n.nspname in ('projections', 'operator', 'public', 'ops') and c.relkind in ('v', 'm') \
            and not coalesce(c.reloptions @> '{security_invoker=true}', false)",
    )
    .fetch_all(&database.pool(Role::Auditor))
    .await
    .unwrap();
    assert_eq!(views, [""; 0], "views look through the eyes of whoever asks");
}

#[tokio::test]
async fn a_reader_sees_the_tenant_it_was_given_and_without_one_nothing() {
    let database = two_tenants().await;
    let reader = Reader::new(database.pool(Role::Reader));
    for (tenant, expected) in [(TenantId::DEFAULT, vec![1]), (TenantId::PLATFORM, vec![])] {
        let mut reading = reader.of(tenant).await.unwrap();
        let seen: Vec<i64> =
            sqlx::query_scalar("select bay_id from bays").fetch_all(&mut *reading).await.unwrap();
        assert_eq!(seen, expected, "{tenant}");
    }
    // The setting went with its transaction.
    let seen: Vec<i64> =
        sqlx::query_scalar("select bay_id from bays").fetch_all(reader.pool()).await.unwrap();
    assert_eq!(seen, [0; 0]);
    let mut reading = reader.of(TenantId::DEFAULT).await.unwrap();
    let refused = reading.execute("delete from bays").await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("25006"), "{refused}");
}

#[tokio::test]
async fn an_analyst_sees_its_tenant_whatever_it_sets() {
    let database = two_tenants().await;
    let analyst = format!("analyst_{}", TenantId::DEFAULT.uuid().simple());
    let mut admin = PgConnection::connect_with(&database.database().admin).await.unwrap();
    admin
        .execute(&*format!(
            "do $$ begin create role {analyst} login in role parking_analyst; \
                   exception when duplicate_object or unique_violation then null; end $$; \
             grant connect on database {} to {analyst}; \
             insert into ops.analysts values ('{analyst}', '{}')",
            database.database().admin.get_database().unwrap(),
            TenantId::DEFAULT
        ))
        .await
        .unwrap();
    let options = database.database().admin.clone().username(&analyst);
    let mut session = PgConnection::connect_with(&options).await.unwrap();
    let tricks = [
        "select 1",
        "set parking.tenant_id = '00000000-0000-0000-0000-000000000002'",
        "reset all",
        "set role parking_analyst",
        "reset role",
        "set row_security = off",
    ];
    for trick in tricks {
        session.execute(trick).await.unwrap();
        let seen: Result<Vec<i64>, _> =
            sqlx::query_scalar("select bay_id from projections.bays").fetch_all(&mut session).await;
        match seen {
            Ok(seen) => assert_eq!(seen, [1], "{trick}"),
            Err(refused) => assert!(trick.contains("row_security"), "{trick}: {refused}"),
        }
    }
    for role in ["parking_projector", "parking_reader", "parking_owner", "parking_auditor", "parking_writer"]
    {
        assert!(session.execute(&*format!("set role {role}")).await.is_err(), "an analyst is not {role}");
    }
    for forbidden in ["select * from events", "select * from ops.analysts", "select * from ops.subject_keys"]
    {
        assert!(session.execute(forbidden).await.is_err(), "{forbidden}");
    }
}
