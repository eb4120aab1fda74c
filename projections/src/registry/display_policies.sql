-- The display policies of tenants; at most one is active in each tenant.

create table if not exists display_policies (
    policy_id  uuid        primary key,
    tenant_id  uuid        not null,
    is_active  boolean     not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    position   bigint      not null,
    policy     json        not null,
    name       text        generated always as (policy ->> 'name') stored
);

create index if not exists display_policies_of_tenant on display_policies (tenant_id, is_active desc, created_at);

select wall_off('display_policies', 'tenant');
