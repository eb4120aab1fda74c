-- Every description that a space has had, with the event from which on it holds. `code` and the columns after it are null
-- when the space is deleted.

create table if not exists space_descriptions (
    space_id    uuid        not null,
    position    bigint      not null,
    recorded_at timestamptz not null,
    tenant_id   uuid        not null,
    site_id     uuid        not null,
    code        text,
    created_at  timestamptz,
    updated_at  timestamptz,
    definition  json,
    enabled     boolean     generated always as ((definition ->> 'enabled')::boolean) stored,
    primary key (space_id, position)
);

create index if not exists space_descriptions_on_site on space_descriptions (site_id, space_id);

select wall_off('space_descriptions', 'tenant');
