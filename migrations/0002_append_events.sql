-- Appends a batch of commands in one round trip. Each command is decided as a whole: it wins if every stream it names
-- is at the expected version, no other stream holds what it claims, and its request is new. A losing command does not
-- affect the others.
--
-- The head is locked before anything is read, and each statement of a volatile function sees what was committed when it
-- began, so everything read below is protected by the lock. The lock is held until the commit is visible, which makes
-- positions gapless and puts them in commit order.
--
-- A command without events only has preconditions. With a request it is remembered, so that its repetition gets this result
-- even if it would change something by then.
--
-- A stream, a claim and a request occur in at most one command of a batch. Streams are in the order of their commands,
-- at least one each; events are in the order of their streams; only a stream that gets events changes claims. A batch
-- that violates this is refused as a whole (invalid_parameter_value, or by a unique key), so that neither a bug in the
-- writer nor a stolen login of its role can leave a gap, share a claim or write to another stream.
--
-- In, per command:  its append id; tenant, key and fingerprint of its request, key null for none.
--     per stream:   its command; an expected version of n means exactly n events, 0 none, -1 at least one, null any;
--                   how many events it gets.
--     per claim:    its stream; whether it is taken or released.
--     per event:    its stream, and what is stored.
--     Commands, streams, claims and events are named by their place in these arrays, from 1.
-- Out: the head before the batch and the time of its first event; each further event is recorded one microsecond later,
--      so that a time of recording names one event. Per command whether it wins, and of a request that was made
--      before its first and last position (its last is before its first if it had no events) and whether the
--      fingerprint is the same; per stream its version before the batch and whether the expectation holds; per claim
--      who holds it against the taker, as 'type id'.
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
    stream_events        integer[],
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
    body_encodings       smallint[],
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
    -- Planning a statement takes longer than running it for a small batch. So plans are made once, while the tables are
    -- small, and kept while they grow; look-ups must use indexes from the start.
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set jit = off
as $$
#variable_conflict use_column
declare
    last_time timestamptz;
    bears_requests constant boolean := cardinality(array_remove(request_keys, null)) > 0;
    makes_claims   constant boolean := cardinality(claim_streams) > 0;
    stream_row     tid;         -- the location of a stream's row, stable while the head is locked
    stream_rows    tid[];
    stream_version bigint;
    made_before    bigint;      -- the first position of an earlier command with the same request
    events_before  bigint[];    -- per stream, the number of events before its own in the batch
    firsts         bigint[];    -- per stream, the position of its first event; null if it gets none
    lasts          bigint[];    -- per stream, the position of its last event
    command_firsts bigint[];    -- per command, the position of its first event
    command_lasts  bigint[];    -- per command, the position of its last event; one before its first if it gets none
    new_head       bigint;
    newest         smallint;    -- the newest dictionary that bodies may use
    announced      bigint := 0; -- the number of events according to the streams
    command        integer := 0;
    inserted       bigint;
