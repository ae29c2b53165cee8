-- A request of many commands may gain a reference and lose it again. It is history from the start.

create type append_passage as (
    relation text, target uuid, source uuid,
    since integer, since_occurred timestamptz, until integer, until_occurred timestamptz
);

-- `append` for one request alone, with the references that have ended by its end; `since` and `until` are ordinals of
-- its events. The lock must be the first statement, as there.
create function append_passing(
    from_writer uuid, batch_number bigint, counts integer[], answers append_answer[], reads append_read[],
    relations append_relation[], seen append_claim[], events append_event[], mentions append_mention[],
    documents append_document[], gained append_pointer[], parted append_pointer[], taken append_claim[],
    released append_claim[], contacts append_contact[], dated boolean, passed append_passage[]
) returns text language plpgsql volatile as $$
declare
    verdicts text;
    known bigint;
    head bigint;
    moment timestamptz;
begin
    perform pg_advisory_xact_lock(log_lock());
    if cardinality(counts) <> 1 then
        raise exception 'a request with references that pass goes alone, not with % others', cardinality(counts) - 1;
    end if;
    select b.number into known from batch b where b.writer = from_writer;
    verdicts := append(from_writer, batch_number, counts, answers, reads, relations, seen, events, mentions, documents,
                       gained, parted, taken, released, contacts, dated);
    if known = batch_number or verdicts::jsonb -> 'lost' <> '{}' then
        return verdicts;  -- recorded already, or refused
    end if;
    head := (verdicts::jsonb ->> 'head')::bigint;
    select b.recorded_at into moment from block b where b.last_position = head + counts[1];
    insert into reference (relation, target, source, since, until, since_occurred, until_occurred)
    select p.relation, p.target, p.source, head + p.since, head + p.until,
           coalesce(p.since_occurred, moment), coalesce(p.until_occurred, moment)
    from unnest(passed) p;
    return verdicts;
end $$;
