-- What was, and lists of many: claims keep their history as references do, long streams keep a state now and then, and what ended is
-- found by the moment at which it held. What a list is ordered by stands in columns of its own: an index on the body
-- would make every update of a record a costly one.

alter table document
    add column title text collate "C" not null default '',
    add column began_at timestamptz not null default '-infinity';

create index document_by_title on document (kind, title, id);
create index document_by_beginning on document (kind, began_at, id);

alter type append_document add attribute title text;

-- Words are runs of letters and digits, so that serial numbers, part numbers and PV names are found by their parts.
drop index search_words;
alter table search drop column words;
alter table search add column words tsvector
    generated always as (to_tsvector('simple'::regconfig, regexp_replace(text, '[^[:alnum:]]+', ' ', 'g'))) stored;
create index search_words on search using gin (words);

alter table claim
    add column since bigint not null default 0,
    add column since_occurred timestamptz not null default '-infinity';

create table past_claim (
    what text not null,
    value text not null,
    owner uuid not null,
    since bigint not null,
    until bigint not null,
    since_occurred timestamptz not null,
    until_occurred timestamptz not null
);

create index past_claim_of on past_claim (what, value, since);
create index past_claim_owner on past_claim (owner);

-- The state of a record at every 32nd version: a fold begins there.
create table checkpoint (
    id uuid not null,
    version integer not null,
    position bigint not null,
    occurred_at timestamptz not null,
    body jsonb not null,
    primary key (id, version)
);

create index block_recorded on block (recorded_at, last_position);

-- References that have ended, as stretches from since to until, beside what they are of: the index gives those in
-- which a moment lies, however many came before and after. A hash stands for relation and target, which are compared
-- again. Only what ends is written here: registering pays nothing.
create function stretch(relation text, target uuid, since double precision, until double precision) returns box
language sql immutable parallel safe
    return box(point(hashtextextended(relation || target::text, 0)::double precision, since),
               point(hashtextextended(relation || target::text, 0)::double precision, until));

create index reference_stretch on reference using gist (stretch(relation, target, since, until))
    where until is not null;
create index reference_stretch_occurred on reference
    using gist (stretch(relation, target, micros(since_occurred), micros(until_occurred))) where until is not null;

-- A claim that a request takes or releases, with the ordinal and the time of the event that does it.
create type append_holding as (
    request integer, ordinal integer, occurred_at timestamptz, what text, value text, owner uuid
);

-- Which generation of the derived tables this database holds (log/rebuild.py).
create table derived (generation integer not null);

grant select, insert, update, delete on past_claim, checkpoint, derived to cora_app;

-- Whether nothing that was read has changed, a row per stale request. Plain SQL, so that the caller's plan takes them in.
create function stale_reads(reads append_read[]) returns setof integer language sql stable as $$
    select r.request from unnest(reads) r
    where exists (select from event e where e.stream = r.stream and e.version = r.version + 1)
$$;

create function stale_relations(relations append_relation[]) returns setof integer language sql stable as $$
    select r.request from unnest(relations) r
    where exists (select from reference f
                  where f.relation = r.relation and f.target = r.target and f.since > r.basis)
       or exists (select from reference f
                  where f.relation = r.relation and f.target = r.target and f.until > r.basis)
$$;

create function stale_claims(seen append_claim[]) returns setof integer language sql stable as $$
    select s.request from unnest(seen) s
    where s.owner is distinct from (select c.owner from claim c where c.what = s.what and c.value = s.value)
$$;

create or replace function stale_requests(reads append_read[], relations append_relation[], seen append_claim[])
returns setof integer language sql stable as $$
    select stale_reads(reads) union all select stale_relations(relations) union all select stale_claims(seen)
$$;

-- Judge every request of a batch on its own and record those that hold.
-- `counts` holds the number of events of each request; `dated` says that some have a time of their own, `worded` that
-- some search text changed.
--
-- Returns {"head": position before, "at": microseconds, "lost": {request: verdict}}.
-- The lock must be the first statement: under read committed every later
-- statement then has a snapshot that contains all earlier commits.
drop function append;

