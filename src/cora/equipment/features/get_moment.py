"""What measured this: the instruments that were installed and Active below an asset, or in a fixture, at a moment, with
what a data set's metadata should say of them. By what is known now, or with `clock=recorded` by what the record said
then."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.aggregates.fixture import FIXTURE, FixtureNotFoundError
from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.beside import FixtureShown, line_of, path_of
from cora.equipment.data_set_snippets import Cited, Snippets, snippets
from cora.equipment.instruments import Instrument, InUse, in_use_below, in_use_of
from cora.equipment.natural_keys import ASSET_KEY, FIXTURE_KEY, by_id_or_key
from cora.kernel.moment import Moment
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.requests import read_moment
from cora.kernel.slice import OwnMoment, Query, answers
from cora.kernel.when import When


def _read(given: Any) -> Any:
    return read_moment(given) if isinstance(given, str) else given


class GetMoment(Query):
    """Below what, or in which fixture, and when."""

    under: Annotated[str | None, Field(min_length=1, description="An asset, by id or path.")] = None
    fixture: Annotated[str | None, Field(min_length=1, description="A fixture, by id or name.")] = None
    at: Annotated[AwareDatetime, BeforeValidator(_read)]
    clock: Annotated[
        Literal["occurred", "recorded"],
        Field(description="`occurred`: what was true then, by what is known now; `recorded`: what the record said."),
    ] = "occurred"

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.under is None) == (self.fixture is None):
            raise ValueError("needs either under or fixture")
        return self

    def when(self) -> When:
        """The moment it is about."""
        return When(true_at=self.at) if self.clock == "occurred" else When(as_of=self.at)


@dataclass(frozen=True)
class UnderShown:
    """The asset below which was searched."""

    id: UUID
    path: str


@dataclass(frozen=True)
class Uncited:
    """An instrument, or the fixture, that a data set cannot cite. `test` is the identifier that must not be."""

    id: UUID
    name: str
    test: AssignedIdentifier | None


@dataclass(frozen=True)
class InstrumentsThen:
    """The instruments in use at a moment, in order of role; `truncated` when there were too many for one answer.

    `without_identifier` are those that have none, or one for tests only.
    """

    at: Moment
    clock: Literal["occurred", "recorded"]
    under: UnderShown | None
    fixture: FixtureShown | None
    truncated: bool
    instruments: tuple[Instrument, ...]
    without_identifier: tuple[Uncited, ...]
    snippets: Snippets


@answers(
    "GET /moment",
    allow=Role.READER,
    refuses=(AssetNotFoundError, FixtureNotFoundError),
    moment=OwnMoment("at", GetMoment.when),
)
async def get_moment(query: GetMoment, read: Reader) -> InstrumentsThen:
    if query.under is not None:
        root = await by_id_or_key(ASSET, ASSET_KEY, query.under, "under", read)
        under = UnderShown(root.id, path_of(await line_of(root, read)))
        return _answer(query, await in_use_below(root, read), under, None)
    fixture = await by_id_or_key(FIXTURE, FIXTURE_KEY, query.fixture or "", "fixture", read)
    shown = FixtureShown(fixture.id, fixture.name, fixture.persistent_id)
    return _answer(query, await in_use_of(fixture, read), None, shown)


def _answer(query: GetMoment, used: InUse, under: UnderShown | None, fixture: FixtureShown | None) -> InstrumentsThen:
    uncited = [_uncited(each.id, each.path, each.persistent_id) for each in used.instruments]
    whole = None
    if fixture is not None:
        uncited.insert(0, _uncited(fixture.id, fixture.name, fixture.persistent_id))
        whole = Cited(fixture.name, fixture.persistent_id)
    return InstrumentsThen(
        at=query.at,
        clock=query.clock,
        under=under,
        fixture=fixture,
        truncated=used.truncated,
        instruments=used.instruments,
        without_identifier=tuple(each for each in uncited if each is not None),
        snippets=snippets(used.instruments, whole),
    )


def _uncited(id: UUID, name: str, identifier: AssignedIdentifier | None) -> Uncited | None:
    if identifier is not None and not identifier.test:
        return None
    return Uncited(id, name, identifier)
