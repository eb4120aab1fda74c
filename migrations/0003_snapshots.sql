-- States of aggregates, so that long streams load fast. A cache: it may be emptied at any time.

create table snapshots (
    aggregate_type text    not null,
    aggregate_id   text    not null,
    state_version  integer not null,
    version        bigint  not null check (version > 0),
    event_id       uuid    not null,
    state          json    not null,
    primary key (aggregate_type, aggregate_id)
);

comment on column snapshots.state_version is 'The form of the state; states of other forms are ignored.';
comment on column snapshots.version is 'The sequence of the last event in the state.';
comment on column snapshots.event_id is 'The id of that event; if the log has another one, the state belongs to another history.';

grant select, insert, update, delete on snapshots to parking_writer;
grant select on snapshots to parking_auditor;
