"""A fixture: an assembly made real with particular assets; a frozen snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, assert_never
from uuid import UUID

from cora.equipment.aggregates.asset.state import AssetLifecycle
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.carried_identifiers import as_kept, identifier_references
from cora.equipment.values import SlotAssetBinding, folded
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact, Filter, Reference, former
from cora.kernel.errors import ConflictError, InvalidError, InvalidRequestError, NotFoundError
from cora.kernel.moment import Moment
from cora.kernel.search import Text, Weight, texts_within

FIXTURE_IDENTIFIER = "fixture.identifier"
"""The relation by which a fixture is found by its persistent identifier."""


@dataclass(frozen=True)
class Fixture:
    """Which assets fill which slots of an assembly, as it was when the fixture was registered.

    `assembly_content_hash` tells the structure of the assembly at that moment.
    """

    id: UUID
    name: str
    assembly_id: UUID
    assembly_content_hash: str
    slot_asset_bindings: tuple[SlotAssetBinding, ...]
    registered_at: Moment
    description: str | None = None
    parameter_overrides: dict[str, Any] = field(default_factory=dict[str, Any])
    persistent_id: AssignedIdentifier | None = None
    retired_at: Moment | None = None

    @property
    def is_retired(self) -> bool:
        """Whether it has come to its end."""
        return self.retired_at is not None

    @property
    def bound_asset_ids(self) -> frozenset[UUID]:
        """The assets in its slots."""
        return frozenset(binding.asset_id for binding in self.slot_asset_bindings)


@dataclass(frozen=True)
class FixtureRegistered(Event):
    """An assembly was made real."""

    joins: ClassVar[tuple[str, ...] | None] = ("slot_asset_bindings",)
    name: str
    assembly_id: UUID
    assembly_content_hash: str
    slot_asset_bindings: tuple[SlotAssetBinding, ...]
    description: str | None = None
    parameter_overrides: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class FixturePersistentIdAssigned(Event):
    """The world can cite it: set once, never cleared or changed."""

    scheme: str
    value: str
    origin: IdentifierOrigin
    test: bool = False


@dataclass(frozen=True)
class FixtureRetired(Event):
    """It came to its end, and binds these assets no longer."""

    joins: ClassVar[tuple[str, ...] | None] = ("asset_ids",)
    reason: str
    asset_ids: tuple[UUID, ...]


FixtureEvent = FixtureRegistered | FixturePersistentIdAssigned | FixtureRetired


@dataclass(eq=False)
class FixtureNotFoundError(NotFoundError):
    """There is no such fixture."""

    says = "There is no fixture {id}."


@dataclass(eq=False)
class FixtureIsRetiredError(ConflictError):
    """The fixture is retired."""

    says = "Fixture {fixture_id} is retired; register a new one."
    fixture_id: UUID


@dataclass(eq=False)
class FixtureAssetNotFoundError(NotFoundError):
    """A slot is to be filled with an asset that does not exist."""

    says = "There is no asset {id} to fill a slot; register it first."


@dataclass(eq=False)
class FixtureAssetNotAttachableError(ConflictError):
    """A slot is to be filled with a decommissioned asset."""

    says = "Asset {asset_id} is {lifecycle} and fills no slot; bind another asset."
    asset_id: UUID
    lifecycle: AssetLifecycle


@dataclass(eq=False)
class FixtureAssetNotInstalledError(ConflictError):
    """An asset of the fixture is in no mount."""

    says = "Asset {asset_id} is installed in no mount; install it first."
    asset_id: UUID


@dataclass(eq=False)
class FixtureMappingIncompleteError(InvalidError):
    """The bindings do not fill the slots of the assembly."""

    says = "Slot {slot_name!r} holds {bound} assets; the assembly wants {wanted}."
    slot_name: str
    bound: int
    wanted: str


@dataclass(eq=False)
class FixtureAssetFamilyMismatchError(InvalidError):
    """An asset is of no family that its slot takes."""

    says = "Asset {asset_id} is of no family that slot {slot_name!r} takes; bind another or add the family to it first."
    asset_id: UUID
    slot_name: str
    required_family_ids: tuple[UUID, ...]


@dataclass(eq=False)
class FixtureAssetBoundTwiceError(InvalidError):
    """An asset can fill one slot only."""

    says = "Asset {asset_id} is bound more than once ({slot_names}); leave it in one slot."
    asset_id: UUID
    slot_names: tuple[str, ...]


@dataclass(eq=False)
class FixtureWireUnsatisfiedError(InvalidError):
    """A wire of the assembly finds no matching ports."""

    says = (
        "The wire {source_slot_name}.{source_port_name} -> {target_slot_name}.{target_port_name} needs an asset with "
        "that Output port and one with that Input port, of the same signal type; add the ports first."
    )
    source_slot_name: str
    source_port_name: str
    target_slot_name: str
    target_port_name: str


@dataclass(eq=False)
class FixtureParameterOverridesInvalidError(InvalidRequestError):
    """The parameter overrides break the schema of the assembly."""


@dataclass(eq=False)
class FixtureNameTakenError(ConflictError):
    """A fixture that is not retired has this name."""

    says = "Fixture {existing_id} is named {name!r}, upper and lower case alike; choose another name."
    name: str
    existing_id: UUID


@dataclass(eq=False)
class FixtureHasAttachedAssetsError(ConflictError):
    """Assets are attached to the fixture."""

    says = "Asset {asset_id} is attached to fixture {fixture_id}; detach it and any other first."
    fixture_id: UUID
    asset_id: UUID


class MalformedFixturePersistentIdentifierError(Exception):
    """The log holds an identifier for a fixture that does not parse, or a second one: the log is corrupted."""


def evolve(fixture: Fixture | None, event: FixtureEvent, fact: Fact) -> Fixture:
    """The fixture after an event.

    Raises `MalformedFixturePersistentIdentifierError` for an identifier that
    does not parse or is not the first: such a log is corrupted.
    """
    if isinstance(event, FixtureRegistered):
        return Fixture(
            id=fact.id,
            registered_at=fact.occurred_at,
            name=event.name,
            description=event.description,
            assembly_id=event.assembly_id,
            assembly_content_hash=event.assembly_content_hash,
            slot_asset_bindings=event.slot_asset_bindings,
            parameter_overrides=event.parameter_overrides,
        )
    if fixture is None:
        raise TypeError(f"a fixture begins with FixtureRegistered, not with {type(event).__name__}")
    match event:
        case FixturePersistentIdAssigned():
            return replace(fixture, persistent_id=_assigned(fixture, event))
        case FixtureRetired():
            return replace(fixture, retired_at=fact.occurred_at)
        case _:
            assert_never(event)


def require_unretired(fixture: Fixture) -> None:
    """Raises `FixtureIsRetiredError` when the fixture has come to its end."""
    if fixture.is_retired:
        raise FixtureIsRetiredError(fixture.id)


def _assigned(fixture: Fixture, event: FixturePersistentIdAssigned) -> AssignedIdentifier:
    if fixture.persistent_id is not None:
        raise MalformedFixturePersistentIdentifierError(
            f"fixture {fixture.id} has {fixture.persistent_id.value} and was assigned {event.value} too"
        )
    try:
        return AssignedIdentifier.parsed(event.scheme, event.value, event.origin, event.test)
    except ValueError as wrong:
        raise MalformedFixturePersistentIdentifierError(
            f"fixture {fixture.id}: {event.scheme} {event.value!r}"
        ) from wrong


def references(fixture: Fixture) -> Iterable[Reference]:
    """The assembly that a fixture makes real, the assets in its slots and its identifier."""
    found = _references(fixture)
    return former(found) if fixture.is_retired else found


def _references(fixture: Fixture) -> Iterable[Reference]:
    yield Reference("fixture.assembly_id", fixture.assembly_id)
    for asset_id in sorted(fixture.bound_asset_ids):
        yield Reference("fixture.slot_asset_bindings", asset_id)
    yield from identifier_references(FIXTURE_IDENTIFIER, (), fixture.persistent_id)


def fixture_claim(name: str) -> Claim:
    """The claim by which a fixture is found by its name, until it is retired."""
    return Claim("fixture.name", folded(name))


def claims(fixture: Fixture) -> Iterable[Claim]:
    """Its name, until it is retired."""
    if not fixture.is_retired:
        yield fixture_claim(fixture.name)


def _claim_taken(_claim: Claim, fixture: Fixture, owner: UUID) -> FixtureNameTakenError:
    return FixtureNameTakenError(fixture.name, owner)


def _texts(fixture: Fixture) -> Iterable[Text]:
    yield Text("name", fixture.name, Weight.OWN)
    if fixture.persistent_id is not None:
        yield Text("persistent_id", fixture.persistent_id.value, Weight.OWN)
    for binding in fixture.slot_asset_bindings:
        yield Text("slot_asset_bindings", binding.slot_name)
    yield from texts_within("parameter_overrides", fixture.parameter_overrides)
    yield Text("description", fixture.description, Weight.PROSE)


FIXTURE = Aggregate(
    kind="fixture",
    collection="fixtures",
    state=Fixture,
    events=FixtureEvent.__args__,
    evolve=evolve,
    not_found=FixtureNotFoundError,
    references=references,
    claims=claims,
    claim_taken=_claim_taken,
    texts=_texts,
    filters={
        "name": Filter(("name",)),
        "assembly_id": Filter(("assembly_id",), relation="fixture.assembly_id"),
        "persistent_id": Filter(("persistent_id", "value"), as_kept=as_kept),
        "asset": Filter(
            ("slot_asset_bindings",), many=True, within=("asset_id",), relation="fixture.slot_asset_bindings"
        ),
        "registered_at": Filter(("registered_at",), is_time=True),
        "retired_at": Filter(("retired_at",), is_time=True),
    },
    sorts={"name": ("name",), "registered_at": ("registered_at",)},
    began="registered_at",
)
