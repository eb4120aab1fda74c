-- The sensor and the display of each space, with the event from which on each holds. `dev_eui` and the columns after it are
-- null once the device has left.

create table if not exists device_places (
    space_id    uuid        not null,
    category    text        not null,
    position    bigint      not null,
    recorded_at timestamptz not null,
    tenant_id   uuid        not null,
    dev_eui     text,
    name        text,
    status      text,
    occupancy   text,
    primary key (space_id, category, position)
);

select wall_off('device_places', 'tenant');
