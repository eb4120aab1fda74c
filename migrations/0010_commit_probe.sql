-- What health checks write, to see whether an append would be committed now.

create table ops.commit_probe (
    written_at timestamptz not null,
    -- A page has room for one row: each probe makes the file longer, as an append does, so that it notices a full disk.
    filler     text        not null
);
alter table ops.commit_probe alter column filler set storage plain;

-- Waits for the locks that an append waits for, and writes.
create function probe_commit() returns void language plpgsql volatile security definer set search_path = '' as $$
begin
    -- First: a probe that held another lock while it waits could wait for a probe that waits for it.
    perform from public.log_head h where h.singleton for update;
    if pg_catalog.pg_relation_size('ops.commit_probe') > 1024 * 1024 then
        begin
            -- A backup may read it: then later.
            lock table ops.commit_probe in access exclusive mode nowait;
            truncate ops.commit_probe;
        exception when lock_not_available then
            null;
        end;
    end if;
    lock table public.events, public.streams, public.requests, public.claims in row exclusive mode;
    insert into ops.commit_probe values (pg_catalog.clock_timestamp(), pg_catalog.repeat('x', 5000));
end
$$;
revoke all on function probe_commit from public;
grant execute on function probe_commit to parking_writer;
