-- The event log: append-only, one total order, gapless positions in commit order.
-- Columns that postgres-es knows keep its names and types, so that its reader works on this table.

create table events (
    position       bigint      primary key check (position > 0),
    tenant_id      uuid,
    aggregate_type text        not null,
    aggregate_id   text        not null,
    sequence       bigint      not null check (sequence > 0),
    event_type     text        not null,
    event_version  text        not null,
    payload        json        not null,
    metadata       json        not null,
    event_id       uuid        not null,
    append_id      uuid        not null,
    recorded_at    timestamptz not null,
    body           bytea,
    constraint events_stream_sequence unique (aggregate_type, aggregate_id, sequence),
    constraint events_event_id unique (event_id)
);

comment on table events is 'Everything that happened. Rows are only ever added, by append_events().';
comment on column events.position is 'The place in the total order: gapless, in commit order.';
comment on column events.tenant_id is 'The owner; null for events of the network, which belong to nobody.';
comment on column events.append_id is 'Names the append that brought the event: settles a commit whose answer was lost.';
comment on column events.body is 'A webhook''s body byte for byte: evidence, read by no fold.';

-- Bodies are JSON of a kilobyte: compressing them costs the append more than the disk they save.
alter table events alter column body set storage external;

-- A wall behind the privileges: nobody changes history, not even the owner by mistake.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the event log is append-only: % refused', tg_op using errcode = 'insufficient_privilege';
end
$$;

create trigger events_append_only before update or delete or truncate on events
    for each statement execute function refuse_change();

-- The version of each stream: the authority for optimistic concurrency.
create table streams (
    aggregate_type text   not null,
    aggregate_id   text   not null,
    version        bigint not null check (version > 0),
    last_position  bigint not null check (last_position > 0),
    primary key (aggregate_type, aggregate_id)
) with (fillfactor = 80);

-- The last position. Whoever holds this row's lock may append, and sees all that was appended before.
create table log_head (
    singleton   boolean     primary key default true check (singleton),
    position    bigint      not null check (position >= 0),
    recorded_at timestamptz not null
) with (fillfactor = 10);

insert into log_head (position, recorded_at) values (0, 'epoch');

-- Appends a batch of commands in one round trip. Each command is decided whole: it wins if every stream it names is at
-- the version it expects, and a loser costs its neighbours nothing.
--
-- The head is locked before anything is read, and each statement of a volatile function sees what was committed when it
-- began: so what is read below is what the lock protects. The lock is held until the commit is visible, which makes
-- positions gapless and puts them in commit order.
--
-- In:  streams[i] belongs to command commands[i]; an expected version of n means exactly n events, 0 none, -1 at least
--      one, null any. Event j goes to streams[event_streams[j]]. A stream may come once in a batch.
-- Out: for each stream its version before the batch and whether the expectation holds, beside the head before the batch
--      and the time given to the batch. The winners' events have the positions after that head, in the order given.
create function append_events(
    commands          integer[],
    stream_types      text[],
    stream_ids        text[],
    expected_versions bigint[],
    event_streams     integer[],
    append_ids        uuid[],
    event_ids         uuid[],
    tenant_ids        uuid[],
    event_types       text[],
    event_versions    text[],
    payloads          text[],
    metadatas         text[],
    bodies            bytea[]
) returns table (stream integer, version bigint, holds boolean, head bigint, stamp timestamptz)
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
    old_head  bigint;
    last_time timestamptz;
    new_time  timestamptz;
    appended  bigint;
    found_at  bigint[];
    winning   boolean[];
    holding   boolean[];
begin
    select h.position, h.recorded_at into old_head, last_time from log_head h for update;
    new_time := greatest(clock_timestamp(), last_time);

    with verdicts as (
        select s.ordinal, s.command, coalesce(k.version, 0) as version,
               case s.expected
                   when -1 then k.version is not null
                   else coalesce(coalesce(k.version, 0) = s.expected, true)
               end as holds
          from unnest(commands, stream_types, stream_ids, expected_versions)
                   with ordinality as s (command, type, id, expected, ordinal)
          left join streams k on k.aggregate_type = s.type and k.aggregate_id = s.id
    ), whole as (
        select *, bool_and(holds) over (partition by command) as wins from verdicts
    )
    select array_agg(version order by ordinal), array_agg(holds order by ordinal), array_agg(wins order by ordinal)
      into found_at, holding, winning
      from whole;

    insert into events (position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                        payload, metadata, event_id, append_id, recorded_at, body)
    select old_head + row_number() over (order by e.ordinal), e.tenant_id,
           stream_types[e.stream], stream_ids[e.stream],
           found_at[e.stream] + row_number() over (partition by e.stream order by e.ordinal),
           e.event_type, e.event_version, e.payload::json, e.metadata::json, e.event_id, e.append_id, new_time, e.body
      from unnest(event_streams, append_ids, event_ids, tenant_ids, event_types, event_versions, payloads, metadatas,
                  bodies)
               with ordinality as e (stream, append_id, event_id, tenant_id, event_type, event_version, payload,
                                     metadata, body, ordinal)
     where winning[e.stream]
     order by e.ordinal;
    get diagnostics appended = row_count;

    if appended > 0 then
        insert into streams (aggregate_type, aggregate_id, version, last_position)
        select stream_types[placed.stream], stream_ids[placed.stream],
               found_at[placed.stream] + count(*), old_head + max(placed.ordinal)
          from (select e.stream, row_number() over (order by e.ordinal) as ordinal
                  from unnest(event_streams) with ordinality as e (stream, ordinal)
                 where winning[e.stream]) placed
         group by placed.stream
        on conflict (aggregate_type, aggregate_id)
            do update set version = excluded.version, last_position = excluded.last_position;

        update log_head h set position = old_head + appended, recorded_at = new_time;
        perform pg_notify('events_appended', (old_head + appended)::text);
    end if;

    return query
    select s.ordinal::integer, s.version, s.holds, old_head, new_time
      from unnest(found_at, holding) with ordinality as s (version, holds, ordinal);
end
$$;

revoke all on function append_events from public;

-- Read models: their tables stand beside their projections; each has a row here for how far it has come.
create schema projections;

create table projections.checkpoints (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null default 0 check (position >= 0),
    status     text        not null default 'running' check (status in ('running', 'stopped')),
    failure    text,
    updated_at timestamptz not null default now(),
    primary key (projection, version)
);

-- Events that a projection passed over because it could not take them.
create table projections.dead_letters (
    projection text        not null,
    version    integer     not null,
    position   bigint      not null,
    failure    text        not null,
    created_at timestamptz not null default now(),
    primary key (projection, version, position)
);

-- The writer appends through the function and holds no right to insert; nobody else appends at all.
grant select on events, streams, log_head to parking_writer;
grant execute on function append_events to parking_writer;

grant select on events, log_head to parking_projector;
grant usage on schema projections to parking_projector, parking_reader, parking_auditor;
grant select, insert, update on projections.checkpoints to parking_projector;
grant select, insert, update, delete on projections.dead_letters to parking_projector;

grant select on log_head to parking_reader;
grant select on projections.checkpoints to parking_reader;

grant select on events, streams, log_head to parking_auditor;
grant select on all tables in schema projections to parking_auditor;
