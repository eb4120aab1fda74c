-- Devices that are heard and belong to nobody. Version 1.
--
-- Every uplink of a device changes its row, so the rows have room for that and no index but the key: an index on
-- last_seen would have to be written each time, and a page of the list costs less than the count beside it without one.

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
) with (fillfactor = 50);

create or replace view projections.orphan_devices with (security_invoker = true) as
select dev_eui, first_seen, last_seen, message_count, last_rssi, last_snr, last_gateway, device_profile, device_name,
       last_object, last_position
  from projections.orphan_devices_1;

grant select, insert, update, delete on projections.orphan_devices_1 to parking_projector;
grant select on projections.orphan_devices_1, projections.orphan_devices to parking_reader, parking_auditor;
