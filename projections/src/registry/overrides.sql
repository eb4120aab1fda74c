-- Periods in which spaces are out of use, past ones included.

create table if not exists overrides (
    override_id uuid        primary key,
    tenant_id   uuid        not null,
    space_id    uuid        not null,
    kind        text        not null,
    status      text        not null check (status in ('set', 'active', 'ended', 'cleared')),
    starts_at   timestamptz not null,
    ends_at     timestamptz,
    reason      text,
    notes       json,
    created_by  text        not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    position    bigint      not null
);

create index if not exists overrides_of_tenant on overrides (tenant_id, starts_at desc);
create index if not exists overrides_of_space on overrides (space_id, starts_at desc);

select wall_off('overrides', 'tenant');
