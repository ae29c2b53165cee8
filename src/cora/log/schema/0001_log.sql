-- The event log and everything that is written in the transaction of an append.

do $$
begin
    if not exists (select from pg_roles where rolname = 'cora_app') then
        create role cora_app nologin;
    end if;
exception when duplicate_object or unique_violation then
    null;  -- another database of this cluster is migrated at the same moment
end $$;

do $$
begin
    -- From 16 on, whoever makes a role is a member of it, but may not yet act under it.
    if not pg_has_role(current_user, 'cora_app',
        case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end) then
        execute format('grant cora_app to %I', current_user);
    end if;
end $$;

do $$
begin
    execute format('grant usage on schema %I to cora_app', current_schema());
end $$;

create table event (
    position bigint primary key,
    stream uuid not null,
    version integer not null,
    kind text not null,
    data json not null,
    actor text not null,
    via text not null,
    on_behalf_of text,
    request text not null,
    schema_version integer not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    digest bytea not null,
    unique (stream, version)
);

create table block (
    last_position bigint primary key,
    recorded_at timestamptz not null,
    hash bytea not null
);

create table document (
    id uuid primary key,
    kind text not null,
    version integer not null,
    position bigint not null,
    created_at timestamptz not null,
    recorded_at timestamptz not null,
    occurred_at timestamptz not null,
    body jsonb not null
) with (fillfactor = 80);

create unique index document_by_kind on document (kind, id);

create table search (
    id uuid primary key,
    text text not null,
    words tsvector generated always as (to_tsvector('simple'::regconfig, text)) stored
);

create index search_words on search using gin (words);

create table reference (
    relation text not null,
    target uuid not null,
    source uuid not null,
    since bigint not null,
    until bigint,
    since_occurred timestamptz not null,
    until_occurred timestamptz
);

create unique index reference_current on reference (relation, target, source) where until is null;
create index reference_since on reference (relation, target, since);
create index reference_until on reference (relation, target, until) where until is not null;
create index reference_source on reference (source, relation);

create table claim (
    what text not null,
    value text not null,
    owner uuid not null,
    primary key (what, value)
);

create index claim_owner on claim (owner);

create table mention (
    entity uuid not null,
    position bigint not null,
    joining boolean not null,
    primary key (entity, position)
);

create index mention_joining on mention (entity, position) where joining;

create table answer (
    principal text not null,
    key text not null,
    digest bytea not null,
    status integer not null,
    id uuid not null,
    version integer not null,
    position bigint not null,
    body text not null,
    answered_at timestamptz not null,
    primary key (principal, key)
);

create index answer_age on answer (answered_at);

-- The newest batch of each writer; older verdicts are never asked for again.
create table batch (
    writer uuid primary key,
    number bigint not null,
    verdicts text not null,
    written_at timestamptz not null
) with (fillfactor = 50);

-- Beside the log: not history.

create table contact (
    id uuid primary key,
    address text not null,
    created_at timestamptz not null default now()
);