begin
    -- Equal dimensions mean equal length and lower bound.
    if array_dims(append_ids) is distinct from array_dims(request_tenants)
            or array_dims(append_ids) is distinct from array_dims(request_keys)
            or array_dims(append_ids) is distinct from array_dims(request_fingerprints)
            or array_dims(stream_commands) is distinct from array_dims(stream_types)
            or array_dims(stream_commands) is distinct from array_dims(stream_ids)
            or array_dims(stream_commands) is distinct from array_dims(expected_versions)
            or array_dims(stream_commands) is distinct from array_dims(stream_events)
            or array_dims(claim_streams) is distinct from array_dims(claim_scopes)
            or array_dims(claim_streams) is distinct from array_dims(claim_keys)
            or array_dims(claim_streams) is distinct from array_dims(claims_taken)
            or array_dims(event_streams) is distinct from array_dims(event_ids)
            or array_dims(event_streams) is distinct from array_dims(tenant_ids)
            or array_dims(event_streams) is distinct from array_dims(event_types)
            or array_dims(event_streams) is distinct from array_dims(event_versions)
            or array_dims(event_streams) is distinct from array_dims(payloads)
            or array_dims(event_streams) is distinct from array_dims(metadatas)
            or array_dims(event_streams) is distinct from array_dims(bodies)
            or array_dims(event_streams) is distinct from array_dims(body_encodings)
            or array_dims(append_ids) <> '[1:' || cardinality(append_ids) || ']'
            or array_dims(stream_commands) <> '[1:' || cardinality(stream_commands) || ']'
            or array_dims(claim_streams) <> '[1:' || cardinality(claim_streams) || ']'
            or array_dims(event_streams) <> '[1:' || cardinality(event_streams) || ']' then
        raise exception 'the arrays of a batch do not fit each other' using errcode = 'invalid_parameter_value';
    end if;
    if array_position(stream_types, null) > 0 or array_position(stream_ids, null) > 0 then
        raise exception 'a stream has a type and an id' using errcode = 'invalid_parameter_value';
    end if;
    -- An expression with a query is costly even where its first operand decides, so such conditions are nested.
    -- Streams with events are kept distinct by their unique keys.
    if 0 = any (stream_events) then
        if cardinality(stream_ids) <> (
                select count(*) from (select distinct s.type, s.id from unnest(stream_types, stream_ids) as s (type, id)) s) then
            raise exception 'a stream is named twice' using errcode = 'invalid_parameter_value';
        end if;
    end if;
    if makes_claims then
        if exists (
                select from unnest(claim_streams, claim_scopes, claim_keys, claims_taken) as c (stream, scope, key, taken)
                 where coalesce(stream_events[c.stream], 0) < 1 or c.scope is null or c.key is null or c.taken is null) then
            raise exception 'a claim is changed by a stream that gets events' using errcode = 'invalid_parameter_value';
        end if;
    end if;

    select h.position, h.recorded_at, h.dictionary into head, last_time, newest
      from log_head h where h.singleton for update;
    stamp := greatest(clock_timestamp(), last_time + interval '1 microsecond');

    -- The small path: one command that adds one event to one stream, where nothing can refuse it. Everything else, what
    -- contradicts itself included, takes the path of all batches.
    if array_dims(append_ids) = '[1:1]' and stream_commands = '{1}' and stream_events = '{1}' and event_streams = '{1}'
            and not makes_claims and stream_types[1] <> 'log' and coalesce(body_encodings[1], 0) between 0 and newest then
        select k.ctid, k.version into stream_row, stream_version
          from streams k where k.aggregate_type = stream_types[1] and k.aggregate_id = stream_ids[1];
        stream_version := coalesce(stream_version, 0);
        if bears_requests then
            select r.first_position into made_before
              from requests r where r.tenant_id = request_tenants[1] and r.key = request_keys[1];
        end if;
        if made_before is null and (expected_versions[1] is null or expected_versions[1] = stream_version
                                    or expected_versions[1] = -1 and stream_version > 0) then
            insert into events (position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                                payload, metadata, event_id, append_id, recorded_at, body, body_encoding)
            values (head + 1, tenant_ids[1], stream_types[1], stream_ids[1], stream_version + 1, event_types[1],
                    event_versions[1], payloads[1]::json, metadatas[1]::json, event_ids[1], append_ids[1], stamp, bodies[1],
                    body_encodings[1]);
            if stream_version > 0 then
                update streams k set version = stream_version + 1, last_position = head + 1 where k.ctid = stream_row;
            else
                insert into streams (aggregate_type, aggregate_id, version, last_position)
                values (stream_types[1], stream_ids[1], 1, head + 1);
            end if;
            if bears_requests then
                insert into requests (tenant_id, key, fingerprint, first_position, last_position)
                values (request_tenants[1], request_keys[1], request_fingerprints[1], head + 1, head + 1);
            end if;
            update log_head h set position = head + 1, recorded_at = stamp where h.singleton;
            perform pg_notify('events_appended', (head + 1)::text);
            wins := '{true}';
            versions := array[stream_version];
            holds := '{true}';
            return;
        end if;
    end if;

    select array_agg(s.version), array_agg(s.tid),
           array_agg(case s.expected when -1 then s.version > 0 else coalesce(s.version = s.expected, true) end)
      into versions, stream_rows, holds
      from (select s.expected, k.tid, coalesce(k.version, 0) as version
              from unnest(stream_types, stream_ids, expected_versions)
                       with ordinality as s (type, id, expected, ordinal)
              left join lateral (select k.ctid as tid, k.version from streams k
                                  where k.aggregate_type = s.type and k.aggregate_id = s.id limit 1) k on true
             order by s.ordinal) s;

    -- Most batches have no claim, no request and no losing command; they skip what follows.
    if bears_requests then
        select array_agg(q.first_position), array_agg(q.last_position), array_agg(q.same)
          into first_positions, last_positions, same_requests
          from (select r.first_position, r.last_position, r.fingerprint = q.fingerprint as same
                  from unnest(request_tenants, request_keys, request_fingerprints)
                           with ordinality as q (tenant_id, key, fingerprint, ordinal)
                  left join lateral (select r.* from requests r
                                      where r.tenant_id = q.tenant_id and r.key = q.key limit 1) r on true
                 order by q.ordinal) q;
    end if;

    if makes_claims then
        select array_agg(case when c.taken and (h.aggregate_type, h.aggregate_id) <> (c.type, c.id) and not exists (
                                       -- Released by its holder in the same command.
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

    if makes_claims or false = any (holds) or array_remove(first_positions, null) <> '{}' then
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
    else
        wins := array_fill(true, array[cardinality(append_ids)]);
    end if;

    -- Numbering the streams here saves sorting and joining the events, and a loop costs less than window functions.
    new_head := head;
    for stream in 1 .. coalesce(cardinality(stream_commands), 0) loop
        if stream_commands[stream] = command + 1 then
            command := command + 1;
            command_firsts[command] := new_head + 1;
        end if;
        if stream_commands[stream] is distinct from command or command = 0 or coalesce(stream_events[stream], -1) < 0 then
            raise exception 'streams do not come in the order of their commands' using errcode = 'invalid_parameter_value';
        end if;
        events_before[stream] := announced;
        announced := announced + stream_events[stream];
        if wins[command] and stream_events[stream] > 0 then
            firsts[stream] := new_head + 1;
            new_head := new_head + stream_events[stream];
            lasts[stream] := new_head;
        else
            firsts[stream] := null;
            lasts[stream] := null;
        end if;
        command_lasts[command] := new_head;
    end loop;
    if command <> cardinality(append_ids) or announced <> cardinality(event_streams) then
        raise exception 'a command has no stream, or the streams get other events than are given'
            using errcode = 'invalid_parameter_value';
    end if;

    if new_head > head then
        insert into events (position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
                            payload, metadata, event_id, append_id, recorded_at, body, body_encoding)
        select firsts[e.stream] + e.ordinal - events_before[e.stream] - 1, e.tenant_id,
               stream_types[e.stream], stream_ids[e.stream], versions[e.stream] + e.ordinal - events_before[e.stream],
               e.event_type, e.event_version, e.payload::json, e.metadata::json, e.event_id,
               append_ids[stream_commands[e.stream]],
               stamp + (firsts[e.stream] + e.ordinal - events_before[e.stream] - head - 2) * interval '1 microsecond',
               e.body, e.body_encoding
          from unnest(event_streams, event_ids, tenant_ids, event_types, event_versions, payloads, metadatas, bodies,
                      body_encodings)
                   with ordinality as e (stream, event_id, tenant_id, event_type, event_version, payload, metadata,
                                         body, body_encoding, ordinal)
         where firsts[e.stream] is not null
           and e.ordinal - events_before[e.stream] between 1 and stream_events[e.stream]
           and coalesce(e.body_encoding, 0) between 0 and newest;
        -- Positions are unique and each lies in its stream's range, so as many rows as positions leave no gap.
        get diagnostics inserted = row_count;
        if inserted <> new_head - head then
            raise exception 'events do not come in the order of their streams, or a body has an unknown dictionary'
                using errcode = 'invalid_parameter_value';
        end if;
        if 0 < any (versions) then
            update streams k set version = s.version + s.last - s.first + 1, last_position = s.last
              from unnest(stream_rows, versions, firsts, lasts) as s (tid, version, first, last)
             where k.ctid = s.tid and s.first is not null;
        end if;
        if 0 = any (versions) then
            insert into streams (aggregate_type, aggregate_id, version, last_position)
            select s.type, s.id, s.last - s.first + 1, s.last
              from unnest(stream_types, stream_ids, versions, firsts, lasts) as s (type, id, version, first, last)
             where s.version = 0 and s.first is not null;
        end if;
        update log_head h
           set position = new_head, recorded_at = stamp + (new_head - head - 1) * interval '1 microsecond'
         where h.singleton;
        if 'log' = any (stream_types) then
            perform take_log_events(head);
        end if;
        perform pg_notify('events_appended', new_head::text);
    end if;

    -- A command without events is remembered too: its repetition may find a state that it would change.
    if bears_requests then
        insert into requests (tenant_id, key, fingerprint, first_position, last_position, decided_at)
        select q.tenant_id, q.key, q.fingerprint, q.first, q.last, case when q.first > q.last then stamp end
          from unnest(request_tenants, request_keys, request_fingerprints, command_firsts, command_lasts, wins)
                   as q (tenant_id, key, fingerprint, first, last, wins)
         where q.key is not null and q.wins;
    end if;

    if makes_claims then
        -- Releases precede takes, so that one stream can take in the same command what another releases.
        delete from claims k
         using unnest(claim_streams, claim_scopes, claim_keys, claims_taken) as c (stream, scope, key, taken)
         where not c.taken and wins[stream_commands[c.stream]] and k.scope = c.scope and k.key = c.key
           and k.aggregate_type = stream_types[c.stream] and k.aggregate_id = stream_ids[c.stream];
        insert into claims (scope, key, aggregate_type, aggregate_id)
        select c.scope, c.key, stream_types[c.stream], stream_ids[c.stream]
          from unnest(claim_streams, claim_scopes, claim_keys, claims_taken) as c (stream, scope, key, taken)
         where c.taken and wins[stream_commands[c.stream]]
        on conflict (scope, key) do nothing;
        if exists (
                select from unnest(claim_streams, claim_scopes, claim_keys, claims_taken) as c (stream, scope, key, taken)
                 where c.taken and wins[stream_commands[c.stream]] and not exists (
                       select from claims k
                        where k.scope = c.scope and k.key = c.key and k.aggregate_type = stream_types[c.stream]
                          and k.aggregate_id = stream_ids[c.stream])) then
            raise exception 'a claim is taken twice' using errcode = 'invalid_parameter_value';
        end if;
    end if;
end
$$;

-- The writer appends through the function and has no insert privilege; no other role can append.
revoke all on function append_events from public;
grant execute on function append_events to parking_writer;
