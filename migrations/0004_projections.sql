-- Read models: their tables stand beside their projections; each has a row here for how far it has come.

create schema projections;

create table projections.checkpoints (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null default 0 check (position >= 0),
    status     text        not null default 'running' check (status in ('running', 'stopped')),
    failure    text,
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

grant usage on schema projections to parking_projector, parking_reader, parking_auditor;
grant select, insert, update on projections.checkpoints to parking_projector;
grant select, insert, update, delete on projections.dead_letters to parking_projector;
grant select on projections.checkpoints to parking_reader, parking_auditor;
grant select on projections.dead_letters to parking_auditor;
