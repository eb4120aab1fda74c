-- The current state of each space, its start and reason.

create table if not exists space_occupancy (
    space_id       uuid        primary key,
    tenant_id      uuid        not null,
    site_id        uuid        not null,
    state          text        not null,
    since          timestamptz not null,
    since_position bigint      not null,
    since_ordinal  bigint      not null,
    level          smallint    not null,
    reason         text        not null,
    sign           text        not null,
    light          json        not null,
    sensor         text,
    position       bigint      not null
);

create index if not exists space_occupancy_of_tenant on space_occupancy (tenant_id, state);
create index if not exists space_occupancy_of_site on space_occupancy (site_id, state);

select wall_off('space_occupancy', 'tenant');

-- Stored parts of the fold. Internal: the projection resumes from them.
create table if not exists occupancy_parts (
    kind  text not null,
    key   text not null,
    state json,
    primary key (kind, key)
);

create table if not exists occupancy_parts_reached (
    singleton boolean primary key default true check (singleton),
    position  bigint  not null
);

select wall_off('occupancy_parts', 'nobody'), wall_off('occupancy_parts_reached', 'nobody');
