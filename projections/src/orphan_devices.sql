-- Devices that are heard and belong to nobody.

create table if not exists orphan_devices (
    dev_eui        text             primary key,
    first_seen     timestamptz      not null,
    last_seen      timestamptz      not null,
    message_count  bigint           not null,
    last_rssi      integer,
    last_snr       double precision,
    last_gateway   text,
    device_profile text,
    device_name    text,
    last_object    json,
    last_position  bigint           not null
);

create index if not exists orphan_devices_last_seen on orphan_devices (last_seen desc, dev_eui);

select wall_off('orphan_devices', 'platform');
