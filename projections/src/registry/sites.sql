-- Sites that are not archived. `definition` holds what the operator wrote; the generated columns after it show single
-- fields.

create table if not exists sites (
    site_id     uuid             primary key,
    tenant_id   uuid             not null,
    name        text             not null,
    slug        text             not null,
    created_at  timestamptz      not null,
    updated_at  timestamptz      not null,
    position    bigint           not null,
    definition  json             not null,
    address     text             generated always as (definition ->> 'address') stored,
    city        text             generated always as (definition ->> 'city') stored,
    state       text             generated always as (definition ->> 'state') stored,
    postal_code text             generated always as (definition ->> 'postal_code') stored,
    country     text             generated always as (definition ->> 'country') stored,
    timezone    text             generated always as (definition ->> 'timezone') stored,
    latitude    double precision generated always as ((definition #>> '{position,latitude}')::double precision) stored,
    longitude   double precision generated always as ((definition #>> '{position,longitude}')::double precision) stored
);

create index if not exists sites_of_tenant on sites (tenant_id, name);

select wall_off('sites', 'tenant');
