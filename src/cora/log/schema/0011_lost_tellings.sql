-- A request that was given up, or whose process died, may still be on its way, and undo what is told after it. `lost_at`
-- is when the last such one was begun: once it can no longer arrive, its identifier is told once more. Until then
-- `begun_at` is null, unless something is being told. What was refused, and is still to be told, was lost long ago.

alter table telling alter column begun_at drop not null;
alter table telling alter column begun_at drop default;
alter table telling add column lost_at timestamptz;
