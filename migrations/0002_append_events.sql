-- Appends a batch of commands in one round trip. Each command is decided whole: it wins if every stream it names is at
-- the version it expects, nobody else holds what it claims, and its request was not made before. A loser costs its
-- neighbours nothing.
--
-- The head is locked before anything is read, and each statement of a volatile function sees what was committed when it
-- began: so what is read below is what the lock protects. The lock is held until the commit is visible, which makes
-- positions gapless and puts them in commit order.
--
-- The caller sees to it that a stream, a claim and a request come in one command of a batch at most.
--
-- In, per command:  its append id; tenant, key and fingerprint of its request, key null for none.
--     per stream:   its command; an expected version of n means exactly n events, 0 none, -1 at least one, null any.
--     per claim:    its stream; whether it is taken or released.
--     per event:    its stream, and what is stored.
--     Commands, streams, claims and events are named by their place in these arrays, from 1.
-- Out: the head before the batch and the time given to it; per command whether it wins, and of a request that was made
--      before its first and last position and whether the fingerprint is the same; per stream its version before the
--      batch and whether the expectation holds; per claim who holds it against the taker, as 'type id'.
--      The winners' events have the positions after the head, in the order given.
create function append_events(
    append_ids           uuid[],
    request_tenants      uuid[],
    request_keys         text[],
    request_fingerprints uuid[],
    stream_commands      integer[],
    stream_types         text[],
    stream_ids           text[],
    expected_versions    bigint[],
    claim_streams        integer[],
    claim_scopes         text[],
    claim_keys           text[],
    claims_taken         boolean[],
    event_streams        integer[],
    event_ids            uuid[],
    tenant_ids           uuid[],
    event_types          text[],
    event_versions       text[],
    payloads             text[],
    metadatas            text[],
    bodies               bytea[],
    out head             bigint,
    out stamp            timestamptz,
    out wins             boolean[],
    out first_positions  bigint[],
    out last_positions   bigint[],
    out same_requests    boolean[],
    out versions         bigint[],
    out holds            boolean[],
    out holders          text[]
)
    language plpgsql volatile security definer
    set search_path = public, pg_temp
    -- Plans are made while the tables are small and kept while they grow: look-ups go by index from the first day.
    set enable_seqscan = off
    set jit = off
as $$
#variable_conflict use_column
declare
    last_time timestamptz;
    appended  bigint;
