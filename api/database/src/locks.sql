-- Who may take advisory locks and write large objects in the current database. The program runs this at each start; where its
-- login is no superuser it changes nothing, and a superuser runs it once with psql.
--
-- Places, the lead and the gates of projections are advisory locks, and everyone can read their keys in pg_locks. A
-- session that holds one stops what waits for it, for as long as it likes. Large objects belong to who makes them, have no
-- limit, and fill the disk of the log; the platform has none.
do $$
declare
    found    record;
    lockers  constant text[] := array['parking_owner', 'parking_writer', 'parking_projector'];
    others   constant text[] := array['parking_reader', 'parking_auditor', 'parking_identity', 'parking_analyst'];
    may      text[];
    may_not  text[];
begin
    for found in
        select p.oid::regprocedure as function, p.oid, p.proname ~ 'advisory' as is_lock from pg_proc p
         where p.pronamespace = 'pg_catalog'::regnamespace
           and (p.proname ~ 'advisory' and p.proname !~ 'unlock' or p.proname ~ '^(lo_|lowrite$|loread$)')
           -- Who does not own a function cannot revoke what PUBLIC may.
           and pg_has_role(p.proowner, 'usage')
    loop
        may := case when found.is_lock then lockers else '{}' end;
        may_not := case when found.is_lock then others else lockers || others end;
        -- Nothing is written where nothing changes.
        if exists (select from unnest(may_not) role where has_function_privilege(role, found.oid, 'execute'))
           or exists (select from unnest(may) role where not has_function_privilege(role, found.oid, 'execute'))
        then
            execute format('revoke execute on function %s from public, %s', found.function, array_to_string(may_not, ', '));
            if may <> '{}' then
                execute format('grant execute on function %s to %s', found.function, array_to_string(may, ', '));
            end if;
        end if;
    end loop;
end
$$;
