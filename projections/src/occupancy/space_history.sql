-- Every change of a space's shown state. `state` and the columns after it are null when the space is deleted.

create table if not exists space_history (
    position       bigint      not null,
    ordinal        bigint      not null,
    space_id       uuid        not null,
    tenant_id      uuid        not null,
    site_id        uuid        not null,
    at             timestamptz not null,
    recorded_at    timestamptz not null,
    previous_state text,
    state          text,
    level          smallint,
    reason         text,
    sign           text,
    light          json,
    sensor         text,
    cause          json        not null,
    primary key (position, ordinal)
);

create index if not exists space_history_of_space on space_history (space_id, position desc, ordinal desc);
create index if not exists space_history_on_site on space_history (site_id, space_id, position desc, ordinal desc);

select wall_off('space_history', 'tenant');
