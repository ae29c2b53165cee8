-- Contacts that were erased: what the world was told of them is looked at again, then they are forgotten. `terms` are those
-- by which an identifier was told last; where they are others now, it is looked at again too.

create table erased_contact (id uuid primary key);

alter table publication add column terms text not null default '';

create index publication_terms on publication (terms);

grant select, insert, update, delete on erased_contact to cora_app;
