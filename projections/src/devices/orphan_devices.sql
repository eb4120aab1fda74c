-- Devices that are heard and have no owner. A retired device is hidden (dismissed_at) until it is heard again.
--
-- Every uplink of a device updates its row, so pages keep room for that and the key is the only index: an index on
-- last_seen would be written with each uplink, and without it a page of the list costs less than the count beside it.

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
    dismissed_at   timestamptz,
    last_position  bigint           not null
) with (fillfactor = 50);

select wall_off('orphan_devices', 'platform');
