//! Statements with which an analyst may try to see more.

use parking_domain::id::TenantId;
use parking_testkit::Role;

/// Statements that an analyst's session allows and that reveal nothing.
pub(crate) fn allowed(me: &str, theirs: TenantId) -> Vec<String> {
    let statements = [
        "set parking.tenant_id = '{theirs}'",
        "select set_config('parking.tenant_id', '{theirs}', false)",
        "alter role current_user reset all",
        "reset all",
        "discard all",
        "set role parking_analyst",
        "set role none",
        "reset role",
        "set role parking_analyst; reset role; reset all",
        "set session authorization default",
        "reset session authorization",
        "set session authorization {me}",
        "set row_security = off",
        "set search_path to pg_temp, ops, projections, public",
        "set default_transaction_read_only = off",
        "set enable_seqscan = off",
        "set enable_indexscan = off",
        "begin isolation level serializable; set local parking.tenant_id = '{theirs}'",
        "do $$ begin perform set_config('parking.tenant_id', '{theirs}', false); end $$",
        "prepare everything as select * from projections.spaces; execute everything",
    ];
    fill_in(&statements, me, theirs)
}

/// Statements that are refused.
pub(crate) fn refused(me: &str, theirs: TenantId) -> Vec<String> {
    let statements = [
        // Become another role.
        "set role parking_owner",
        "set role parking_writer",
        "set role parking_projector",
        "set role parking_reader",
        "set role parking_auditor",
        "set role parking_identity",
        "set role analyst_two",
        "set session authorization analyst_two",
        "set session authorization parking_analyst",
        "grant parking_reader to {me}",
        "alter role {me} bypassrls",
        "alter role current_user set parking.tenant_id = '{theirs}'",
        "create role analyst_three in role parking_analyst",
        // Become another tenant.
        "select * from ops.analysts",
        "update ops.analysts set tenant_id = '{theirs}'",
        "insert into ops.analysts values ('{me}', '{theirs}')",
        // Shadow what the policies read.
        "create temporary table analysts (role name, tenant_id uuid)",
        "create temporary view sites as select * from projections.sites",
        "create function pg_temp.analyst_tenant() returns uuid language sql as 'select null::uuid'",
        "create function public.analyst_tenant(int) returns uuid language sql as 'select null::uuid'",
        "create function peep() returns setof projections.sites language sql security definer as \
            'select * from projections.sites'",
        "create operator public.= (leftarg = name, rightarg = name, function = namene)",
        "create schema mine",
        "create view public.sites as select * from projections.sites",
        "create table public.more () inherits (projections.sites)",
        "create materialized view public.kept as select * from projections.sites",
        "create or replace function analyst_tenant() returns uuid language sql as 'select null::uuid'",
        "alter function analyst_tenant() security invoker",
        // Disable or bypass the policies.
        "alter table projections.sites no force row level security",
        "alter table projections.sites disable row level security",
        "drop policy analyst on projections.sites",
        "create policy everything on projections.sites using (true)",
        "create trigger peeping before insert on projections.sites execute function suppress_redundant_updates_trigger()",
        "create rule peeping as on insert to projections.sites do also nothing",
        "set session_replication_role = replica",
        "copy projections.sites to '/tmp/sites'",
        "copy projections.sites to program 'cat'",
        "select pg_read_file('PG_VERSION')",
        "select lo_import('/etc/passwd')",
        "load 'auto_explain'",
        "create extension dblink",
        // Relations that are no read models.
        "select * from events",
        "select * from streams",
        "select * from claims",
        "select * from ops.subject_keys",
        "select * from ops.platform_keys",
        "select * from ops.users",
        "select * from ops.passwords",
        "select * from ops.sessions",
        "select * from ops.refresh_tokens",
        "select * from ops.links",
        "select * from ops.signing_keys",
        "select * from projections.dead_letters",
        "select * from projections.skipped_events",
        "select * from projections.held_streams",
        "select readable_tenant('registry', '{theirs}')",
        "select failure from projections.checkpoints",
        "select * from operator.events_by_day",
        "select * from projections.occupancy_parts",
        // Change the data.
        "insert into projections.sites default values",
        "update projections.sites set name = name",
        "delete from projections.sites",
        "truncate projections.sites",
        "do $$ begin lock table projections.sites in exclusive mode; end $$",
    ];
    fill_in(&statements, me, theirs)
}

/// Queries whose results or errors could reveal hidden rows.
pub(crate) const QUESTIONS: [&str; 6] = [
    "select name::integer::text from projections.sites",
    "select (1 / (length(name) - length(name)))::text from projections.sites",
    "select most_common_vals::text from pg_stats where schemaname = 'projections'",
    "select string_agg(s::text, ',') from projections.spaces s full join projections.devices d using (space_id)",
    "select query from pg_stat_activity",
    "select query_to_xml('select * from projections.sites', true, true, '')::text",
];

/// Everything that an analyst may try.
pub(crate) fn all(me: &str, theirs: TenantId) -> Vec<String> {
    [allowed(me, theirs), refused(me, theirs)].concat()
}

/// After this every read of a protected table fails, and so does the rest of its transaction.
pub(crate) const NO_READ: &str = "set row_security = off";

/// What a reader's session may try. The server names the tenant by a setting of the transaction, so setting that is no trick.
pub(crate) fn of_reader() -> Vec<String> {
    let settings = [
        "select 1",
        "reset all",
        "discard all",
        "set role none",
        "reset role",
        "set session authorization default",
        "reset session authorization",
        NO_READ,
        "set search_path to pg_temp, ops, projections, public",
        "set default_transaction_read_only = off",
        "alter role current_user reset all",
    ];
    let roles =
        Role::ALL.map(Role::name).into_iter().chain(["parking_backup", "parking_analyst", "postgres"]);
    let roles =
        roles.flat_map(|role| [format!("set role {role}"), format!("set session authorization {role}")]);
    settings.into_iter().map(str::to_owned).chain(roles).collect()
}

fn fill_in(statements: &[&str], me: &str, theirs: TenantId) -> Vec<String> {
    let fill_in = |statement: &&str| statement.replace("{theirs}", &theirs.to_string()).replace("{me}", me);
    statements.iter().map(fill_in).collect()
}