create function append(
    from_writer uuid, batch_number bigint, counts integer[], answers append_answer[], reads append_read[],
    relations append_relation[], seen append_claim[], events append_event[], mentions append_mention[],
    documents append_document[], gained append_pointer[], parted append_pointer[], taken append_holding[],
    released append_holding[], contacts append_contact[], dated boolean, worded boolean
) returns text language plpgsql volatile as $$
declare
    earlier_number bigint;
    earlier_verdicts text;
    head bigint;
    newest_hash bytea;
    moment timestamptz;
    moment_as_text text;
    lost jsonb := '{}';
    fresh jsonb;
    accepted boolean[];
    gaps integer[];
    last_of_block bigint;
    verdicts text;
begin
    perform pg_advisory_xact_lock(log_lock());
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append needs read committed: a snapshot from before the lock would be stale';
    end if;
    select b.number, b.verdicts, coalesce(n.last_position, 0), coalesce(n.hash, ''::bytea),
           greatest(clock_timestamp(), n.recorded_at)
    into earlier_number, earlier_verdicts, head, newest_hash, moment
    from (values (from_writer)) w(writer)
    left join batch b on b.writer = w.writer
    left join (select * from block order by last_position desc limit 1) n on true;
    if earlier_number >= batch_number then
        if earlier_number = batch_number then
            return earlier_verdicts;
        end if;
        raise exception 'batch % of this writer was followed by % already', batch_number, earlier_number;
    end if;

    -- What outweighs comes later: of several keys || keeps the last.
    if dated then
        select jsonb_object_agg(f.request, f.verdict) into fresh from (
            select d.request, x.id, jsonb_build_object('is', 'early', 'id', x.id, 'last', micros(x.occurred_at)) as verdict
            from unnest(documents) d join document x on x.id = d.id
            where d.occurred_at < x.occurred_at
            union all
            select m.request, m.entity,
                   jsonb_build_object('is', 'early', 'id', m.entity, 'last', micros(latest.occurred_at))
            from unnest(mentions) m
            cross join lateral (
                select e.occurred_at from mention j join event e on e.position = j.position
                where j.entity = m.entity and j.joining order by j.position desc limit 1
            ) latest
            where m.joining and m.occurred_at < latest.occurred_at
            order by 1, 2 desc  -- of several keys jsonb keeps the last: the smallest id
        ) f;
        lost := lost || coalesce(fresh, '{}');
    end if;
    if cardinality(taken) > 0 then
        select jsonb_object_agg(t.request, jsonb_build_object('is', 'claimed', 'what', t.what, 'value', t.value, 'owner', c.owner))
        into fresh
        from unnest(taken) t join claim c on c.what = t.what and c.value = t.value
        where not exists (select from unnest(released) r
                          where r.request = t.request and r.what = t.what and r.value = t.value and r.owner = c.owner);
        lost := lost || coalesce(fresh, '{}');
    end if;
    if dated then
        select jsonb_object_agg(e.request, jsonb_build_object('is', 'late', 'now', micros(moment))) into fresh
        from unnest(events) e where e.occurred_at > moment;
        lost := lost || coalesce(fresh, '{}');
    end if;
    select jsonb_object_agg(s.request, '{"is": "stale"}'::jsonb) into fresh from stale_reads(reads) s(request);
    if cardinality(relations) > 0 then
        fresh := coalesce(fresh, '{}') || coalesce((
            select jsonb_object_agg(s.request, '{"is": "stale"}'::jsonb) from stale_relations(relations) s(request)
        ), '{}');
    end if;
    if cardinality(seen) > 0 then
        fresh := coalesce(fresh, '{}') || coalesce((
            select jsonb_object_agg(s.request, '{"is": "stale"}'::jsonb) from stale_claims(seen) s(request)
        ), '{}');
    end if;
    lost := lost || coalesce(fresh, '{}');
    if cardinality(answers) > 0 then
        select jsonb_object_agg(a.request, case
            when k.digest <> a.digest then '{"is": "reused"}'::jsonb
            else jsonb_build_object('is', 'replayed', 'status', k.status, 'id', k.id, 'version', k.version,
                                    'position', k.position, 'body', k.body) end)
        into fresh
        from unnest(answers) a join answer k on k.principal = a.principal and k.key = a.key
        where k.answered_at > moment - interval '7 days';
        lost := lost || coalesce(fresh, '{}');
    end if;

    if lost = '{}' then
        accepted := array_fill(true, array[cardinality(counts)]);
        gaps := array_fill(0, array[cardinality(counts)]);
    else
        accepted := array(select not lost ? n::text from generate_series(1, cardinality(counts)) n order by n);
        gaps := array(
            select sum(case when accepted[c.n] then 0 else c.events end)
                   over (order by c.n rows between unbounded preceding and current row)::integer
            from unnest(counts) with ordinality c(events, n)
            order by c.n);
    end if;

    if cardinality(events) > 0 then
        with recorded as (
            insert into event (position, stream, version, kind, data, actor, via, on_behalf_of, request,
                               schema_version, occurred_at, recorded_at, digest)
            select p.position, e.stream, e.version, e.kind,
                   case when e.data::jsonb is not null then e.data::json end,  -- nothing that jsonb cannot hold
                   e.actor, e.via, e.on_behalf_of, e.call, e.schema_version, coalesce(e.occurred_at, moment), moment,
                   sha256(convert_to(concat_ws(
                       E'\x1f', p.position, e.stream, e.version, e.kind, e.actor, e.via,
                       coalesce(e.on_behalf_of, E'\x1e'), e.call, e.schema_version,
                       micros(coalesce(e.occurred_at, moment)), micros(moment), e.data), 'UTF8'))
            from unnest(events) e
            cross join lateral (select head + e.ordinal - gaps[e.request] as position) p
            where accepted[e.request]
            returning event.position, event.digest
        ), sealed as (
            insert into block (last_position, recorded_at, hash)
            select max(r.position), moment,
                   sha256(newest_hash || string_agg(r.digest, ''::bytea order by r.position))
            from recorded r having count(*) > 0
            returning last_position
        ), mentioned as (
            insert into mention (entity, position, joining)
            select m.entity, head + m.ordinal - gaps[m.request], m.joining
            from unnest(mentions) m where accepted[m.request]
        )
        select s.last_position into last_of_block from sealed s;
    end if;
    if last_of_block is not null then
        moment_as_text := '"' || moment_text(moment) || '"';
        insert into document as d (id, kind, version, position, created_at, recorded_at, occurred_at, body, title, began_at)
        select n.id, n.kind, n.version, head + n.ordinal - gaps[n.request], moment, moment,
               coalesce(n.occurred_at, moment),
               replace(n.body, '"\u0001"', moment_as_text)::jsonb, n.title, coalesce(n.occurred_at, moment)
        from unnest(documents) n where accepted[n.request]
        on conflict (id) do update
        set version = excluded.version, position = excluded.position, recorded_at = excluded.recorded_at,
            occurred_at = excluded.occurred_at, body = excluded.body, title = excluded.title;
        insert into checkpoint (id, version, position, occurred_at, body)
        select n.id, n.version, head + n.ordinal - gaps[n.request], coalesce(n.occurred_at, moment),
               replace(n.body, '"\u0001"', moment_as_text)::jsonb
        from unnest(documents) n where n.version % 32 = 0 and accepted[n.request];
        if worded then
            insert into search as s (id, text)
            select n.id, n.search from unnest(documents) n where accepted[n.request] and n.search is not null
            on conflict (id) do update set text = excluded.text;
        end if;
        if cardinality(parted) > 0 then
            update reference f
            set until = head + g.ordinal - gaps[g.request], until_occurred = coalesce(g.occurred_at, moment)
            from unnest(parted) g
            where accepted[g.request] and f.relation = g.relation and f.target = g.target
              and f.source = g.source and f.until is null;
        end if;
        if cardinality(gained) > 0 then
            insert into reference (relation, target, source, since, since_occurred)
            select g.relation, g.target, g.source, head + g.ordinal - gaps[g.request], coalesce(g.occurred_at, moment)
            from unnest(gained) g where accepted[g.request];
        end if;
        if cardinality(released) > 0 then
            with gone as (
                delete from claim c using unnest(released) r
                where accepted[r.request] and c.what = r.what and c.value = r.value and c.owner = r.owner
                returning c.*, r.request, r.ordinal, r.occurred_at
            )
            insert into past_claim (what, value, owner, since, until, since_occurred, until_occurred)
            select g.what, g.value, g.owner, g.since, head + g.ordinal - gaps[g.request], g.since_occurred,
                   coalesce(g.occurred_at, moment)
            from gone g;
        end if;
        if cardinality(taken) > 0 then
            insert into claim (what, value, owner, since, since_occurred)
            select t.what, t.value, t.owner, head + t.ordinal - gaps[t.request], coalesce(t.occurred_at, moment)
            from unnest(taken) t where accepted[t.request];
        end if;
        if cardinality(contacts) > 0 then
            insert into contact (id, address)
            select c.id, c.address from unnest(contacts) c where accepted[c.request];
        end if;
    end if;
    if cardinality(answers) > 0 then
        insert into answer (principal, key, digest, status, id, version, position, body, answered_at)
        select a.principal, a.key, a.digest, a.status, a.id, a.version, head + a.ordinal - gaps[a.request],
               replace(replace(replace(a.body,
                   '"\u0001"', '"' || moment_text(coalesce(a.occurred_at, moment)) || '"'),
                   '"\u0002"', '"' || moment_text(moment) || '"'),
                   '"\u0003"', (head + a.ordinal - gaps[a.request])::text),
               moment
        from unnest(answers) a where accepted[a.request]
        on conflict (principal, key) do update
        set digest = excluded.digest, status = excluded.status, id = excluded.id, version = excluded.version,
            position = excluded.position, body = excluded.body, answered_at = excluded.answered_at;
    end if;

    verdicts := jsonb_build_object('head', head, 'at', micros(moment), 'lost', lost)::text;
    insert into batch as b (writer, number, verdicts, written_at)
    values (from_writer, batch_number, verdicts, moment)
    on conflict (writer) do update
    set number = excluded.number, verdicts = excluded.verdicts, written_at = excluded.written_at;
    return verdicts;
