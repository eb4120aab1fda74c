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
    body_encoding  smallint,
    constraint events_body_encoding check ((body is null) = (body_encoding is null)),
    constraint events_stream_sequence unique (aggregate_type, aggregate_id, sequence),
    constraint events_event_id unique (event_id)
);

comment on table events is 'Everything that happened. Rows are only ever added, by append_events().';
comment on column events.position is 'The place in the total order: gapless, in commit order.';
comment on column events.tenant_id is 'The owner; null for events of the network, which belong to nobody.';
comment on column events.append_id is 'Names the append that brought the event: settles a commit whose answer was lost.';
comment on column events.body is 'A webhook''s body: evidence, read by no fold. Byte for byte, in the encoding that body_encoding says.';
comment on column events.body_encoding is '0: the body as it came; n: a zstd frame made with dictionary n.';

-- The writer compresses bodies with what all have in common; PostgreSQL would try again and gain nothing.
alter table events alter column body set storage external;

-- The key of a report, which the payload of every uplink event has at a fixed place: {"UplinkReceived":{"report":{"key":"…".
-- Cut out as text: PostgreSQL's JSON operators read the whole document, and cannot read everything that JSON can hold.
create function report_key(aggregate_type text, event_type text, payload json) returns text
    language sql immutable parallel safe
as $$
    select case when aggregate_type = 'uplinks' then substr(payload::text, length(event_type) + 23, 36) end
$$;

-- Finds a report that is older than the keys its stream remembers. By eight bytes of the key's hash: a B-tree of those takes
-- half of what a hash index takes.
create index events_report_key on events (hashtextextended(report_key(aggregate_type, event_type, payload), 0));

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

-- The last position, and which log this is. Whoever holds this row's lock may append, and sees all that was appended before.
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
comment on column log_head.started_as is 'The id with which the log started: names the stream of type log.';
comment on column log_head.log_id is 'The id of the log: another one than started_as once a copy was forked. Changed by append_events() only.';

comment on column log_head.dictionary is 'The newest dictionary that an event announced; 0 before the log has started.';

insert into log_head (position, recorded_at, format, started_as, log_id)
select 0, 'epoch', 2, id, id from gen_random_uuid() id;

-- What bodies have in common: without its dictionary a body cannot be read. Closed to those who see one tenant, as
-- dictionaries quote everybody's bodies.
create table log_dictionaries (
    number     smallint primary key check (number > 0),
    dictionary bytea    not null
);

comment on table log_dictionaries is 'Events of the log''s own stream announce each by its number and sha256.';

create trigger log_dictionaries_append_only before update or delete or truncate on log_dictionaries
    for each statement execute function refuse_change();

-- What only one stream may have at a time: a slug, an e-mail, a space's code within its site.
create table claims (
    scope          text not null,
    key            text not null,
    aggregate_type text not null,
    aggregate_id   text not null,
    primary key (scope, key)
);

create index claims_of_stream on claims (aggregate_type, aggregate_id);

-- What was asked under a key of the caller's, so that asking again answers the same and does nothing.
create table requests (
    tenant_id      uuid   not null,
    key            text   not null,
    fingerprint    uuid   not null,
    first_position bigint not null,
    last_position  bigint not null,
    primary key (tenant_id, key)
);

comment on table requests is 'Requests without a tenant are kept under the nil UUID.';

grant select on events, streams, log_head, log_dictionaries, claims, requests to parking_writer, parking_auditor;
grant select on events, log_head to parking_projector;
grant select on log_head to parking_reader;
