-- Uplinks of owned devices since they were last ownerless, decoded by the codec they had then. Old rows are deleted;
-- the log keeps everything.

create table if not exists uplinks (
    position    bigint           primary key,
    tenant_id   uuid             not null,
    dev_eui     text             not null,
    received_at timestamptz      not null,
    heard_at    timestamptz      not null,
    f_cnt       bigint,
    f_port      smallint         not null,
    session     bigint           not null,
    standing    text             not null,
    occupancy   text             not null,
    reading     json,
    problem     text,
    rssi        integer,
    snr         double precision,
    gateway     text
);

create index if not exists uplinks_of_device on uplinks (dev_eui, position desc);
create index if not exists uplinks_received on uplinks (received_at);

select wall_off('uplinks', 'tenant');
