-- Operational tables: secrets and keys. Never rebuilt from the log, always in the backup.

create schema ops;

-- The tenant whose rows a connection sees. The API sets it for each transaction; if it is not set, no rows are visible.
create function current_tenant() returns uuid language sql stable parallel safe as
    $$ select nullif(current_setting('parking.tenant_id', true), '')::uuid $$;

-- One key per person, which encrypts personal data in the log. Without the row the data cannot be read any more.
create table ops.subject_keys (
    subject    uuid        primary key,
    tenant_id  uuid,
    key        bytea       not null check (octet_length(key) = 32),
    created_at timestamptz not null default now()
);

comment on column ops.subject_keys.tenant_id is 'The tenant whose guest the person is; null for users of the platform.';

create index subject_keys_of_tenant on ops.subject_keys (tenant_id);

alter table ops.subject_keys enable row level security;
alter table ops.subject_keys force row level security;
create policy writer_everything on ops.subject_keys to parking_writer using (true) with check (true);
create policy reader_own_tenant on ops.subject_keys for select to parking_reader using (tenant_id = current_tenant());

-- Keys of the platform itself, by purpose: created once, on first use.
create table ops.platform_keys (
    purpose    text        primary key,
    key        bytea       not null check (octet_length(key) = 32),
    created_at timestamptz not null default now()
);

grant usage on schema ops to parking_writer, parking_reader;
grant select, insert, delete on ops.subject_keys to parking_writer;
grant select on ops.subject_keys to parking_reader;
grant select, insert on ops.platform_keys to parking_writer;
