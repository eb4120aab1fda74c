-- From when to when spaces were shown occupied. A current stay has no departure.

create table if not exists stays (
    position           bigint      not null,
    ordinal            bigint      not null,
    space_id           uuid        not null,
    tenant_id          uuid        not null,
    site_id            uuid        not null,
    arrived_at         timestamptz not null,
    departed_at        timestamptz,
    departure_position bigint,
    dwell              interval    generated always as (departed_at - arrived_at) stored,
    primary key (position, ordinal)
);

create index if not exists stays_of_space on stays (space_id, arrived_at desc);
create index if not exists stays_of_tenant on stays (tenant_id, arrived_at desc);

select wall_off('stays', 'tenant');
