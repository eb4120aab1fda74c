-- Read models: their tables stand beside their projections; each has a row here for how far it has come.

create schema projections;

create table projections.checkpoints (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null default 0 check (position >= 0),
    -- 'retrying': it stopped, and tries the event again at this moment.
    status     text        not null default 'running' check (status in ('running', 'stopped', 'retrying')),
    failure    text,
    -- The event before which it stopped; null when it runs, or stopped because the log is damaged.
    stopped_at bigint,
    generation integer     not null default 0,
    updated_at timestamptz not null default now(),
    primary key (projection, version)
);

-- Events that a projection passed over because it could not take them.
create table projections.dead_letters (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null,
    failure    text        not null,
    created_at timestamptz not null default now(),
    primary key (projection, version, position)
);

-- Events that a projection passed over because the log says so (`EventSkipped`).
create table projections.skipped_events (
    projection text    not null,
    version    integer not null,
    position   bigint  not null,
    reason     text    not null,
    primary key (projection, version, position)
);

-- Streams of which a projection takes no event from a position on, because it could not take the event at `cause`. A
-- stream has a row for each tenant whose events are held back; that tenant's reads are refused.
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

-- An event is skipped in the same transaction in which the log says so, and only while the projection stands before it:
-- the log never says of rows that they lack an event that they contain. The checkpoint is not waited for long, since all
-- appends wait meanwhile: a rebuild may hold it.
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
        -- Whoever runs it tries again at once, and passes the event over.
        update projections.checkpoints c set status = 'retrying' where c.projection = wanted;
    elsif not exists (select from projections.held_streams h where h.projection = wanted and h.cause = skipped)
            -- Passed over before; now its stream leaves it out as well.
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
