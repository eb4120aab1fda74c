-- Owned devices, and retired ones until another claim. `definition` holds what the owner wrote; the generated columns
-- after it show single fields.

create table if not exists devices (
    dev_eui       text             primary key,
    tenant_id     uuid             not null,
    category      text             not null,
    status        text             not null,
    lifecycle     text             not null,
    space_id      uuid,
    assigned_at   timestamptz,
    last_seen_at  timestamptz,
    last_heard_at timestamptz,
    uplink_count  bigint           not null,
    occupancy     text             not null,
    battery_v     double precision,
    battery_pct   smallint,
    temperature_c double precision,
    rssi          integer,
    snr           double precision,
    gateway       text,
    profile       text,
    read_by       text,
    silent        boolean          not null,
    problem       text,
    created_at    timestamptz      not null,
    updated_at    timestamptz      not null,
    position      bigint           not null,
    definition    json             not null,
    name          text             generated always as (definition ->> 'name') stored,
    enabled       boolean          generated always as ((definition ->> 'enabled')::boolean) stored,
    model         text             generated always as (definition ->> 'model') stored,
    codec         text             generated always as (definition ->> 'codec') stored
);

create index if not exists devices_of_tenant on devices (tenant_id, created_at desc);
create index if not exists devices_of_space on devices (space_id) where space_id is not null;

select wall_off('devices', 'tenant');
