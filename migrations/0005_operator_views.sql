-- Operators' views of the log and the projections.

create schema operator;

-- The longest streams, which dominate memory and load times.
create view operator.streams_by_size with (security_invoker = true) as
select aggregate_type, aggregate_id, version as events, last_position
  from public.streams
 order by version desc;

-- Events by type and day.
create view operator.events_by_day with (security_invoker = true) as
select (recorded_at at time zone 'UTC')::date as day, aggregate_type, event_type, count(*) as events
  from public.events
 group by 1, 2, 3
 order by 1 desc, 2, 3;

-- The end of the log.
create view operator.head with (security_invoker = true) as
select position, recorded_at, clock_timestamp() - recorded_at as age from public.log_head;

-- The progress of each projection. The lag is exact, because positions have no gaps. Its age is that of the oldest
-- event not applied yet; null if there is none.
create view operator.projection_lag with (security_invoker = true) as
select c.projection, c.version, c.status, c.failure, c.position, h.position - c.position as lag_events,
       (select clock_timestamp() - e.recorded_at from public.events e where e.position = c.position + 1) as lag_age,
       c.updated_at,
       (select count(*) from projections.dead_letters d
         where d.projection = c.projection and d.version = c.version) as dead_letters,
       c.stopped_at,
       (select count(*) from projections.skipped_events s
         where s.projection = c.projection and s.version = c.version) as skipped_events,
       (select count(distinct (s.aggregate_type, s.aggregate_id)) from projections.held_streams s
         where s.projection = c.projection and s.version = c.version) as held_streams,
       (select count(distinct s.tenant_id) from projections.held_streams s
         where s.projection = c.projection and s.version = c.version) as held_tenants
  from projections.checkpoints c cross join public.log_head h
 order by 1, 2;

grant usage on schema operator to parking_auditor;
grant select on all tables in schema operator to parking_auditor;
