-- All reservations, past ones included. Personal data is sealed.

create table if not exists reservations (
    reservation_id uuid        primary key,
    tenant_id      uuid        not null,
    space_id       uuid        not null,
    status         text        not null check (status in ('active', 'completed', 'cancelled', 'expired', 'no_show')),
    start_time     timestamptz not null,
    end_time       timestamptz not null,
    started_at     timestamptz,
    confirmed_at   timestamptz,
    checked_in_at  timestamptz,
    checked_out_at timestamptz,
    ended_at       timestamptz,
    cancelled_by   text,
    cancellation_reason json,
    created_by     text        not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    position       bigint      not null,
    details        json        not null,
    email_hash     text        generated always as (details #>> '{user_email,hash}') stored,
    request_id     text        generated always as (details ->> 'request_id') stored,
    rate           numeric     generated always as ((details ->> 'rate')::numeric) stored,
    total_cost     numeric     generated always as ((details ->> 'total_cost')::numeric) stored,
    payment_status text        generated always as (details ->> 'payment_status') stored
);

create index if not exists reservations_of_tenant on reservations (tenant_id, start_time desc);
create index if not exists reservations_of_space on reservations (space_id, start_time desc);
create index if not exists reservations_of_guest on reservations (email_hash, start_time desc) where email_hash is not null;
create index if not exists reservations_holding on reservations (space_id, start_time) where status = 'active';

select wall_off('reservations', 'tenant');
