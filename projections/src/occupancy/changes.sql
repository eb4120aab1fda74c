-- What changed, in the order of the log: for live readers and followers. Old rows are deleted.

create table if not exists changes (
    position    bigint      not null,
    ordinal     bigint      not null,
    tenant_id   uuid        not null,
    site_id     uuid,
    space_id    uuid,
    kind        text        not null,
    subject     text        not null,
    event_type  text        not null,
    state       json,
    recorded_at timestamptz not null,
    primary key (position, ordinal)
);

create index if not exists changes_of_tenant on changes (tenant_id, position, ordinal);
create index if not exists changes_in_time on changes (recorded_at);

select wall_off('changes', 'tenant');
