//! The walk through the catalogue.

use parking_domain::id::TenantId;
use parking_testkit::EventLog;
use sqlx::{Connection, FromRow, PgConnection, PgPool};

/// Relations without tenant data that everyone may read.
const PUBLIC_RELATIONS: [&str; 2] = ["public.log_head", "projections.checkpoints"];

/// The function that returns a setting of the session, which anybody may set and which alone opens nothing.
const ECHO: &str = "public.current_tenant()";

/// The relation of devices without an owner.
const OWNERLESS: &str = "projections.orphan_devices";

/// Where to look, and what must be found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looker {
    /// Also the server's own catalogues; every relation must show rows of ours.
    Everywhere,
    /// The platform's schemas; every relation must show rows of ours.
    Here,
    /// The platform's schemas; no row is required.
    Nowhere,
}

/// A table or view that the session may select from.
#[derive(FromRow)]
struct Relation {
    name: String,
    is_ours: bool,
    columns: Vec<String>,
}

/// Relations that show another tenant's rows, or that should show ours and do not.
pub(crate) async fn leaks(
    session: &mut PgConnection,
    looker: Looker,
    ours: char,
    theirs: char,
) -> Vec<String> {
    let relations: Vec<Relation> = sqlx::query_as(
        "select format('%I.%I', n.nspname, c.relname) as name, \
                n.nspname !~ '^pg_' and n.nspname <> 'information_schema' as is_ours, \
                array_agg(quote_ident(a.attname)) as columns \
           from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid \
          where c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped \
            and has_schema_privilege(n.oid, 'usage') and has_column_privilege(c.oid, a.attnum, 'select') \
          group by 1, 2 order by 1",
    )
    .fetch_all(&mut *session)
    .await
    .unwrap();
    assert!(relations.iter().filter(|relation| relation.is_ours).count() > 10, "the walk finds relations");
    let mut found = Vec::new();
    for Relation { name, is_ours, columns } in &relations {
        if !is_ours && looker != Looker::Everywhere {
            continue;
        }
        let (mine, others) = match seen(session, name, columns, ours, theirs).await {
            Ok(seen) => seen,
            // Server views that need more rights, and policies that raise an error when row security is turned off.
            Err(refused) if is_refusal(&refused) => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        let of_nobody = PUBLIC_RELATIONS.contains(&&**name) || name == OWNERLESS;
        if others > 0 {
            found.push(format!("{name} shows another tenant's"));
        } else if mine == 0 && *is_ours && !of_nobody && looker != Looker::Nowhere {
            found.push(format!("{name} shows nothing"));
        }
    }
    found
}

/// The numbers of rows that show the one mark and the other. The marks are not part of the query text, because the
/// catalogue shows it.
async fn seen(
    session: &mut PgConnection,
    relation: &str,
    columns: &[String],
    ours: char,
    theirs: char,
) -> Result<(i64, i64), sqlx::Error> {
    let query = format!(
        "select count(*) filter (where row::text ~ $1), count(*) filter (where row::text ~ $2) \
           from (select {} from {relation}) row",
        columns.join(", ")
    );
    let mark = |mark: char| mark.to_string().repeat(8);
    sqlx::query_as(&query).bind(mark(ours)).bind(mark(theirs)).fetch_one(session).await
}

fn is_refusal(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42501"))
}

/// Functions of the platform that the session may call and that show another tenant's data, in their results or errors.
/// They are called with that tenant's id, and otherwise with values that reveal nothing.
pub(crate) async fn function_leaks(
    session: &mut PgConnection,
    tenant: TenantId,
    theirs: char,
) -> Vec<String> {
    let calls: Vec<String> = sqlx::query_scalar(
        "select format('select row::text from %I.%I(%s) row', n.nspname, p.proname, \
                       (select string_agg(case t.typname when 'uuid' then format('%L::uuid', $1) \
                                                         when '_uuid' then format('array[%L::uuid]', $1) \
                                                         when 'text' then quote_literal('registry') \
                                                         when 'timestamptz' then quote_literal('infinity') || '::timestamptz' \
                                                         when 'int8' then '1::bigint' when 'int2' then '1::smallint' \
                                                         else 'null::' || format_type(t.oid, null) end, ', ' order by a.place) \
                          from unnest(p.proargtypes) with ordinality a (type, place) join pg_type t on t.oid = a.type)) \
           from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
          where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and p.prokind = 'f' \
            and p.prorettype <> 'trigger'::regtype \
            and has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute') order by 1",
    )
    .bind(tenant.to_string())
    .fetch_all(&mut *session)
    .await
    .unwrap();
    assert!(calls.len() > 3, "the walk finds functions: {calls:?}");
    let mark = theirs.to_string().repeat(8);
    let mut found = Vec::new();
    for call in calls.iter().filter(|call| !call.contains(ECHO)) {
        let mut attempt = session.begin().await.unwrap();
        let answer = sqlx::query_scalar::<_, Option<String>>(call).fetch_all(&mut *attempt).await;
        attempt.rollback().await.unwrap();
        if format!("{answer:?}").contains(&mark) {
            found.push(format!("{call}: {answer:?}"));
        }
    }
    found
}

/// Tables of the log and operational tables that do not limit their rows to roles that work with them, or that readers or
/// analysts may reach. What has no data of a tenant is listed, and so are the keys of people, of which a reader sees its
/// tenant's.
pub(crate) async fn unguarded(admin: &PgPool) -> Vec<String> {
    let mut found: Vec<String> = sqlx::query_scalar(
        "with guarded as (select c.*, format('%I.%I', n.nspname, c.relname) as name \
                            from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                           where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
                             and (n.nspname <> 'projections' or c.relname in \
                                  ('checkpoints', 'dead_letters', 'skipped_events', 'held_streams'))) \
         select name || ': no policy for its owner too' from guarded where not (relrowsecurity and relforcerowsecurity) \
         union all \
         select name || ': ' || role || ' has a privilege' \
           from guarded, unnest(array['parking_reader', 'parking_analyst']) role \
          where has_any_column_privilege(role, guarded.oid, 'select, insert, update') or has_table_privilege(role, guarded.oid, 'delete') \
         union all \
         select name || ': a policy for ' || case role when 0 then 'everyone' else role::regrole::text end \
           from guarded join pg_policy on polrelid = guarded.oid, unnest(polroles) role \
          where role = 0 or role::regrole::text in ('parking_reader', 'parking_analyst') \
          order by 1",
    )
    .fetch_all(admin)
    .await
    .unwrap();
    let excepted = |line: &String| {
        let (name, _) = line.split_once(": ").unwrap();
        !line.contains("no policy")
            && (PUBLIC_RELATIONS.contains(&name)
                || line.starts_with("ops.subject_keys: ") && line.contains("reader"))
    };
    found.retain(|line| !excepted(line));
    found
}

