-- The event log: append-only, one total order, gapless positions in commit order.
-- Columns that postgres-es uses keep its names and types, so that its reader works on this table.

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
    body_encoding  smallint,
    constraint events_body_encoding check ((body is null) = (body_encoding is null)),
    constraint events_stream_sequence unique (aggregate_type, aggregate_id, sequence),
    constraint events_event_id unique (event_id)
);

comment on table events is 'All events. Rows are only added, by append_events().';
comment on column events.position is 'The position in the total order: gapless, in commit order.';
comment on column events.tenant_id is 'The owning tenant; null for events of the network.';
comment on column events.append_id is 'Identifies the append: settles a commit whose result was lost.';
comment on column events.body is 'The webhook''s body as evidence, read by no fold. Byte for byte, in the encoding of body_encoding.';
comment on column events.body_encoding is '0: the body as received; n: a zstd frame made with dictionary n.';

-- The writer compresses bodies with a shared dictionary; compressing them again in PostgreSQL gains nothing.
alter table events alter column body set storage external;

-- The key of a report, which has a fixed offset in the payload of every uplink event:
-- {"UplinkReceived":{"report":{"key":"…". Extracted as text: PostgreSQL's JSON operators parse the whole document, and
-- cannot parse all valid JSON.
create function report_key(aggregate_type text, event_type text, payload json) returns text
    language sql immutable parallel safe
as $$
    select case when aggregate_type = 'uplinks' then substr(payload::text, length(event_type) + 23, 36) end
$$;

-- Finds a report that is older than the keys its stream remembers. A B-tree on eight bytes of the key's hash takes half
-- the space of a hash index.
create index events_report_key on events (hashtextextended(report_key(aggregate_type, event_type, payload), 0));

-- The reservation or override of an event of a space, which has a fixed offset too:
-- {"ReservationBooked":{"reservation_id":"… and {"OverrideSet":{"override_id":"….
create function space_part(aggregate_type text, event_type text, payload json) returns text
    language sql immutable parallel safe
as $$
    select case when aggregate_type <> 'space' then null
                when event_type like 'Reservation%' then substr(payload::text, length(event_type) + 24, 36)
                when event_type like 'Override%' then substr(payload::text, length(event_type) + 21, 36) end
$$;

-- Finds the events of a reservation or override that was over too long ago for its space to remember it.
create index events_of_space_part on events (space_part(aggregate_type, event_type, payload))
 where space_part(aggregate_type, event_type, payload) is not null;

-- In addition to the privileges: no role changes history, not even the owner by mistake.
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

-- The last position and the log's identity. A transaction that locks this row may append, and sees all earlier appends.
create table log_head (
    singleton   boolean     primary key default true check (singleton),
    position    bigint      not null check (position >= 0),
    recorded_at timestamptz not null,
    format      smallint    not null,
    started_as  uuid        not null,
    log_id      uuid        not null,
    dictionary  smallint    not null default 0
) with (fillfactor = 10);

comment on column log_head.format is 'The format of the log. A build refuses a log of another format before it writes anything.';
comment on column log_head.started_as is 'The id with which the log started: the id of the stream of type log.';
comment on column log_head.log_id is 'The current id of the log: differs from started_as once a copy was forked. Changed by append_events() only.';

comment on column log_head.dictionary is 'The newest announced dictionary; 0 before the log has started.';

insert into log_head (position, recorded_at, format, started_as, log_id)
select 0, 'epoch', 5, id, id from gen_random_uuid() id;

-- Dictionaries for bodies: without its dictionary a body cannot be read. Not readable by single-tenant roles, because
-- dictionaries contain parts of all tenants' bodies.
create table log_dictionaries (
    number     smallint primary key check (number > 0),
    dictionary bytea    not null
);

comment on table log_dictionaries is 'Each is announced by an event of the log''s own stream, with its number and sha256.';

create trigger log_dictionaries_append_only before update or delete or truncate on log_dictionaries
    for each statement execute function refuse_change();

-- Keys that only one stream may hold at a time: a slug, an e-mail, a space's code within its site.
create table claims (
    scope          text not null,
    key            text not null,
    aggregate_type text not null,
    aggregate_id   text not null,
    primary key (scope, key)
);

create index claims_of_stream on claims (aggregate_type, aggregate_id);

-- Requests with an idempotency key of the caller, so that a repeated request returns the same result and does nothing.
create table requests (
    tenant_id      uuid   not null,
    key            text   not null,
    fingerprint    uuid   not null,
    first_position bigint not null,
    last_position  bigint not null,
    decided_at     timestamptz,
    primary key (tenant_id, key),
    constraint requests_positions check (first_position <= last_position + 1),
    constraint requests_decided_at check ((first_position > last_position) = (decided_at is not null))
);

comment on table requests is 'Requests without a tenant are stored under the nil UUID.';
comment on column requests.last_position is 'The last position when it was decided. Of a request without events, first_position is the one after it.';
comment on column requests.decided_at is 'Of a request without events: when it was decided. It is forgotten after the retention.';

create index requests_without_events on requests (decided_at) where decided_at is not null;

-- Forgets requests without events that were decided before a time, at most so many; returns how many. What changed
-- something is remembered as long as the log.
create function forget_requests(before timestamptz, at_most bigint) returns bigint
    language sql volatile security definer
    set search_path = public, pg_temp
as $$
    with old as (
        delete from requests where (tenant_id, key) in (
            select tenant_id, key from requests where decided_at < before order by decided_at limit at_most)
        returning 1)
    select count(*) from old
$$;

revoke all on function forget_requests from public;
grant execute on function forget_requests to parking_projector;

-- Bodies may use a dictionary from the event on that announces it. It must be stored and have the next number.
create function take_dictionary(announced smallint, sha256 text) returns void language plpgsql volatile as $$
begin
    update log_head set dictionary = announced
     where dictionary = announced - 1
       and sha256 = (select encode(sha256(d.dictionary), 'hex') from log_dictionaries d where d.number = announced);
    if not found then
        raise exception 'dictionary % is not the next one, or not the one that is kept', announced
            using errcode = 'invalid_parameter_value';
    end if;
end
$$;

revoke all on function take_dictionary from public;

-- Called by append_events(): an event of the log's own stream updates the head in the same transaction, so that the head
-- always agrees with the events.
create function take_log_events(after bigint) returns void language plpgsql volatile as $$
declare
    event  record;
    detail json;
    head   log_head%rowtype;
begin
    for event in select e.position, e.aggregate_id, e.event_type, e.payload from events e
                  where e.position > after and e.aggregate_type = 'log' order by e.position
    loop
        select * into head from log_head;
        detail := event.payload -> event.event_type;
        if event.aggregate_id <> head.started_as::text then
            raise exception 'the stream of the log is %, not %', head.started_as, event.aggregate_id
                using errcode = 'invalid_parameter_value';
        end if;
        case event.event_type
            when 'LogStarted' then
                if event.position <> 1 or detail ->> 'log_id' is distinct from head.log_id::text
                                       or detail ->> 'format' is distinct from head.format::text then
                    raise exception 'LogStarted belongs at position 1, with log_id % and format %', head.log_id, head.format
                        using errcode = 'invalid_parameter_value';
                end if;
                perform take_dictionary(1::smallint, detail ->> 'dictionary');
            when 'LogForked' then
                if detail ->> 'from' is distinct from head.log_id::text
                        or detail ->> 'position' is distinct from (event.position - 1)::text then
                    raise exception 'LogForked goes from log % at position %', head.log_id, event.position - 1
                        using errcode = 'invalid_parameter_value';
                end if;
                update log_head set log_id = (detail ->> 'to')::uuid;
            when 'DictionaryAdded' then
                perform take_dictionary((detail ->> 'number')::smallint, detail ->> 'sha256');
            when 'EventSkipped' then
                perform take_skip(detail);
            else null;
        end case;
    end loop;
end
$$;

revoke all on function take_log_events from public;

grant select on events, streams, log_head, log_dictionaries, claims, requests to parking_writer, parking_auditor;
grant select on events, log_head to parking_projector;
grant select on log_head to parking_reader;
