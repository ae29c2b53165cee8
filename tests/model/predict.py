"""What domain.md says of one call: accepted, with the world after it, or refused."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.model.commands import COMMANDS
from tests.model.world import Hints, Refused, State, World


@dataclass(frozen=True)
class Options:
    """What goes with a command."""

    role: str = "admin"
    occurred_at: datetime | None = None
    if_match: int | None = None
    dry_run: bool = False
    idempotency_key: str | None = None
    mints: str = "minted"

    def of_call(self) -> dict[str, Any]:
        """Those that are fields of a call."""
        return {name: getattr(self, name) for name in ("occurred_at", "if_match", "dry_run", "idempotency_key")}


@dataclass(frozen=True)
class Kept:
    """A request that was answered under a key."""

    name: str
    given: State
    answer: Any


@dataclass(frozen=True)
class Prediction:
    """`world` is the one after an accepted command; `refusals` are those that are right, where several are."""

    world: World | None = None
    refusals: tuple[Refused, ...] = ()
    replay: Kept | None = None


@dataclass
class Keys:
    """The idempotency keys of one run."""

    kept: dict[str, Kept] = field(default_factory=dict[str, Kept])

    def find(self, options: Options) -> Kept | None:
        """What was answered under the key of a call."""
        return self.kept.get(options.idempotency_key or "")


def predict(
    before: World, name: str, given: State, options: Options, kept: Kept | None, hints: Hints, now: datetime
) -> Prediction:
    """The checks in the order of domain.md, section 1, then the row of the command."""
    planned = COMMANDS[name]
    if not planned.lets(options.role):
        return Prediction(refusals=(Refused("Forbidden"),))
    if options.occurred_at is not None and options.occurred_at > now:
        return Prediction(refusals=(Refused("OccurredInFuture"),))
    subject = before.find(planned.on, given[f"{planned.on}_id"]) if planned.on else None
    not_found = Refused(f"{''.join(part.capitalize() for part in (planned.on or '').split('_'))}NotFound")
    if kept is not None:
        if (kept.name, kept.given) == (name, given):
            return Prediction(replay=kept)
        return Prediction(refusals=(not_found if planned.on and subject is None else Refused("IdempotencyKeyReused"),))
    if planned.on and subject is None:
        return Prediction(refusals=(not_found,))
    if given.get("id") in before.records:
        return Prediction(refusals=(Refused("IdTaken", id=given["id"]),))
    if subject is not None and options.if_match not in (None, before.records[subject["id"]].version):
        return Prediction(refusals=(Refused("PreconditionFailed"),))
    after = before.copied(hints)
    after.mints, after.rehearses = "minted" if options.dry_run else options.mints, options.dry_run
    try:
        planned.decide(after, given)
    except Refused as refused:
        return Prediction(refusals=(refused,))
    last = after.step.last_refusal or after.too_early(before, options.occurred_at)
    if last is not None:
        return Prediction(refusals=(last,))
    if after.step.failed is not None:
        return Prediction(world=after, refusals=(after.step.failed,))
    return Prediction(world=after)
