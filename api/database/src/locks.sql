-- Who may take advisory locks in the current database. The program runs this at each start; where its login is no
-- superuser it changes nothing, and a superuser runs it once with psql.
--
-- Places, the lead and the gates of projections are advisory locks, and everyone can read their keys in pg_locks. A
-- session that holds one stops what waits for it, for as long as it likes.
do $$
declare
    locking regprocedure;
    lockers constant text[] := array['parking_owner', 'parking_writer', 'parking_projector'];
    others  constant text[] := array['parking_reader', 'parking_auditor', 'parking_analyst'];
begin
    for locking in
        select p.oid from pg_proc p
         where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ 'advisory' and p.proname !~ 'unlock'
           -- Who does not own a function cannot revoke what PUBLIC may.
           and pg_has_role(p.proowner, 'usage')
           -- Nothing is written where nothing changes.
           and (exists (select from unnest(others) role where has_function_privilege(role, p.oid, 'execute'))
                or exists (select from unnest(lockers) role where not has_function_privilege(role, p.oid, 'execute')))
    loop
        execute format('revoke execute on function %s from public, parking_reader, parking_auditor, parking_analyst', locking);
        execute format('grant execute on function %s to parking_owner, parking_writer, parking_projector', locking);
    end loop;
end
$$;