/// Relations that readers or analysts may select from and that have no policy, or no rows on both sides to prove it.
pub(crate) async fn unproven(log: &EventLog, ours: char, theirs: char) -> Vec<String> {
    unproven_by(&log.admin(), ours, theirs).await
}

/// As [`unproven`], of the superuser's database.
pub(crate) async fn unproven_by(admin: &PgPool, ours: char, theirs: char) -> Vec<String> {
    let relations: Vec<(String, bool, bool)> = sqlx::query_as(
        "select format('%I.%I', n.nspname, c.relname), c.relkind = 'v', \
                case when c.relkind = 'v' then coalesce(c.reloptions @> '{security_invoker=true}', false) \
                     else c.relrowsecurity and c.relforcerowsecurity end \
           from pg_class c join pg_namespace n on n.oid = c.relnamespace \
          where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
            and exists (select from unnest(array['parking_reader', 'parking_analyst']) role \
                         where has_schema_privilege(role, n.oid, 'usage') \
                           and has_any_column_privilege(role, c.oid, 'select')) \
          order by 1",
    )
    .fetch_all(admin)
    .await
    .unwrap();
    assert!(relations.len() > 10, "the walk finds relations");
    let mut found = Vec::new();
    for (name, is_view, has_policy) in
        relations.iter().filter(|(name, ..)| !PUBLIC_RELATIONS.contains(&&**name))
    {
        let mut session = admin.acquire().await.unwrap();
        let sides = seen(&mut session, name, &["*".to_owned()], ours, theirs).await.unwrap();
        match (has_policy, sides) {
            (false, _) if *is_view => {
                found.push(format!("{name}: a view without security_invoker"));
            }
            (false, _) => found.push(format!("{name}: no policy")),
            (true, (0, _) | (_, 0)) if name != OWNERLESS => {
                found.push(format!("{name}: no row of either side"));
            }
            (true, _) => {}
        }
    }
    found
}
