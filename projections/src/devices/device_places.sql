-- The sensor and the display of each space, with the event from which on each holds. `dev_eui` and the columns after it are
-- null once the device has left. `reported` is true where only the device's reading changed. After the retention such rows are
-- deleted, and `occupancy` of the others is null: it is not known any more.

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
    reported    boolean     not null,
    primary key (space_id, category, position)
);

create index if not exists device_places_by_age on device_places (recorded_at) where occupancy is not null;

select wall_off('device_places', 'tenant');