create table token (
    id uuid primary key,
    hash bytea not null unique,
    role text not null,
    name text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

create table subscriber (
    name text primary key,
    position bigint not null
);

create table lease (
    name text primary key,
    holder uuid not null,
    expires_at timestamptz not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the % table is append-only: % refused', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end $$;

create trigger event_is_append_only before update or delete on event
    for each row execute function refuse_change();
create trigger event_is_never_truncated before truncate on event
    for each statement execute function refuse_change();
create trigger block_is_append_only before update or delete on block
    for each row execute function refuse_change();
create trigger block_is_never_truncated before truncate on block
    for each statement execute function refuse_change();

grant select, insert on event, block to cora_app;
grant select, insert, update, delete on
    document, search, reference, claim, mention, answer, batch, contact, token, subscriber, lease to cora_app;

create function log_lock() returns bigint language sql stable
    return hashtextextended('cora.log.' || current_schema(), 0);

create function micros(moment timestamptz) returns bigint language sql immutable
    return (extract(epoch from moment) * 1000000)::bigint;

create function moment_text(moment timestamptz) returns text language sql stable
    return to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- What an append sends: one array per table. Rows carry the number of their
-- request in the batch, counted from 1, and the ordinal of their event.
create type append_answer as (
    request integer, ordinal integer, occurred_at timestamptz, principal text, key text, digest bytea,
    status integer, id uuid, version integer, body text
);
create type append_read as (request integer, stream uuid, version integer);
create type append_relation as (request integer, relation text, target uuid, basis bigint);
create type append_claim as (request integer, what text, value text, owner uuid);
create type append_event as (
    request integer, ordinal integer, stream uuid, version integer, kind text, data text, actor text, via text,
    on_behalf_of text, call text, schema_version integer, occurred_at timestamptz
);
create type append_mention as (
    request integer, ordinal integer, entity uuid, joining boolean, occurred_at timestamptz
);
create type append_document as (
    request integer, ordinal integer, occurred_at timestamptz, id uuid, kind text, version integer, body text,
    search text
);
create type append_pointer as (
    request integer, ordinal integer, occurred_at timestamptz, relation text, target uuid, source uuid
);
create type append_contact as (request integer, id uuid, address text);

-- Whether nothing that was read has changed: versions of records, relations
-- asked about since a position, claims looked up. One row per stale request.
create function stale_requests(reads append_read[], relations append_relation[], seen append_claim[])
returns setof integer language plpgsql stable as $$
begin
    if cardinality(reads) > 0 then
        return query
        select r.request from unnest(reads) r
        where exists (select from event e where e.stream = r.stream and e.version = r.version + 1);
    end if;
    if cardinality(relations) > 0 then
        return query
        select r.request from unnest(relations) r
        where exists (select from reference f
                      where f.relation = r.relation and f.target = r.target and f.since > r.basis)
           or exists (select from reference f
                      where f.relation = r.relation and f.target = r.target and f.until > r.basis);
    end if;
    if cardinality(seen) > 0 then
        return query
        select s.request from unnest(seen) s
        where s.owner is distinct from
              (select c.owner from claim c where c.what = s.what and c.value = s.value);
    end if;
end $$;

-- Judge every request of a batch on its own and record those that hold.
-- `counts` holds the number of events of each request; `dated` says that some have a time of their own.
--
-- Returns {"head": position before, "at": microseconds, "lost": {request: verdict}}.
-- The lock must be the first statement: under read committed every later
-- statement then has a snapshot that contains all earlier commits.
create function append(
    from_writer uuid, batch_number bigint, counts integer[], answers append_answer[], reads append_read[],
    relations append_relation[], seen append_claim[], events append_event[], mentions append_mention[],
    documents append_document[], gained append_pointer[], parted append_pointer[], taken append_claim[],
    released append_claim[], contacts append_contact[], dated boolean
) returns text language plpgsql volatile as $$
declare
    earlier batch;
    head bigint;
    newest block;
    moment timestamptz;
    moment_as_text text;
    lost jsonb := '{}';
    fresh jsonb;
    accepted boolean[];
    gaps integer[];
    digests bytea;
    last_of_block bigint;
    verdicts text;
begin
    perform pg_advisory_xact_lock(log_lock());
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'append needs read committed: a snapshot from before the lock would be stale';
    end if;
    select * into earlier from batch b where b.writer = from_writer;
    if found then
        if earlier.number = batch_number then
            return earlier.verdicts;
        elsif earlier.number > batch_number then
            raise exception 'batch % of this writer was followed by % already', batch_number, earlier.number;
        end if;
    end if;
    select * into newest from block order by last_position desc limit 1;
    head := coalesce(newest.last_position, 0);
    moment := greatest(clock_timestamp(), newest.recorded_at);

    if cardinality(taken) > 0 then
        select jsonb_object_agg(t.request, jsonb_build_object('is', 'claimed', 'what', t.what, 'value', t.value, 'owner', c.owner))
        into fresh
        from unnest(taken) t join claim c on c.what = t.what and c.value = t.value
        where not exists (select from unnest(released) r
                          where r.request = t.request and r.what = t.what and r.value = t.value and r.owner = c.owner);
        lost := coalesce(fresh, '{}');
    end if;
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
        select jsonb_object_agg(e.request, jsonb_build_object('is', 'late', 'now', micros(moment))) into fresh
        from unnest(events) e where e.occurred_at > moment;
        lost := lost || coalesce(fresh, '{}');
    end if;
    select jsonb_object_agg(s.request, '{"is": "stale"}'::jsonb) into fresh
    from stale_requests(reads, relations, seen) s(request);
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
        )
        select max(r.position), string_agg(r.digest, ''::bytea order by r.position)
        into last_of_block, digests from recorded r;
    end if;
    if last_of_block is not null then
        insert into block (last_position, recorded_at, hash)
        values (last_of_block, moment, sha256(coalesce(newest.hash, ''::bytea) || digests));
        moment_as_text := '"' || moment_text(moment) || '"';
        insert into document as d (id, kind, version, position, created_at, recorded_at, occurred_at, body)
        select n.id, n.kind, n.version, head + n.ordinal - gaps[n.request], moment, moment,
               coalesce(n.occurred_at, moment),
               replace(n.body, '"\u0001"', moment_as_text)::jsonb
        from unnest(documents) n where accepted[n.request]
        on conflict (id) do update
        set version = excluded.version, position = excluded.position, recorded_at = excluded.recorded_at,
            occurred_at = excluded.occurred_at, body = excluded.body;
        insert into mention (entity, position, joining)
        select m.entity, head + m.ordinal - gaps[m.request], m.joining
        from unnest(mentions) m where accepted[m.request];
        insert into search as s (id, text)
        select n.id, n.search from unnest(documents) n where accepted[n.request] and n.search is not null
        on conflict (id) do update set text = excluded.text;
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
            delete from claim c using unnest(released) r
            where accepted[r.request] and c.what = r.what and c.value = r.value and c.owner = r.owner;
        end if;
        if cardinality(taken) > 0 then
            insert into claim (what, value, owner)
            select t.what, t.value, t.owner from unnest(taken) t where accepted[t.request];
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
