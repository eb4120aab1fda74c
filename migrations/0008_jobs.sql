-- Jobs that the platform runs by itself, and their results.

-- The newest runs of each job; older ones are deleted. A run that is not finished is running, or its process died.
create table ops.job_runs (
    run_id      uuid        primary key,
    job         text        not null,
    trigger     text        not null check (trigger in ('schedule', 'request')),
    started_at  timestamptz not null,
    finished_at timestamptz,
    outcome     text        check (outcome in ('succeeded', 'failed', 'timed_out', 'cancelled', 'abandoned')),
    result      jsonb,
    check ((finished_at is null) = (outcome is null))
);

create index job_runs_of_job on ops.job_runs (job, started_at desc, run_id);

-- The horizon below which rows of read models are deleted, by their column `age`. Newer rows agree with the log.
create table ops.retention (
    table_name text        primary key,
    age        text        not null,
    horizon    timestamptz not null
);

grant select, insert, update, delete on ops.job_runs to parking_writer;
grant usage on schema ops to parking_projector, parking_auditor;
grant select, insert, update on ops.retention to parking_projector;
grant select on ops.retention to parking_auditor;
