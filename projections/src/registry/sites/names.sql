-- Every name that a site has had, with the event from which on it holds. `name` and `slug` are null when the site is
-- archived.

create table if not exists site_names (
    site_id     uuid        not null,
    position    bigint      not null,
    recorded_at timestamptz not null,
    tenant_id   uuid        not null,
    name        text,
    slug        text,
    primary key (site_id, position)
);

select wall_off('site_names', 'tenant');
