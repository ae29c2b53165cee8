"""Plans persistent identifiers: those that exist already are recorded, others are minted."""

from typing import Any, cast

from cora.equipment.subject import SUBJECTS
from cora.facility_file.entries import AssetEntry, FixtureEntry
from cora.facility_file.planning.core import PlannedReader, Planning, Subject, When
from cora.facility_file.shapes import LEFT_OUT
from cora.facility_file.steps import Stage
from cora.kernel.errors import NotFoundError
from cora.kernel.reader import Reader

_TOGETHER = "'assign' has an identifier minted, 'persistent_id' records one that exists; leave one of them out"


async def plan_recorded_identifier(
    planning: Planning, subject: Subject, entry: AssetEntry | FixtureEntry, kind: str, state: Any, when: When
) -> None:
    """Record the identifier that a record has already."""
    given = entry.persistent_id
    if given is LEFT_OUT:
        return
    if entry.assign is not LEFT_OUT:
        planning.problem(entry.at("assign"), f"{subject.label}: {_TOGETHER}")
        return
    command = f"record_{kind}_persistent_id"
    arguments = {f"{kind}_id": str(state.id), **given}
    wanted = planning.checked(subject, command, arguments, "persistent_id")
    if wanted is None:
        return
    has = state.persistent_id
    if has is not None:
        if (has.scheme, has.value.casefold()) != (wanted.scheme, wanted.value.casefold()):
            planning.problem(
                entry.at("persistent_id"),
                f"{subject.label}: its identifier is {has.scheme} {has.value} and never changes",
            )
        return
    await planning.step(
        subject, Stage.IDENTIFIERS, 0, command, arguments,
        f"record {wanted.scheme} {wanted.value} for {subject.label}", when, key="persistent_id", state=state,
        request=wanted,
    )  # fmt: skip


async def plan_assignment(
    planning: Planning, subject: Subject, entry: AssetEntry | FixtureEntry, kind: str, state: Any
) -> None:
    """Have an identifier minted for a record that has none."""
    given = entry.assign
    if given is LEFT_OUT:
        return
    command = f"assign_{kind}_persistent_id"
    arguments = {f"{kind}_id": str(state.id), **given}
    wanted = planning.checked(subject, command, arguments, "assign")
    if wanted is None:
        return
    has = state.persistent_id
    if has is not None:
        suffix = f"/{wanted.suffix}" if wanted.suffix else ""
        if has.scheme != wanted.scheme or not has.value.casefold().endswith(suffix.casefold()):
            planning.problem(
                entry.at("assign"), f"{subject.label}: its identifier is {has.scheme} {has.value} and never changes"
            )
        return
    read = cast("Reader", PlannedReader(planning, stand_ins=False))
    try:
        lacking = await SUBJECTS[kind].missing(state, read)
    except NotFoundError:
        return  # something above it is wrong, which is told where it stands
    for missing in lacking:
        planning.problem(
            entry.at("assign"), f"{subject.label}: cannot be cited without {missing.property}: {missing.detail}"
        )
    # It is minted when the plan is applied, whatever the files say of the past.
    with_suffix = f" with the suffix '{wanted.suffix}'" if wanted.suffix else ""
    await planning.step(
        subject, Stage.IDENTIFIERS, 0, command, arguments,
        f"have a {wanted.scheme}{with_suffix} minted for {subject.label}", When(None), key="assign", state=state,
        request=wanted,
    )  # fmt: skip
