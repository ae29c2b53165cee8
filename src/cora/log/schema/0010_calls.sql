-- The calls to authorities of all processes: `ended` is null while one is under way. `authority_wish` says until when an
-- authority wants none. What counts no more is deleted when the next call begins.

-- When an authority was last begun to be asked for each of the identifiers of `telling`.
alter table telling add column begun_at timestamptz not null default clock_timestamp();
grant update on telling to cora_app;

create table authority_call (
    id uuid primary key,
    authority text not null,
    begun timestamptz not null,
    ended timestamptz
) with (fillfactor = 70);

create index authority_call_of on authority_call (authority);

create table authority_wish (
    authority text primary key,
    not_before timestamptz not null
);

grant select, insert, update, delete on authority_call, authority_wish to cora_app;

-- Begins a call and gives no row; or says why not. A function, so that what is counted was committed before the lock was
-- given. A call that was begun already, by a statement whose answer was lost, is not begun twice.
create function begin_call(
    this uuid, asked text, most bigint, spell interval, longest interval,
    out held_off double precision, out past_in double precision[]
) returns setof record language plpgsql volatile as $$
declare
    present timestamptz;
begin
    perform pg_advisory_xact_lock(hashtextextended('cora.call.' || current_schema() || '.' || asked, 0));
    present := clock_timestamp();
    delete from authority_call c where c.authority = asked and coalesce(c.ended, c.begun + longest) <= present - spell;
    select extract(epoch from w.not_before - present) into held_off
    from authority_wish w where w.authority = asked and w.not_before > present;
    if held_off is null and (select count(*) from authority_call c where c.authority = asked and c.id <> this) < most then
        insert into authority_call (id, authority, begun) values (this, asked, present) on conflict do nothing;
        return;
    end if;
    held_off := coalesce(held_off, 0);
    past_in := array(
        select extract(epoch from coalesce(c.ended, least(present, c.begun + longest)) + spell - present)
        from authority_call c where c.authority = asked order by 1
    );
    return next;
end
$$;
