-- When time brings something to a space next. A space that waits for nothing has no row.

create table if not exists due_times (
    space_id          uuid        primary key,
    tenant_id         uuid        not null,
    due               timestamptz not null,
    reserved_soon_sec integer     not null
);

create index if not exists due_times_in_order on due_times (due);

select wall_off('due_times', 'nobody');
