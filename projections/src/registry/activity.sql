-- One row for each event of a tenant's sites, spaces, devices and of the tenant itself. It holds no personal data, not
-- even sealed.

create table if not exists activity (
    position    bigint      primary key,
    tenant_id   uuid        not null,
    at          timestamptz not null,
    actor       text        not null,
    kind        text        not null,
    stream_type text        not null,
    stream_id   text        not null,
    site_id     uuid,
    space_id    uuid,
    dev_eui     text,
    summary     json        not null
);

create index if not exists activity_of_tenant on activity (tenant_id, position desc);
create index if not exists activity_on_site on activity (site_id, position desc) where site_id is not null;
create index if not exists activity_of_space on activity (space_id, position desc) where space_id is not null;
create index if not exists activity_beginnings on activity (space_id) where kind = 'SpaceCreated';
create index if not exists activity_of_device on activity (dev_eui, position desc) where dev_eui is not null;

select wall_off('activity', 'tenant');
