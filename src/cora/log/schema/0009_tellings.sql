-- The identifiers whose authority is being told something: what a process that died, or whose answer was lost, has left
-- here may have been told or not, whatever the log says. It is told again.

create table telling (
    persistent_id uuid primary key
);

grant select, insert, delete on telling to cora_app;
