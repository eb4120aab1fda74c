-- Isolation of tenants: a reader for a tenant sees the tenant's rows only, whatever the query.

-- Analysts who query with SQL log in with their own role, which belongs to one tenant and is a member of
-- parking_analyst. Isolation depends on the login, not on a setting that a session can change.
create table ops.analysts (
    role      name primary key,
    tenant_id uuid not null
);

create function analyst_tenant() returns uuid language sql stable parallel safe security definer set search_path = '' as
    $$ select a.tenant_id from ops.analysts a where a.role = session_user $$;

-- The tenant for which a projection's rows may be read. Refused while the projection holds back events of the tenant,
-- because its rows are incomplete. The reported position is that of the first event held back. Null means any
-- projection.
create function readable_tenant(wanted text, tenant uuid) returns uuid
    language plpgsql stable set search_path = '' as $$
declare
    first constant bigint := (select min(h.position) from projections.held_streams h
                               where h.tenant_id = tenant and h.projection = coalesce(wanted, h.projection));
begin
    if first is not null then
        raise exception 'the projection % holds back events of this tenant from position % on', wanted, first
              using errcode = 'PK001';
    end if;
    return tenant;
end
$$;

create function tenant_for_reader(wanted text) returns uuid language sql stable security definer set search_path = '' as
    $$ select public.readable_tenant(wanted, public.current_tenant()) $$;

create function tenant_for_analyst(wanted text) returns uuid language sql stable security definer set search_path = '' as
    $$ select public.readable_tenant(wanted, public.analyst_tenant()) $$;

-- Each function reads for its caller's own tenant only.
revoke all on function readable_tenant, tenant_for_reader, tenant_for_analyst from public;
grant execute on function tenant_for_reader to parking_reader;
grant execute on function tenant_for_analyst to parking_analyst;

-- Enables isolation of a read model's table, once; the setting `parking.projection` names the projection that fills it.
-- The gate defines who may read: 'tenant', readers and analysts, the rows of their own tenant; 'platform', readers, all
-- rows; 'nobody'. Projector and auditor see everything. Temporary tables are private and need no isolation.
create function wall_off(target regclass, gate text) returns void language plpgsql as $$
declare
    -- Refuses a scan of an empty table too, but not a look-up by an index that finds no row: decision 0022.
    own constant text := 'using ((select %2$s(%3$L)) is not null and tenant_id = (select %2$s(%3$L)))';
    projection text;
begin
    if (select c.relforcerowsecurity or c.relpersistence = 't' from pg_class c where c.oid = target) then
        return;
    end if;
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('grant select, insert, update, delete on %s to parking_projector', target);
    execute format('create policy projector on %s to parking_projector using (true) with check (true)', target);
    execute format('grant select on %s to parking_auditor', target);
    execute format('create policy auditor on %s for select to parking_auditor using (true)', target);
    case gate
        when 'tenant' then
            projection := current_setting('parking.projection', true);
            execute format('grant select on %s to parking_reader, parking_analyst', target);
            execute format('create policy reader on %1$s for select to parking_reader ' || own,
                           target, 'tenant_for_reader', projection);
            execute format('create policy analyst on %1$s for select to parking_analyst ' || own,
                           target, 'tenant_for_analyst', projection);
        when 'platform' then
            execute format('grant select on %s to parking_reader', target);
            execute format('create policy reader on %s for select to parking_reader using (true)', target);
        when 'nobody' then
            null;
    end case;
end
$$;

grant usage on schema projections to parking_analyst;
grant select on log_head to parking_analyst;
-- Not the failure, which may contain another tenant's event.
grant select (projection, version, position, status, updated_at) on projections.checkpoints to parking_analyst;

-- Limits for analysts, against mistakes. A session may change the time limits, which are defaults, but not the limit of
-- five connections. Limits set by an operator are kept.
create function limit_analyst() returns trigger language plpgsql as $$
declare
    setting record;
begin
    if (select rolconnlimit = -1 from pg_roles where rolname = new.role) then
        execute format('alter role %I connection limit 5', new.role);
    end if;
    for setting in
        select * from (values ('statement_timeout', '60s'), ('idle_in_transaction_session_timeout', '60s')) s (name, value)
         where not exists (select from pg_db_role_setting d, unnest(d.setconfig) of (entry)
                            where d.setrole = (select oid from pg_roles where rolname = new.role)
                              and of.entry like s.name || '=%')
    loop
        execute format('alter role %I set %I = %L', new.role, setting.name, setting.value);
    end loop;
    return new;
-- Roles belong to the whole cluster: another database's administrator may be changing the same one.
exception when internal_error then
    raise exception 'the role % is being changed by another session: try again', new.role
        using errcode = 'lock_not_available';
end
$$;

create trigger analysts_have_limits before insert on ops.analysts for each row execute function limit_analyst();
