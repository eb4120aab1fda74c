-- Logins: what authenticates users. The log has none of it: no e-mail, no hash of a person, no password and no token.
--
-- A password or a user's row is written here first and is without effect until its event is in the log. A revocation is
-- written here before its event.

-- The user with an e-mail. Deleted together with the user's key, which forgets the person.
create table ops.users (
    user_id    uuid        primary key,
    -- A keyed hash of the e-mail.
    email_key  bytea       not null unique check (octet_length(email_key) = 16),
    subject    uuid        not null unique references ops.subject_keys on delete cascade,
    -- True once the log has the user. Other rows are swept.
    confirmed  boolean     not null default false,
    created_at timestamptz not null
);

-- Argon2id hashes. A user's current password is the one that the user's stream names.
create table ops.passwords (
    password_id uuid        primary key,
    user_id     uuid        not null references ops.users on delete cascade,
    hash        text        not null,
    must_change boolean     not null,
    void_after  timestamptz,
    confirmed   boolean     not null default false,
    created_at  timestamptz not null
);
create index passwords_of_user on ops.passwords (user_id);
create index users_unconfirmed on ops.users (created_at) where not confirmed;

create table ops.sessions (
    session_id   uuid        primary key,
    user_id      uuid        not null references ops.users on delete cascade,
    -- The tenant that the session works for.
    tenant_id    uuid        not null,
    -- The password with which it was opened: when the user has another one, the session is over.
    password_id  uuid        not null,
    must_change  boolean     not null,
    device       text        check (length(device) <= 255),
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    -- The idle limit, moved on by each refresh, and the absolute one.
    idle_until   timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    revoked_because text,
    check ((revoked_at is null) = (revoked_because is null))
);
create index sessions_of_user on ops.sessions (user_id) where revoked_at is null;
create index sessions_by_end on ops.sessions (expires_at);

-- One family of refresh tokens for each session. Only the newest one is unused.
create table ops.refresh_tokens (
    token_hash bytea       primary key check (octet_length(token_hash) = 32),
    session_id uuid        not null references ops.sessions on delete cascade,
    created_at timestamptz not null,
    used_at    timestamptz,
    successor  bytea,
    retried    boolean     not null default false,
    check ((used_at is null) = (successor is null))
);
create unique index refresh_tokens_unused on ops.refresh_tokens (session_id) where used_at is null;

-- One-time links: invitations to a tenant, and resets of a password.
create table ops.links (
    link_hash  bytea       primary key check (octet_length(link_hash) = 32),
    purpose    text        not null check (purpose in ('invite', 'reset')),
    -- Whose password is reset, and which one: when the user has another one, the link is over.
    user_id    uuid        references ops.users on delete cascade,
    password_id uuid,
    -- Who is invited: the e-mail, sealed with the subject's key. `invitee` is a keyed hash of tenant and e-mail: by it the next
    -- invitation withdraws this one.
    tenant_id  uuid,
    invitee    bytea       check (octet_length(invitee) = 16),
    role       text,
    subject    uuid        references ops.subject_keys on delete cascade,
    email      bytea,
    -- Who made it; null for the host.
    created_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    check ((purpose = 'reset') = (user_id is not null)),
    check (purpose = 'reset' or password_id is null),
    check ((purpose = 'invite') = (tenant_id is not null and invitee is not null and role is not null and subject is not null
                                   and email is not null and created_by is not null))
);
create index links_by_end on ops.links (expires_at);
create index links_of_user on ops.links (user_id);
create index links_of_subject on ops.links (subject);
create index links_of_invitee on ops.links (invitee);

-- The keys that sign access tokens. The newest one signs; each verifies the tokens that name it.
create table ops.signing_keys (
    kid        text        primary key,
    key        bytea       not null check (octet_length(key) = 32),
    created_at timestamptz not null
);

-- Locked by whoever makes the first administrator of the platform.
create table ops.bootstrap (singleton boolean primary key default true check (singleton));
insert into ops.bootstrap default values;

grant usage on schema ops to parking_identity;

grant select, insert, update, delete on ops.users, ops.passwords, ops.sessions, ops.refresh_tokens, ops.links, ops.signing_keys,
      ops.bootstrap to parking_identity;