begin
    select h.position, h.recorded_at into head, last_time from log_head h where h.singleton for update;
    stamp := greatest(clock_timestamp(), last_time);

    select array_agg(coalesce(k.version, 0) order by s.ordinal),
           array_agg(case s.expected
                         when -1 then k.version is not null
                         else coalesce(coalesce(k.version, 0) = s.expected, true)
                     end order by s.ordinal)
      into versions, holds
      from unnest(stream_types, stream_ids, expected_versions) with ordinality as s (type, id, expected, ordinal)
      left join lateral (select k.version from streams k
                          where k.aggregate_type = s.type and k.aggregate_id = s.id limit 1) k on true;

    -- Most batches claim nothing and bear no request: they skip what follows.
    if cardinality(array_remove(request_keys, null)) > 0 then
        select array_agg(r.first_position order by q.ordinal), array_agg(r.last_position order by q.ordinal),
               array_agg(r.fingerprint = q.fingerprint order by q.ordinal)
          into first_positions, last_positions, same_requests
          from unnest(request_tenants, request_keys, request_fingerprints)
                   with ordinality as q (tenant_id, key, fingerprint, ordinal)
          left join lateral (select r.* from requests r
                              where r.tenant_id = q.tenant_id and r.key = q.key limit 1) r on true;
    end if;

    if cardinality(claim_streams) > 0 then
        select array_agg(case when c.taken and (h.aggregate_type, h.aggregate_id) <> (c.type, c.id) and not exists (
                                       -- Given up by its holder in the same command.
                                       select from unnest(claim_streams, claim_scopes, claim_keys, claims_taken)
                                                       as g (stream, scope, key, taken)
                                        where not g.taken and g.scope = c.scope and g.key = c.key
                                          and stream_commands[g.stream] = c.command
                                          and stream_types[g.stream] = h.aggregate_type
                                          and stream_ids[g.stream] = h.aggregate_id)
                              then h.aggregate_type || ' ' || h.aggregate_id
                         end order by c.ordinal)
          into holders
          from (select u.ordinal, u.scope, u.key, u.taken, stream_commands[u.stream] as command,
                       stream_types[u.stream] as type, stream_ids[u.stream] as id
                  from unnest(claim_streams, claim_scopes, claim_keys, claims_taken)
                           with ordinality as u (stream, scope, key, taken, ordinal)) c
          left join lateral (select h.* from claims h
                              where h.scope = c.scope and h.key = c.key limit 1) h on true;
    end if;

    select array_agg(v.wins order by v.command)
      into wins
      from (select each.command, bool_and(each.fine) as wins
              from (select s.command, s.fine from unnest(stream_commands, holds) as s (command, fine)
                     union all
                    select stream_commands[c.stream], c.holder is null
                      from unnest(claim_streams, holders) as c (stream, holder)
                     where c.stream is not null
                     union all
                    select q.command, q.position is null
                      from unnest(first_positions) with ordinality as q (position, command)) each
             group by each.command) v;

    with placed as (
        insert into events (position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                            payload, metadata, event_id, append_id, recorded_at, body)
        select head + row_number() over (order by e.ordinal), e.tenant_id, s.type, s.id,
               s.version + row_number() over (partition by e.stream order by e.ordinal),
               e.event_type, e.event_version, e.payload::json, e.metadata::json, e.event_id, append_ids[s.command],
               stamp, e.body
          from unnest(event_streams, event_ids, tenant_ids, event_types, event_versions, payloads, metadatas, bodies)
                   with ordinality as e (stream, event_id, tenant_id, event_type, event_version, payload, metadata,
                                         body, ordinal)
          join unnest(stream_commands, stream_types, stream_ids, versions)
                   with ordinality as s (command, type, id, version, ordinal) on s.ordinal = e.stream
         where wins[s.command]
         order by e.ordinal
        returning position, aggregate_type, aggregate_id, sequence, append_id
    ), raised as (
        insert into streams (aggregate_type, aggregate_id, version, last_position)
        select p.aggregate_type, p.aggregate_id, max(p.sequence), max(p.position) from placed p group by 1, 2
        on conflict (aggregate_type, aggregate_id)
            do update set version = excluded.version, last_position = excluded.last_position
    ), requested as (
        insert into requests (tenant_id, key, fingerprint, first_position, last_position)
        select q.tenant_id, q.key, q.fingerprint, min(p.position), max(p.position)
          from unnest(append_ids, request_tenants, request_keys, request_fingerprints)
                   as q (append_id, tenant_id, key, fingerprint)
          join placed p on p.append_id = q.append_id
         where q.key is not null
         group by 1, 2, 3
    )
    select count(*) into appended from placed;

    if appended > 0 then
        update log_head h set position = head + appended, recorded_at = stamp where h.singleton;
        perform pg_notify('events_appended', (head + appended)::text);
    end if;

    if cardinality(claim_streams) > 0 then
        -- Released before any is taken: what one stream gives up another may take in the same command.
        delete from claims k
         using unnest(claim_streams, claim_scopes, claim_keys, claims_taken) as c (stream, scope, key, taken)
         where not c.taken and wins[stream_commands[c.stream]] and k.scope = c.scope and k.key = c.key
           and k.aggregate_type = stream_types[c.stream] and k.aggregate_id = stream_ids[c.stream];
        insert into claims (scope, key, aggregate_type, aggregate_id)
        select c.scope, c.key, stream_types[c.stream], stream_ids[c.stream]
          from unnest(claim_streams, claim_scopes, claim_keys, claims_taken) as c (stream, scope, key, taken)
         where c.taken and wins[stream_commands[c.stream]]
        on conflict (scope, key) do nothing;
    end if;
end
$$;

-- The writer appends through the function and holds no right to insert; nobody else appends at all.
revoke all on function append_events from public;
grant execute on function append_events to parking_writer;
