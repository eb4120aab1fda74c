-- Policies on the log and the operational tables, by role. A privilege that is granted by mistake shows no row without a
-- policy.

-- Enables isolation of a table, once, for its owner too. Only the named roles see its rows, and they see every row; their
-- privileges say what they may do with it.
create function guard(target regclass, variadic roles text[]) returns void language plpgsql as $$
declare
    role text;
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    foreach role in array roles loop
        execute format('create policy %I on %s to %I using (true) with check (true)', role, target, 'parking_' || role);
    end loop;
end
$$;

revoke all on function guard from public;

-- The log. Functions of the owner append to it.
select guard('events', 'owner', 'writer', 'projector', 'auditor'), guard('streams', 'owner', 'writer', 'auditor'),
       guard('claims', 'owner', 'writer', 'auditor'), guard('requests', 'owner', 'writer', 'auditor'),
       guard('snapshots', 'owner', 'writer', 'auditor'), guard('log_dictionaries', 'owner', 'writer', 'auditor');

-- No data of a tenant: the position and the identity of the log, and how far the projections are. Readers and analysts
-- need them.
select guard('log_head', 'owner', 'writer', 'projector', 'auditor', 'reader', 'analyst'),
       guard('projections.checkpoints', 'owner', 'projector', 'auditor', 'reader', 'analyst');

-- What projections pass over and hold back.
select guard('projections.dead_letters', 'owner', 'projector', 'auditor'),
       guard('projections.skipped_events', 'owner', 'projector', 'auditor'),
       guard('projections.held_streams', 'owner', 'projector', 'auditor');

-- Operational tables.
select guard('ops.analysts', 'owner'), guard('ops.job_runs', 'owner', 'writer'), guard('ops.retention', 'owner', 'projector', 'auditor'),
       guard('ops.followers', 'owner', 'projector', 'auditor'), guard('ops.commit_probe', 'owner');

-- Secrets, which the owner does not need. ops.subject_keys has policies of its own.
select guard('ops.platform_keys', 'writer'), guard('ops.users', 'identity'), guard('ops.passwords', 'identity'),
       guard('ops.sessions', 'identity'), guard('ops.refresh_tokens', 'identity'), guard('ops.links', 'identity'),
       guard('ops.signing_keys', 'identity'), guard('ops.bootstrap', 'identity');

-- A server without the owner's login compares them with its own.
grant select on _sqlx_migrations to parking_auditor;
select guard('_sqlx_migrations', 'owner', 'auditor');
