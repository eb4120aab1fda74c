-- Policies on the log and the operational tables, by role. A privilege that is granted by mistake shows no row without a
-- policy.

-- Enables isolation of a table, once, for its owner too. The owner, whose functions work on it, and the named roles see
-- every row; their privileges say what they may do with it.
create function guard(target regclass, variadic roles text[] default '{}') returns void language plpgsql as $$
declare
    role text;
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    foreach role in array array['owner'] || roles loop
        execute format('create policy %I on %s to %I using (true) with check (true)', role, target, 'parking_' || role);
    end loop;
end
$$;

revoke all on function guard from public;

-- The log.
select guard('events', 'writer', 'projector', 'auditor'), guard('streams', 'writer', 'auditor'), guard('claims', 'writer', 'auditor'),
       guard('requests', 'writer', 'auditor'), guard('snapshots', 'writer', 'auditor'), guard('log_dictionaries', 'writer', 'auditor');

-- No data of a tenant: the position and the identity of the log, and how far the projections are. Readers and analysts
-- need them.
select guard('log_head', 'writer', 'projector', 'auditor', 'reader', 'analyst'),
       guard('projections.checkpoints', 'projector', 'auditor', 'reader', 'analyst');

-- What projections pass over and hold back.
select guard('projections.dead_letters', 'projector', 'auditor'), guard('projections.skipped_events', 'projector', 'auditor'),
       guard('projections.held_streams', 'projector', 'auditor');

-- Operational tables. ops.subject_keys has policies of its own.
select guard('ops.platform_keys', 'writer'), guard('ops.analysts'), guard('ops.job_runs', 'writer'),
       guard('ops.retention', 'projector', 'auditor'), guard('ops.followers', 'projector', 'auditor'), guard('ops.commit_probe');

-- A server without the owner's login compares them with its own.
grant select on _sqlx_migrations to parking_auditor;
select guard('_sqlx_migrations', 'auditor');
