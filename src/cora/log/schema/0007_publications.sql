-- What the world is told of each identifier: a digest of it and since when, and the records that it was made from. A
-- change of one of them touches it: `touched` is the position up to which events were looked at then, null when nothing
-- has changed since. Kept by one process at a time, which holds the lease `publications`. `sets` are those that harvesters
-- find it in; `changed_at` never goes back, so that who has read up to it has missed nothing (harvest.py).

create table publication (
    persistent_id uuid primary key,
    digest text,
    is_public boolean not null default false,
    changed_at timestamptz,
    sets text[] not null default '{}',
    touched bigint,
    touched_at timestamptz,
    due_at timestamptz not null default '-infinity'
);

create index publication_touched on publication (touched_at) where touched is not null;
create index publication_changed on publication (changed_at, persistent_id) where is_public;

create table publication_source (
    entity uuid not null,
    persistent_id uuid not null references publication on delete cascade,
    primary key (entity, persistent_id)
);

create index publication_source_of on publication_source (persistent_id);

grant select, insert, update, delete on publication, publication_source to cora_app;
