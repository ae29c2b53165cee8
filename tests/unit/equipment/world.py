"""A small facility in memory, with an authority that fails, waits and dies as told."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Set
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.unit.memory_log import MemoryContacts, MemoryLeases, MemoryLog, MemoryTellings

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.aggregates.assembly import ASSEMBLY, AssemblyDefined
from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.events import AssetRegistered
from cora.equipment.aggregates.asset.state import AssetTier
from cora.equipment.aggregates.facility import FACILITY, FacilityRegistered
from cora.equipment.aggregates.family import FAMILY, FamilyDefined
from cora.equipment.aggregates.fixture import FIXTURE, FixtureRegistered
from cora.equipment.aggregates.model import MODEL, ModelDefined
from cora.equipment.features.assign_asset_persistent_id import AssignAssetPersistentId, assign_asset_persistent_id
from cora.equipment.features.assign_fixture_persistent_id import (
    AssignFixturePersistentId,
    assign_fixture_persistent_id,
)
from cora.equipment.features.record_asset_persistent_id import RecordAssetPersistentId, record_asset_persistent_id
from cora.equipment.features.record_fixture_persistent_id import (
    RecordFixturePersistentId,
    record_fixture_persistent_id,
)
from cora.equipment.ports.doi_minter import Held, HeldState, Minted, MintRequest
from cora.equipment.values import Manufacturer, PersistentIdentifier, SlotAssetBinding
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Aggregate, Event
from cora.kernel.execute import Answer, Call, Decided, Kernel, Session
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import Reader

SLICES: dict[tuple[str, str], tuple[Any, Callable[..., Any]]] = {
    ("assign", "asset"): (AssignAssetPersistentId, assign_asset_persistent_id),
    ("assign", "fixture"): (AssignFixturePersistentId, assign_fixture_persistent_id),
    ("record", "asset"): (RecordAssetPersistentId, record_asset_persistent_id),
    ("record", "fixture"): (RecordFixturePersistentId, record_fixture_persistent_id),
}


NO_PAUSE = timedelta(0)


class Dies(BaseException):
    """The process is gone: nothing after this runs."""


class FakeMinter(StubDoiMinter):
    """The stub, but it fails, waits and dies as told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[MintRequest] = []
        self.registered: set[str] = set()
        self.outcomes: list[BaseException] = []
        self.held: bool | Exception = False
        self.gate: asyncio.Event | None = None
        self.dies: str | None = None
        self.only: Set[str] | None = None

    @property
    def schemes(self) -> Set[str]:
        return super().schemes if self.only is None else self.only

    async def mint(self, request: MintRequest) -> Minted:
        death, self.dies = self.dies, None
        if death == "before the minter":
            raise Dies
        self.asked.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if death == "in the minter":
            raise Dies
        if self.outcomes:
            raise self.outcomes.pop(0)
        self.registered.add(request.identifier.value)
        if death == "after the minter":
            raise Dies
        return await super().mint(request)

    async def look(self, identifier: PersistentIdentifier) -> Held | None:
        if isinstance(self.held, Exception):
            raise self.held
        url = self.asked[-1].url if self.held else None
        return Held(identifier, HeldState.FINDABLE, url, ours=True, resolves=True) if url else None


class World:
    """A facility with a family and a model; assets, fixtures and identifiers come as tests need them."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.minter = FakeMinter()
        contacts = MemoryContacts(self.log)
        self.wired = Equipment((), (), self.minter, MemoryLeases(), contacts, MemoryTellings(), "http://cora.test")
        self.kernel = Kernel(self.log, self.wired, clock=lambda: self.log.clock())
        self._model: UUID | None = None
        self._family: UUID | None = None

    async def note(self, on: Aggregate[Any], id: UUID, *events: Event) -> UUID:
        """Record events as they are, with no command between."""

        async def decide(read: Reader) -> Decided:
            if await read.get(on, id) is None:
                read.assume_new(id)
            return Decided(on, id, events)

        call = Call(Principal("test", Role.ADMIN), "system", "test")
        await Session(self.kernel, call, b"").settle(decide, id)
        return id

    async def family(self) -> UUID:
        """The family of everything here."""
        if self._family is None:
            self._family = await self.note(FAMILY, new_id(), FamilyDefined("RotaryStage"))
            await self.note(FACILITY, new_id(), FacilityRegistered("Advanced Photon Source", code="aps"))
        return self._family

    async def model(self) -> UUID:
        """The model of everything here."""
        if self._model is None:
            family = await self.family()
            self._model = await self.note(
                MODEL, new_id(), ModelDefined("ABRS", Manufacturer("Aerotech"), "ABRS-150", (family,))
            )
        return self._model

    async def asset(self, *, model: bool = True) -> UUID:
        """A root asset; without a model its record is incomplete."""
        id = new_id()
        family = await self.family()
        registered = AssetRegistered(
            f"Stage {id}",
            AssetTier.DEVICE,
            facility_code="aps",
            model_id=await self.model() if model else None,
            family_ids=(family,),
        )
        return await self.note(ASSET, id, registered)

    async def fixture_of(self, *assets: UUID) -> UUID:
        """A fixture that binds assets."""
        id, assembly = new_id(), new_id()
        await self.note(ASSEMBLY, assembly, AssemblyDefined(f"Tower {id}", await self.family(), content_hash="0" * 64))
        bindings = tuple(SlotAssetBinding(f"slot-{number}", asset) for number, asset in enumerate(assets))
        return await self.note(FIXTURE, id, FixtureRegistered(f"Tower {id}", assembly, "0" * 64, bindings))

    async def assign(
        self, kind: str, id: UUID, *, scheme: str = "DOI", suffix: str | None = None, **options: Any
    ) -> Answer:
        """Have an identifier assigned, as a steward unless another role is given."""
        return await self._run("assign", kind, {f"{kind}_id": id, "scheme": scheme, "suffix": suffix}, **options)

    async def record(self, kind: str, id: UUID, scheme: str, value: str, **options: Any) -> Answer:
        """Record an identifier that exists."""
        return await self._run("record", kind, {f"{kind}_id": id, "scheme": scheme, "value": value}, **options)

    def state(self, on: Aggregate[Any], id: UUID) -> dict[str, Any]:
        """The document of a record."""
        found = self.log.tables.documents[id]
        assert found.kind == on.kind
        return json.loads(found.body)

    async def _run(
        self,
        verb: str,
        kind: str,
        fields: dict[str, Any],
        *,
        role: Role = Role.STEWARD,
        key: str | None = None,
        if_match: int | None = None,
        occurred_at: datetime | None = None,
        dry_run: bool = False,
    ) -> Answer:
        request, function = SLICES[verb, kind]
        call = Call(
            Principal("steward", role),
            "http",
            "request-1",
            occurred_at=occurred_at,
            idempotency_key=key,
            if_match=if_match,
            dry_run=dry_run,
        )
        declared: Any = function.__slice__  # type: ignore[attr-defined]
        answer: Awaitable[Answer] = self.kernel.command(declared, request(**fields), call)
        return await answer
