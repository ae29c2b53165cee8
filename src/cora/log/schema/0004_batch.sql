-- A request of many commands may gain a reference and lose it again, or take a claim and release it. It is history from
-- the start.

create type append_passage as (
    relation text, target uuid, source uuid,
    since integer, since_occurred timestamptz, until integer, until_occurred timestamptz
);

create type append_tenure as (
    what text, value text, owner uuid,
    since integer, since_occurred timestamptz, until integer, until_occurred timestamptz
);

-- `append` for one request of many commands alone, with the references and the claims that have ended by its end;
-- `since` and `until` are ordinals of its events. The lock must be the first statement, as there.
create function append_passing(
    from_writer uuid, batch_number bigint, counts integer[], answers append_answer[], reads append_read[],
    relations append_relation[], seen append_claim[], events append_event[], mentions append_mention[],
    documents append_document[], gained append_pointer[], parted append_pointer[], taken append_holding[],
    released append_holding[], contacts append_contact[], dated boolean, worded boolean, passed append_passage[],
    given_up append_tenure[]
) returns text language plpgsql volatile as $$
declare
    verdicts text;
    known bigint;
    head bigint;
    moment timestamptz;
begin
    perform pg_advisory_xact_lock(log_lock());
    if cardinality(counts) <> 1 then
        raise exception 'a request of many commands goes alone, not with % others', cardinality(counts) - 1;
    end if;
    select b.number into known from batch b where b.writer = from_writer;
    verdicts := append(from_writer, batch_number, counts, answers, reads, relations, seen, events, mentions, documents,
                       gained, parted, taken, released, contacts, dated, worded);
    if known = batch_number or verdicts::jsonb -> 'lost' <> '{}' then
        return verdicts;  -- recorded already, or refused
    end if;
    head := (verdicts::jsonb ->> 'head')::bigint;
    select b.recorded_at into moment from block b where b.last_position = head + counts[1];
    if dated then
        -- A record begins with the first command about it, its document is dated by the last.
        update document d set began_at = e.occurred_at
        from event e
        where e.position > head and e.version = 1 and d.id = e.stream and d.began_at <> e.occurred_at;
    end if;
    insert into reference (relation, target, source, since, until, since_occurred, until_occurred)
    select p.relation, p.target, p.source, head + p.since, head + p.until,
           coalesce(p.since_occurred, moment), coalesce(p.until_occurred, moment)
    from unnest(passed) p;
    insert into past_claim (what, value, owner, since, until, since_occurred, until_occurred)
    select g.what, g.value, g.owner, head + g.since, head + g.until,
           coalesce(g.since_occurred, moment), coalesce(g.until_occurred, moment)
    from unnest(given_up) g;
    return verdicts;
end $$;
