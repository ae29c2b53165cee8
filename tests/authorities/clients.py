"""The clients of the authorities, as the server opens them, but without their pauses."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from tests.authorities import datacite_simulator, handle_simulator
from tests.authorities.datacite_simulator import DataciteSimulator
from tests.authorities.handle_simulator import HandleSimulator
from tests.unit.memory_log import MemoryCalls

from cora.equipment.adapters import opening
from cora.equipment.adapters.datacite import Datacite
from cora.equipment.adapters.datacite_metadata import datacite_metadata
from cora.equipment.adapters.epic import EpicServer
from cora.equipment.adapters.handle import HandleServer
from cora.equipment.pidinst.published import PublishedRecord, Publisher
from cora.equipment.pidinst.record import Identifier, Manufacturer, Owner, PidinstRecord
from cora.equipment.ports.authorities import Authorities, DataciteAccount, HandleAccount
from cora.equipment.ports.doi_minter import MintRequest
from cora.equipment.values import IdentifierScheme, PersistentIdentifier

URL = "https://cora.facility.example/id/0199"
OTHER_URL = "https://somebody.example/else"
DOI = PersistentIdentifier(IdentifierScheme.DOI, f"{datacite_simulator.PREFIX}/08qf-ee96")
HANDLE = PersistentIdentifier(IdentifierScheme.HANDLE, f"{handle_simulator.PREFIX}/08qf-ee96")

NO_PAUSES = (0.0, 0.0, 0.0)


def record_of(identifier: PersistentIdentifier, url: str = URL, name: str = "Tower") -> PublishedRecord:
    """A complete record."""
    record = PidinstRecord(
        identifier=Identifier(identifier=identifier.value, identifier_type=identifier.scheme),
        landing_page=url,
        name=name,
        owners=(Owner(owner_name="Facility"),),
        manufacturers=(Manufacturer(manufacturer_name="Maker"),),
        complete=True,
        test=False,
    )
    return PublishedRecord(record, Publisher("Facility"), 2026, resolves=True)


def request_for(
    identifier: PersistentIdentifier, url: str = URL, *, publish: bool = True, name: str = "Tower"
) -> MintRequest:
    """A request to register a complete record."""
    return MintRequest(identifier, url, record_of(identifier, url, name), publish)


@asynccontextmanager
async def datacite_client(
    simulator: DataciteSimulator,
    *,
    password: str = datacite_simulator.PASSWORD,
    calls: int = 1000,
) -> AsyncGenerator[Datacite]:
    """A client of simulated DataCite."""
    account = DataciteAccount(
        simulator.url, datacite_simulator.REPOSITORY, datacite_simulator.PREFIX, SecretStr(password)
    )
    authorities = Authorities(account, calls=calls, contact="pids@facility.example")
    opened = opening.opened_datacite(account, authorities, MemoryCalls(), datacite_metadata, pauses=NO_PAUSES)
    async with opened as client:
        yield client


def be_patient(minter: Any, *, forget: bool = False) -> None:
    """The time that the authority asked for has passed; with `forget` also that in which calls count."""
    budget = minter._web._budget
    object.__setattr__(budget, "_not_before", 0.0)
    budget._calls.not_before.clear()
    if forget:
        budget._calls.known.clear()


@asynccontextmanager
async def handle_client(
    simulator: HandleSimulator, *, api: str = "handle", secret: str = handle_simulator.SECRET, pidinst: bool = False
) -> AsyncGenerator[HandleServer | EpicServer]:
    """A client of a simulated Handle server, or of ePIC."""
    account = HandleAccount(
        simulator.url,
        handle_simulator.PREFIX,
        "epic" if api == "epic" else "handle",
        handle_simulator.EPIC_USER if api == "epic" else handle_simulator.USER,
        SecretStr(secret),
        pidinst_values=pidinst,
    )
    authorities = Authorities(handle=account, calls=1000)
    async with opening.opened_handle(account, authorities, MemoryCalls(), pauses=NO_PAUSES) as client:
        yield client
