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

grant usage on schema projections to parking_projector, parking_reader, parking_auditor;
grant select, insert, update on projections.checkpoints to parking_projector;
grant select, insert, update, delete
   on projections.dead_letters, projections.skipped_events, projections.held_streams to parking_projector;
grant select on projections.checkpoints to parking_reader, parking_auditor;
grant select on projections.dead_letters, projections.skipped_events, projections.held_streams to parking_auditor;
