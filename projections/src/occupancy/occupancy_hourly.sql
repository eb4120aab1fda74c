-- How long the spaces of a site were in each state, by hour of the site's clock; sums over its spaces.

create table if not exists occupancy_hourly (
    site_id        uuid        not null,
    hour           timestamptz not null,
    tenant_id      uuid        not null,
    free_ms        bigint      not null,
    occupied_ms    bigint      not null,
    reserved_ms    bigint      not null,
    maintenance_ms bigint      not null,
    unknown_ms     bigint      not null,
    arrivals       bigint      not null,
    departures     bigint      not null,
    primary key (site_id, hour)
);

create index if not exists occupancy_hourly_of_tenant on occupancy_hourly (tenant_id, hour);

select wall_off('occupancy_hourly', 'tenant');

-- The time zone of each site.
create table if not exists occupancy_timezones (
    site_id  uuid primary key,
    timezone text not null
);

select wall_off('occupancy_timezones', 'nobody');
