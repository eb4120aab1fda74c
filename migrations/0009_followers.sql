-- Followers: what reacts to a history, each with a cursor of its own.

create table ops.followers (
    follower   text        primary key,
    -- The projection version and the generation of the rows that the cursor belongs to; 0 for the log itself.
    version    integer     not null,
    generation integer     not null,
    position   bigint      not null check (position >= 0),
    status     text        not null default 'running' check (status in ('running', 'stopped')),
    failure    text,
    -- Entries that it passed over because it could not take them.
    skipped    bigint      not null default 0,
    updated_at timestamptz not null default now()
);

grant select, insert, update on ops.followers to parking_projector;
grant select on ops.followers to parking_auditor;

-- The position of the last deleted row, for cursors into a table that is cleaned.
alter table ops.retention add column through_position bigint not null default 0;

-- For readers too, who may read no operational table.
create function changes_deleted_through() returns bigint language sql stable security definer set search_path = '' as
    $$ select coalesce(max(r.through_position), 0) from ops.retention r where r.table_name = 'changes' $$;
revoke all on function changes_deleted_through from public;
grant execute on function changes_deleted_through to parking_reader, parking_projector, parking_auditor;