end $$;

-- The short path of a batch of one: a single event, decided from records alone, with nothing but its document to keep.
-- It says and writes what `append` would; arrays of rows and the joins of a batch are what a lone client would wait for.
create function append_one(
    from_writer uuid, batch_number bigint, read_streams uuid[], read_versions integer[], stream uuid, version integer,
    kind text, data text, actor text, via text, on_behalf_of text, call text, schema_version integer, mentioned uuid[],
    joined uuid[], document_kind text, body text, title text
) returns text language plpgsql volatile as $$
declare
    earlier_number bigint;
    earlier_verdicts text;
    head bigint;
    newest_hash bytea;
    moment timestamptz;
    digest bytea;
    document_body jsonb;
    lost jsonb := '{}';
    verdicts text;
begin
    perform pg_advisory_xact_lock(log_lock());
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append needs read committed: a snapshot from before the lock would be stale';
    end if;
    select b.number, b.verdicts, coalesce(n.last_position, 0), coalesce(n.hash, ''::bytea),
           greatest(clock_timestamp(), n.recorded_at)
    into earlier_number, earlier_verdicts, head, newest_hash, moment
    from (values (from_writer)) w(writer)
    left join batch b on b.writer = w.writer
    left join (select * from block order by last_position desc limit 1) n on true;
    if earlier_number >= batch_number then
        if earlier_number = batch_number then
            return earlier_verdicts;
        end if;
        raise exception 'batch % of this writer was followed by % already', batch_number, earlier_number;
    end if;
    if exists (select from unnest(read_streams, read_versions) r(stream, version)
               join event e on e.stream = r.stream and e.version = r.version + 1) then
        lost := '{"1": {"is": "stale"}}';
    else
        digest := sha256(convert_to(concat_ws(
            E'\x1f', head + 1, stream, version, kind, actor, via, coalesce(on_behalf_of, E'\x1e'), call, schema_version,
            micros(moment), micros(moment), data), 'UTF8'));
        insert into event values (
            head + 1, stream, version, kind, case when data::jsonb is not null then data::json end, actor, via,
            on_behalf_of, call, schema_version, moment, moment, digest);
        insert into block values (head + 1, moment, sha256(newest_hash || digest));
        document_body := replace(body, '"\u0001"', '"' || moment_text(moment) || '"')::jsonb;
        insert into document as d
        values (stream, document_kind, version, head + 1, moment, moment, moment, document_body, title, moment)
        on conflict (id) do update
        set version = excluded.version, position = excluded.position, recorded_at = excluded.recorded_at,
            occurred_at = excluded.occurred_at, body = excluded.body, title = excluded.title;
        insert into mention (entity, position, joining)
        select m.entity, head + 1, m.entity = any(joined) from unnest(mentioned) m(entity);
        if version % 32 = 0 then
            insert into checkpoint values (stream, version, head + 1, moment, document_body);
        end if;
    end if;
    verdicts := jsonb_build_object('head', head, 'at', micros(moment), 'lost', lost)::text;
    insert into batch as b (writer, number, verdicts, written_at) values (from_writer, batch_number, verdicts, moment)
    on conflict (writer) do update
    set number = excluded.number, verdicts = excluded.verdicts, written_at = excluded.written_at;
    return verdicts;
end $$;
