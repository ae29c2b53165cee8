"""Batches of commands of the toy domain, and random ones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from cora.kernel.batch import Batch, batch_of, run_batch
from cora.kernel.draft import Answer, Call
from cora.kernel.execute import Kernel
from cora.kernel.principal import Principal, Role
from cora.kernel.slice import Command

from . import toy

ADA = Principal("ada", Role.OPERATOR)
BATCH = batch_of(toy.SLICES.values())
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

BAYS = tuple(UUID(int=0xBA << 96 | number) for number in range(3))
UNITS = tuple(UUID(int=0xC0 << 96 | number) for number in range(4))


@dataclass(frozen=True)
class Step:
    """A command and its options."""

    command: Command
    occurred_at: datetime | None = None
    if_match: int | None = None

    def given(self) -> dict[str, Any]:
        """As it stands in a batch."""
        shown: dict[str, Any] = {
            "command": toy.SLICES[type(self.command)].name,
            "arguments": self.command.model_dump(mode="json", exclude_none=True),
        }
        if self.occurred_at is not None:
            shown["occurred_at"] = self.occurred_at.isoformat()
        if self.if_match is not None:
            shown["if_match"] = self.if_match
        return shown


def call(**options: Any) -> Call:
    """A call with some options."""
    return replace(Call(ADA, "system", request_id="r"), **options)


async def run(kernel: Kernel, *steps: Step | Command | Any, atomic: bool = True, **options: Any) -> Answer:
    """The answer to a batch. What is neither a step nor a command is sent as it is."""
    given = [Step(each) if isinstance(each, Command) else each for each in steps]
    commands = tuple(each.given() if isinstance(each, Step) else each for each in given)
    return await run_batch(kernel, BATCH, Batch(commands=commands, atomic=atomic), call(**options))


async def answers(kernel: Kernel, *steps: Step | Command | Any, **options: Any) -> list[dict[str, Any]]:
    """What each command is answered."""
    return json.loads((await run(kernel, *steps, **options)).body)["answers"]


async def alone(kernel: Kernel, step: Step, **options: Any) -> Answer:
    """The answer to a command by itself."""
    given = {"occurred_at": step.occurred_at, "if_match": step.if_match, **options}
    return await kernel.command(toy.SLICES[type(step.command)], step.command, call(**given))


def steps(chance: Random, number: int) -> list[Step]:
    """Random commands about few records, so that most of them meet one another; some, or most, have times of theirs."""
    dated = chance.choice((0.1, 0.9))
    return [Step(_command(chance), **_options(chance, dated, minute)) for minute in range(number)]


def _command(chance: Random) -> Command:
    bay, unit, other = chance.choice(BAYS), chance.choice(UNITS), chance.choice(UNITS)
    name, badge = chance.choice(("west", "east")), chance.choice(("7", "8"))
    return chance.choice(
        (
            toy.OpenBay(id=bay, name=name),
            toy.RenameBay(bay_id=bay, name=name),
            toy.CloseBay(bay_id=bay),
            toy.ReopenBay(bay_id=bay),
            toy.TallyBay(bay_id=bay),
            toy.RegisterUnit(id=unit, bay_id=bay),
            toy.MoveUnit(unit_id=unit, to_bay_id=bay),
            toy.TakeBadge(unit_id=unit, badge=badge),
            toy.DropBadge(unit_id=unit),
            toy.HandOverBadge(unit_id=unit, to_unit_id=other),
            toy.NoteCarrier(unit_id=unit, badge=badge),
            toy.CompareUnits(unit_id=unit, other_unit_id=other),
            toy.RetireUnit(unit_id=unit) if chance.random() < 0.2 else toy.TallyBay(bay_id=bay),
        )
    )


def _options(chance: Random, dated: float, minute: int) -> dict[str, Any]:
    """Times mostly go forward."""
    options: dict[str, Any] = {}
    if chance.random() < dated:
        options["occurred_at"] = NOON + timedelta(minutes=minute + chance.choice((0, 0, 0, -3)))
    if chance.random() < 0.1:
        options["if_match"] = chance.randrange(4)
    return options


def opening(bays: int = 3, units: int = 4) -> Sequence[Step]:
    """Bays and units to begin with, so that there is something to do."""
    opened = [Step(toy.OpenBay(id=id, name=f"bay {number}"), NOON) for number, id in enumerate(BAYS[:bays])]
    return [*opened, *(Step(toy.RegisterUnit(id=id, bay_id=BAYS[0]), NOON) for id in UNITS[:units])]
