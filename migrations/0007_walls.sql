-- Walls between tenants: whoever reads for a tenant sees its rows and no others, whatever the query says.

-- People who ask by SQL log in with a role of their own, which belongs to one tenant and is a member of
-- parking_analyst. The wall goes by who logged in, and not by anything that a session can set.
create table ops.analysts (
    role      name primary key,
    tenant_id uuid not null
);

create function analyst_tenant() returns uuid language sql stable parallel safe security definer set search_path = '' as
    $$ select a.tenant_id from ops.analysts a where a.role = session_user $$;

-- Builds the wall around a read model's table, once. Those for whom it has a gate: 'tenant', readers and analysts, each
-- for their own tenant's rows; 'platform', readers, for all rows; 'nobody'. Projector and auditor see everything. A
-- temporary table is nobody else's, and needs no wall.
create function wall_off(target regclass, gate text) returns void language plpgsql as $$
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
            execute format('grant select on %s to parking_reader, parking_analyst', target);
            execute format('create policy reader on %s for select to parking_reader'
                           ' using (tenant_id = (select current_tenant()))', target);
            execute format('create policy analyst on %s for select to parking_analyst'
                           ' using (tenant_id = (select analyst_tenant()))', target);
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
-- Not why one stopped: that may quote another tenant's event.
grant select (projection, version, position, status, updated_at) on projections.checkpoints to parking_analyst;

-- An analyst's limits, against what is done by mistake. The time limits are defaults that a session may change; more than
-- five connections it cannot have. What an operator has set stays.
create function limit_analyst() returns trigger language plpgsql as $$
begin
    if (select rolconnlimit = -1 from pg_roles where rolname = new.role) then
        execute format('alter role %I connection limit 5', new.role);
    end if;
    if not exists (select from pg_db_role_setting d, unnest(d.setconfig) of (entry)
                    where d.setrole = (select oid from pg_roles where rolname = new.role)
                      and of.entry like 'statement_timeout=%') then
        execute format('alter role %I set statement_timeout = %L', new.role, '60s');
        execute format('alter role %I set idle_in_transaction_session_timeout = %L', new.role, '60s');
    end if;
    return new;
-- Roles belong to the whole cluster: another database's administrator is changing the same one.
exception when internal_error then
    raise exception 'the role % is being changed by somebody else: try again', new.role
        using errcode = 'lock_not_available';
end
$$;

create trigger analysts_have_limits before insert on ops.analysts for each row execute function limit_analyst();
