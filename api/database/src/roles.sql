-- The roles of the platform and their rights in the current database. Sent with `locks.sql` in one query, so one
-- transaction.
do $$
declare
    role text;
    setting record;
begin
    -- Serialises processes that start at once on one database. A login that uses it for the first time may lack the
    -- right (`locks.sql`), until the roles below are granted to it.
    if has_function_privilege('pg_advisory_xact_lock(bigint)', 'execute') then
        perform pg_advisory_xact_lock(hashtext('parking bootstrap'));
    end if;

    foreach role in array array[
        'parking_owner', 'parking_writer', 'parking_projector', 'parking_reader', 'parking_auditor', 'parking_identity',
        'parking_analyst'
    ] loop
        -- Roles belong to the whole cluster and the lock to one database, so another database's process may still be
        -- faster.
        if not exists (select from pg_roles where rolname = role) then
            begin
                execute format('create role %I %s nosuperuser nocreatedb nocreaterole nobypassrls', role,
                               -- Each analyst has a role of their own, a member of this one.
                               case role when 'parking_analyst' then 'nologin' else 'login' end);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
        -- True for a superuser; others need the membership to give the database to the owner and to enter analysts.
        if role = 'parking_owner' and not pg_has_role(current_user, role, 'usage') then
            begin
                execute format('grant %I to current_user', role);
            exception when unique_violation then
                null;
            end;
        end if;
        execute format('grant connect on database %I to %I', current_database(), role);
    end loop;

    -- Backups read the rows of all tenants. Only a superuser may make this login; docs/operations.md says how to do without.
    begin
        if not exists (select from pg_roles where rolname = 'parking_backup') then
            create role parking_backup login bypassrls nosuperuser nocreatedb nocreaterole;
        end if;
        if not pg_has_role('parking_backup', 'pg_read_all_data', 'member') then
            grant pg_read_all_data to parking_backup;
        end if;
    exception when insufficient_privilege or duplicate_object or unique_violation then
        null;
    end;
    if exists (select from pg_roles where rolname = 'parking_backup') then
        execute format('grant connect on database %I to parking_backup', current_database());
    end if;

    -- The time limits for users who log in with these roles (`Role::limits` for the program). Limits set by an operator
    -- are kept.
    for setting in
        select * from (values ('parking_reader', 'statement_timeout', '10s'),
                              ('parking_reader', 'idle_in_transaction_session_timeout', '10s'),
                              ('parking_identity', 'statement_timeout', '10s'),
                              ('parking_identity', 'idle_in_transaction_session_timeout', '10s'),
                              ('parking_auditor', 'idle_in_transaction_session_timeout', '10min')) s (role, name, value)
         where not exists (select from pg_db_role_setting d, unnest(d.setconfig) of (entry)
                            where d.setrole = s.role::regrole and d.setdatabase = 0 and of.entry like s.name || '=%')
    loop
        begin
            execute format('alter role %I set %I = %L', setting.role, setting.name, setting.value);
        -- Another process sets the same right now, or only the administrator may set it.
        exception when internal_error or unique_violation or insufficient_privilege then
            null;
        end;
    end loop;

    -- To name the session that blocks a rebuild. If the grant is not permitted, the session is not named.
    if not pg_has_role('parking_owner', 'pg_read_all_stats', 'member') then
        begin
            grant pg_read_all_stats to parking_owner;
        exception when insufficient_privilege or unique_violation then
            null;
        end;
    end if;

    execute format('revoke all on database %I from public', current_database());
    -- To fold the log again and compare, in tables that end with the session.
    execute format('grant temporary on database %I to parking_auditor', current_database());
    execute format('alter database %I owner to parking_owner', current_database());
    revoke create on schema public from public;
end
$$;
