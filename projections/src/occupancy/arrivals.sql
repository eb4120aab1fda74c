-- Arrivals that sensors detected at reserved spaces and that the reservation has not recorded yet.

create table if not exists arrivals (
    space_id       uuid        primary key,
    tenant_id      uuid        not null,
    reservation_id uuid        not null,
    at             timestamptz not null,
    sensor         text
);

select wall_off('arrivals', 'nobody');
