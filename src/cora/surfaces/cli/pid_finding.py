"""How `cora pid` finds what it is asked about: an identifier however it is written, or what it names."""

from typing import Any, NamedTuple

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.fixture import FIXTURE
from cora.equipment.aggregates.persistent_id import PERSISTENT_ID
from cora.equipment.carried_identifiers import as_kept
from cora.equipment.identifiers import normal_doi, normal_handle
from cora.kernel.errors import InvalidRequestError
from cora.surfaces.cli.asking import Ask, required
from cora.surfaces.cli.common import ProblemError
from cora.surfaces.cli.doing import REFUSED, is_missing
from cora.surfaces.cli.finding import KINDS, find_record, is_id


class Named(NamedTuple):
    """An asset or a fixture: its kind, id, and what people call it."""

    kind: str
    id: str
    name: str


async def find_identifier(ask: Ask, which: str) -> dict[str, Any]:
    """The record of an identifier by its value in any way it is written, its id, or what it names."""
    if is_id(which):
        found = await _record(ask, PERSISTENT_ID.kind, which)
        if found is not None:
            return found
    elif _is_value(which):
        found = await _record(ask, PERSISTENT_ID.kind, as_kept(which)) or await _released(ask, as_kept(which))
        if found is not None:
            return found
        if "://" in which or ":" in which.partition("/")[0]:
            raise _unknown(which)
    subject = await _find_subject(ask, which)
    if subject is None:
        raise _unknown(which) if _is_value(which) else _nothing(which)
    items = await _identifiers_of(ask, subject)
    held = [each for each in items if each["state"]["status"] != "Released"] or items
    if not held:
        says = f"the {subject.kind} {subject.name} has no persistent identifier; give it one: cora pid assign {which!r}"
        raise ProblemError("PersistentIdNotFound", says)
    return held[-1]


async def _released(ask: Ask, value: str) -> dict[str, Any] | None:
    """The identifier of this value that was released last: nobody has it, so it is not found by its value alone."""
    query = {"value": [value], "sort": ["-reserved_at"], "limit": ["1"]}
    return next(iter(required(await ask("/persistent-ids", query), "items")["items"]), None)


async def kept_identifier(ask: Ask, subject: Named) -> dict[str, Any] | None:
    """The identifier that an asset or a fixture has, also a draft; None while there is none."""
    has = ("Draft", "Minted", "Withdrawn")
    return next((each for each in await _identifiers_of(ask, subject) if each["state"]["status"] in has), None)


async def _identifiers_of(ask: Ask, subject: Named) -> list[dict[str, Any]]:
    query = {"subject_id": [subject.id], "limit": ["50"]}
    return required(await ask("/persistent-ids", query), "items")["items"]


async def find_subject(ask: Ask, which: str) -> Named:
    """An asset by its id or path, or a fixture by its id or name. Raises `ProblemError` where there is none."""
    found = await _find_subject(ask, which)
    if found is None:
        raise _nothing(which)
    return found


async def _find_subject(ask: Ask, which: str) -> Named | None:
    asset = await _record(ask, ASSET.kind, which) if is_id(which) or "/" in which.strip("/") else None
    if asset is not None:
        return Named(ASSET.kind, asset["id"], asset["beside"]["path"])
    fixture = await _record(ask, FIXTURE.kind, which)
    if fixture is not None:
        return Named(FIXTURE.kind, fixture["id"], fixture["state"]["name"])
    return None


def _nothing(which: str) -> ProblemError:
    says = f"{which!r} is no asset (by its id or path, as aps/2-BM/SampleTable) and no fixture (by its id or name)"
    return ProblemError("SubjectNotFound", says)


def _unknown(which: str) -> ProblemError:
    return ProblemError("PersistentIdNotFound", f"no identifier {as_kept(which)} is recorded; see: cora pid list")


async def name_of(ask: Ask, kind: str, id: str) -> str:
    """What people call an asset or a fixture; its id where it cannot be told."""
    record = await _record(ask, kind, id)
    if record is None:
        return id
    return record["beside"]["path"] if kind == ASSET.kind else record["state"]["name"]


async def _record(ask: Ask, kind: str, which: str) -> dict[str, Any] | None:
    try:
        return await find_record(ask, KINDS[kind], which, {})
    except InvalidRequestError:
        return None  # it is no path, or no identifier
    except REFUSED as error:
        if is_missing(error):
            return None
        raise


def _is_value(text: str) -> bool:
    for normal in (normal_doi, normal_handle):
        try:
            normal(text)
        except ValueError:
            continue
        return True
    return False
