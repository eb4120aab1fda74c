-- Spaces as their operators describe them. Their occupancy is in `space_occupancy`.

create table if not exists spaces (
    space_id             uuid             primary key,
    tenant_id            uuid             not null,
    site_id              uuid             not null,
    code                 text             not null,
    created_at           timestamptz      not null,
    updated_at           timestamptz      not null,
    position             bigint           not null,
    definition           json             not null,
    name                 text             generated always as (definition ->> 'name') stored,
    display_name         text             generated always as (definition ->> 'display_name') stored,
    enabled              boolean          generated always as ((definition ->> 'enabled')::boolean) stored,
    auto_release_minutes integer          generated always as ((definition ->> 'auto_release_minutes')::integer) stored,
    building             text             generated always as (definition ->> 'building') stored,
    floor                text             generated always as (definition ->> 'floor') stored,
    zone                 text             generated always as (definition ->> 'zone') stored,
    latitude             double precision generated always as ((definition #>> '{position,latitude}')::double precision) stored,
    longitude            double precision generated always as ((definition #>> '{position,longitude}')::double precision) stored
);

create index if not exists spaces_of_tenant on spaces (tenant_id, code);
create index if not exists spaces_of_site on spaces (site_id, code);

select wall_off('spaces', 'tenant');
