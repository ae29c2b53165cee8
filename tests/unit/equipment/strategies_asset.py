"""Assets, mounts and fixtures for tests: examples, strategies, and a small world that decisions can read."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st

from cora.equipment.aggregates.asset.state import (
    Asset,
    AssetCondition,
    AssetLifecycle,
    AssetTier,
    identifier_key,
    owner_key,
    port_key,
    subject_key,
)
from cora.equipment.aggregates.fixture import Fixture
from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.mount import Mount, MountStatus
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import (
    AlternateIdentifier,
    AlternateIdentifierKind,
    Manufacturer,
    Owner,
    OwnerGiven,
    Placement,
    Port,
    PortDirection,
    SlotAssetBinding,
    Term,
)
from cora.kernel.aggregate import Aggregate, Claim, Event, Fact
from cora.kernel.errors import Refusal
from cora.kernel.reader import Holder, Pointing, Reader, Stored

T = TypeVar("T")

NOW = datetime(2026, 5, 3, 14, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def numbered(number: int) -> UUID:
    """An id that sorts by its number."""
    return UUID(int=(0x0196 << 112) | 0x7000_8000_0000_0000_0000 | number)


ASSET_ID, PARENT_ID, OTHER_ID, MOUNT_ID, FIXTURE_ID, FAMILY_ID, MODEL_ID, FRAME_ID, ASSEMBLY_ID = map(
    numbered, range(1, 10)
)
AFTERWARDS = Fact(ASSET_ID, LATER)

_ASSET = Asset(ASSET_ID, "Rotary", AssetTier.DEVICE, NOW, NOW, parent_id=PARENT_ID)
_MOUNT = Mount(MOUNT_ID, "02-BM-B-ROTARY", Placement(FRAME_ID))
_FIXTURE = Fixture(FIXTURE_ID, "Sample tower", ASSEMBLY_ID, "0" * 64, (SlotAssetBinding("rotation", ASSET_ID),), NOW)


def an_asset(**changes: Any) -> Asset:
    """A commissioned part of PARENT_ID."""
    return replace(_ASSET, **changes)


def an_active_asset(**changes: Any) -> Asset:
    """The same in service."""
    return an_asset(lifecycle=AssetLifecycle.ACTIVE, **changes)


def a_dead_asset(**changes: Any) -> Asset:
    """The same at its end."""
    return an_asset(lifecycle=AssetLifecycle.DECOMMISSIONED, decommissioned_at=LATER, **changes)


def a_mount(**changes: Any) -> Mount:
    """An empty mount in FRAME_ID."""
    return replace(_MOUNT, **changes)


def an_occupied_mount(asset_id: UUID = ASSET_ID, **changes: Any) -> Mount:
    """A mount with an asset in it."""
    return a_mount(installed_asset_id=asset_id, installed_at=NOW, **changes)


def a_fixture(**changes: Any) -> Fixture:
    """A fixture that binds ASSET_ID."""
    return replace(_FIXTURE, **changes)


def a_model(*declared_family_ids: UUID, **changes: Any) -> Model:
    """A model of these families."""
    model = Model(MODEL_ID, "ABRS-250MP", Manufacturer("Aerotech"), "ABRS-250MP-M-AS", declared_family_ids)
    return replace(model, **changes)


# Few of each, so that what is drawn twice is often the same.
ids = st.sampled_from([numbered(number) for number in range(1, 13)])
optional_ids = st.none() | ids
names = st.sampled_from(["Rotary", "ROTARY", "Straße", "STRASSE", "Top X", "e\u0301", "\u00e9"])
reasons = st.sampled_from(["bearing worn", "inventory"])
ports = st.builds(
    Port, st.sampled_from(["pso_out", "PSO_OUT", "trigger_in"]), st.sampled_from(PortDirection), st.just("TTL")
)
owner_names = st.sampled_from(["APS", "aps", "Argonne"])
owners = st.builds(Owner, owner_names)
owners_given = st.builds(OwnerGiven, owner_names)
identifiers = st.builds(
    AlternateIdentifier,
    st.sampled_from(AlternateIdentifierKind),
    st.sampled_from(["a-1", "A-1", "2bmb:m102"]),
    st.sampled_from(["EPICS PV", "epics pv", "Property tag"]),
)
related_identifiers = st.builds(
    RelatedIdentifier,
    st.sampled_from([RelationType.REFERENCES, RelationType.IS_DESCRIBED_BY]),
    st.sampled_from(["10.5438/Manual", "10.5438/manual"]),
    st.sampled_from([RelatedIdentifierScheme.DOI, RelatedIdentifierScheme.HANDLE, RelatedIdentifierScheme.URL]),
    st.sampled_from([None, "Manual"]),
)
subjects = st.builds(Term, st.sampled_from(["optics", "OPTICS", "Stra\u00dfe", "STRASSE"])) | st.just(
    Term("optics", "http://vocab.test/1", "URL")
)
settings_objects = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.integers(0, 2) | st.sampled_from(["", "x"]), max_size=3
)


def mostly(usual: T, *others: T) -> st.SearchStrategy[T]:
    """Nearly always the usual, so that what comes late in a row is reached too."""
    return st.sampled_from([usual] * (6 * len(others)) + list(others))


def distinct(elements: st.SearchStrategy[T], key: Callable[[T], Hashable]) -> st.SearchStrategy[tuple[T, ...]]:
    """Up to three elements that differ by their key."""
    return st.lists(elements, max_size=3, unique_by=key).map(lambda drawn: tuple(drawn))


def assets(id: st.SearchStrategy[UUID] = st.just(ASSET_ID)) -> st.SearchStrategy[Asset]:  # noqa: B008
    """Assets in any state a log can lead to, as far as one record tells."""
    return st.builds(
        Asset,
        id=id,
        name=names,
        tier=st.sampled_from(AssetTier),
        registered_at=st.just(NOW),
        commissioned_at=st.just(NOW),
        description=st.none() | st.just("turns"),
        parent_id=optional_ids,
        lifecycle=st.sampled_from([*AssetLifecycle] + [AssetLifecycle.ACTIVE] * 3),
        condition=st.sampled_from(AssetCondition),
        family_ids=distinct(ids, str),
        settings=settings_objects,
        ports=distinct(ports, lambda port: port_key(port.name)),
        owners=distinct(owners, lambda owner: owner_key(owner.name)),
        alternate_identifiers=distinct(identifiers, identifier_key),
        related_identifiers=distinct(related_identifiers, lambda related: related.key),
        subjects=distinct(subjects, lambda subject: subject_key(subject.name)),
        model_id=optional_ids,
        controller_id=optional_ids,
        fixture_id=st.sampled_from([None, FIXTURE_ID, OTHER_ID]),
    )


def mounts() -> st.SearchStrategy[Mount]:
    """Mounts, empty and occupied, active and not."""
    return st.builds(
        a_mount,
        installed_asset_id=optional_ids,
        status=mostly(*MountStatus),
        parent_id=st.none() | st.just(OTHER_ID),
    )


@dataclass(frozen=True)
class World:
    """Records as a Reader finds them, each at version 1."""

    known: tuple[tuple[Aggregate[Any], Any], ...]

    async def record(self, id: UUID) -> Stored:
        for aggregate, state in self.known:
            if state.id == id:
                return Stored(1, 1, aggregate.kind, 1, aggregate.encode_state(state), NOW)
        return Stored(1, 0)

    async def records(self, ids: Sequence[UUID]) -> Sequence[Stored]:
        return [await self.record(id) for id in ids]

    async def pointing(self, relation: str, target: UUID, *, first: bool) -> Pointing:
        sources = sorted(
            state.id
            for aggregate, state in self.known
            if any(found == (relation, target) for found in aggregate.references(state))
        )
        return Pointing(1, tuple((id, 1) for id in (sources[:1] if first else sources)))

    async def pointings(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[Pointing]:
        return [await self.pointing(*each, first=False) for each in asked]

    async def counts(self, asked: Sequence[tuple[str, UUID]]) -> Sequence[tuple[int, int]]:
        return [(each.head, len(each.sources)) for each in await self.pointings(asked)]

    async def holder(self, claim: Claim) -> Holder:
        for aggregate, state in self.known:
            if claim in aggregate.claims(state):
                return Holder(1, state.id, 1)
        return Holder(1, None)


async def decide(
    slice: Any, command: Any, *records: tuple[Aggregate[Any], Any], reader: Reader | None = None
) -> list[Event]:
    """What a slice decides in a world of these records. Raises the refusal it meets."""
    declared = slice.__slice__
    read = reader or Reader(World(records))
    given: dict[str, Any] = {"command": command, "new_id": numbered(99)}
    subject: tuple[Any, ...] = ()
    if not declared.creates:
        state = await read.require(declared.on, getattr(command, declared.on.path_id))
        given[declared.on.kind], subject = state, (state,)
    if declared.loads is not None:
        given["context"] = await declared.loads(command, *subject, read)
    return list(slice(**{name: given[name] for name in declared.parameters}))


def refusal(slice: Any, **given: Any) -> type[Refusal] | None:
    """Which refusal a decider raises, if any; it must be one that the slice declares."""
    raised: Refusal | None = None
    try:
        slice(**given)
    except Refusal as met:
        raised = met
    if raised is None:
        return None
    assert type(raised) in slice.__slice__.refuses
    assert raised.detail()
    return type(raised)


def first_true(*rows: tuple[bool, type[Refusal]]) -> type[Refusal] | None:
    """The refusal of the first row whose condition is true."""
    return next((refused for condition, refused in rows if condition), None)


def folds(aggregate: Aggregate[Any], state: Any, events: Iterable[Any], fact: Fact = AFTERWARDS) -> Any:
    """The state after events, each of which, like the state, survives the way through JSON text."""
    for event in events:
        assert aggregate.decode_event(type(event).__name__, aggregate.encode_event(event)) == event
        state = aggregate.evolve(state, event, fact)
    assert aggregate.decode_state(aggregate.encode_state(state)) == state
    return state
