-- Devices that are heard and belong to nobody. Version 1.

create table if not exists projections.orphan_devices_1 (
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

create index if not exists orphan_devices_1_last_seen on projections.orphan_devices_1 (last_seen desc, dev_eui);

create or replace view projections.orphan_devices with (security_invoker = true) as
select dev_eui, first_seen, last_seen, message_count, last_rssi, last_snr, last_gateway, device_profile, device_name,
       last_object, last_position
  from projections.orphan_devices_1;

grant select, insert, update, delete on projections.orphan_devices_1 to parking_projector;
grant select on projections.orphan_devices_1, projections.orphan_devices to parking_reader, parking_auditor;
