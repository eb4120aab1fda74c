-- Read models: each projection creates its own tables and has a row here with its checkpoint.

create schema projections;

create table projections.checkpoints (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null default 0 check (position >= 0),
    -- 'retrying': it is stopped and trying the event again right now.
    status     text        not null default 'running' check (status in ('running', 'stopped', 'retrying')),
    failure    text,
    -- The event before which it stopped; null if it runs, or stopped because the log is damaged.
    stopped_at bigint,
    generation integer     not null default 0,
    updated_at timestamptz not null default now(),
    primary key (projection, version)
);

-- Events that a projection skipped because it could not apply them.
create table projections.dead_letters (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null,
    failure    text        not null,
    created_at timestamptz not null default now(),
    primary key (projection, version, position)
);

-- Events that a projection skipped because of an `EventSkipped` in the log.
create table projections.skipped_events (
    projection text    not null,
    version    integer not null,
    position   bigint  not null,
    reason     text    not null,
    primary key (projection, version, position)
);

-- Streams from which a projection applies no event from a position on, because it could not apply the event at `cause`.
-- A stream has a row for each tenant whose events are held back; that tenant's reads are refused.
create table projections.held_streams (
    projection     text        not null,
    version        integer     not null,
    aggregate_type text        not null,
    aggregate_id   text        not null,
    tenant_id      uuid        not null,
    position       bigint      not null,
    cause          bigint      not null,
    failure        text        not null,
    created_at     timestamptz not null default now(),
    primary key (projection, version, aggregate_type, aggregate_id, tenant_id)
);

create index held_streams_of_tenant on projections.held_streams (tenant_id);

-- An event is skipped in the transaction that records it in the log, and only while the projection is stopped before
-- it, so that the log never claims that rows lack an event which they contain. The wait for the checkpoint is short,
-- because a rebuild may hold it and all appends wait meanwhile.
create function take_skip(skip json) returns void language plpgsql volatile set lock_timeout = '200ms' as $$
declare
    skipped    constant bigint  := (skip ->> 'position')::bigint;
    wanted     constant text    := skip ->> 'projection';
    unreadable constant boolean := (skip ->> 'undecodable')::boolean;
    standing   record;
begin
    select c.status, c.stopped_at into standing
      from projections.checkpoints c where c.projection = wanted for update;
    if standing.status = 'stopped' and standing.stopped_at = skipped then
        -- The process that runs the projection tries again at once, and skips the event.
        update projections.checkpoints c set status = 'retrying' where c.projection = wanted;
    elsif not exists (select from projections.held_streams h where h.projection = wanted and h.cause = skipped)
            -- Skipped before; now its stream skips it too.
            and not (unreadable and exists (select from projections.skipped_events s
                                             where s.projection = wanted and s.position = skipped
                                            union all
                                            select from projections.dead_letters d
                                             where d.projection = wanted and d.position = skipped)) then
        raise exception 'the projection % does not stand before position %', wanted, skipped
            using errcode = 'invalid_parameter_value';
    end if;
    if unreadable then
        delete from snapshots s using events e
         where e.position = skipped and s.aggregate_type = e.aggregate_type and s.aggregate_id = e.aggregate_id;
    end if;
end
$$;

revoke all on function take_skip from public;

grant usage on schema projections to parking_projector, parking_reader, parking_auditor;
grant select, insert, update on projections.checkpoints to parking_projector;
grant select, insert, update, delete
   on projections.dead_letters, projections.skipped_events, projections.held_streams to parking_projector;
grant select on projections.checkpoints to parking_reader, parking_auditor;
grant select on projections.dead_letters, projections.skipped_events, projections.held_streams to parking_auditor;
