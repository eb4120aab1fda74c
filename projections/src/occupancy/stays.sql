-- From when to when sensors reported a vehicle in a space. A current stay has no departure.

create table if not exists stays (
    position           bigint      primary key,
    space_id           uuid        not null,
    tenant_id          uuid        not null,
    site_id            uuid        not null,
    arrived_at         timestamptz not null,
    departed_at        timestamptz,
    departure_position bigint,
    reservation_id     uuid,
    dwell              interval    generated always as (departed_at - arrived_at) stored
);

create index if not exists stays_of_space on stays (space_id, arrived_at desc);
create index if not exists stays_of_tenant on stays (tenant_id, arrived_at desc);

select wall_off('stays', 'tenant');
