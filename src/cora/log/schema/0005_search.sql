-- Words by which records are found, as kernel/search.py writes them: what is quoted is found as a whole, so that a name
-- or identifier that begins with what is asked for is found at once however many records hold its words; and every word
-- by itself. No parser of Postgres is asked what a word is, so its language and version make no difference.
--
-- The texts are written anew at the next start (log/rebuild.py). What waits to be put into the index is gone through by
-- every search, so little may wait.
drop index search_words;
alter table search drop column words;
truncate search;
alter table search add column words tsvector generated always as (
    split_part(text, E'\f', 1)::tsvector || translate(text, E'''=~-\n\f', '      ')::tsvector
) stored;
create index search_words on search using gin (words) with (gin_pending_list_limit = 512);
