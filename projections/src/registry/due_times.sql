-- When the next timed change of a space is due. A space without one has no row.

create table if not exists due_times (
    space_id          uuid        primary key,
    tenant_id         uuid        not null,
    due               timestamptz not null,
    reserved_soon_sec integer     not null
);

create index if not exists due_times_in_order on due_times (due);

select wall_off('due_times', 'nobody');

-- The state of spaces that this needs, after their event `sequence`. Internal: the projection resumes from it.
create table if not exists due_spaces (
    space_id      uuid    primary key,
    state_version integer not null,
    sequence      bigint  not null,
    state         json    not null
);

select wall_off('due_spaces', 'nobody');
