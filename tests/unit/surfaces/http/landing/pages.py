"""Landing pages to show, told as little or as hostile as a test needs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lxml import html
from tests.unit.equipment.pidinst.facts import FACILITY, FAMILY, MODEL, ROR, around, identifier, instrument
from tests.unit.equipment.pidinst.facts import asset as an_asset

from cora.equipment.aggregates.model import Model
from cora.equipment.aggregates.persistent_id import PersistentId, PersistentIdStatus
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.landing.page import FacilityTold, LandingPage, Life, Milestone, Neighbour, Slot, Standing
from cora.equipment.pidinst.derive import asset_record, published_record
from cora.equipment.related_identifier import RelatedIdentifier
from cora.equipment.values import AlternateIdentifier, Drawing, DrawingSystem, IdentifierScheme, Term
from cora.kernel.contact import ContactId
from cora.kernel.when import NOW, When
from cora.surfaces.http.landing.page import landing_page

PUBLIC_URL = "https://cora.example"
DOI = "10.82433/08qf-ee96"
CONTACT = ContactId("01a20b71-c71d-7ecb-bd55-5651f0003e5d")
AT = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)


def known(number: int = 10, **told: Any) -> PersistentId:
    """An identifier that the world can find."""
    basic: dict[str, Any] = {
        "id": UUID(int=number + 1000),
        "scheme": IdentifierScheme.DOI,
        "value": DOI,
        "landing_page": f"{PUBLIC_URL}/id/{UUID(int=number)}",
        "subject_kind": "asset",
        "subject_id": UUID(int=number),
        "origin": IdentifierOrigin.MINTED,
        "test": False,
        "status": PersistentIdStatus.MINTED,
        "reserved_at": AT,
    }
    return PersistentId(**{**basic, **told})


def page(
    name: str = "Stage",
    *,
    description: str | None = "Turns samples.",
    contact: str | None = None,
    related: tuple[RelatedIdentifier, ...] = (),
    subjects: tuple[Term, ...] = (),
    model: Model = MODEL,
    **told: Any,
) -> LandingPage:
    """A page that has something in each of its parts; the owner can be written to at `contact`."""
    identifiers = (
        AlternateIdentifier("SerialNumber", "SN-7", None),  # pyright: ignore[reportArgumentType]
    )
    own = told.get("persistent_id", known())
    asset = an_asset(
        name=name,
        description=description,
        persistent_id=identifier(own.value, test=own.test),
        alternate_identifiers=identifiers,
        related_identifiers=related,
        subjects=subjects,
        drawing=Drawing(DrawingSystem.DOI, "10.1234/drawing", "B"),
    )
    family = replace(
        FAMILY,
        term=Term("Rotary stage", "https://vocabulary.example/stage", "Vocabulary"),
        measured_variables=(Term("angle"),),
    )
    owning = replace(FACILITY, contact_id=CONTACT)
    addresses = {CONTACT: contact} if contact else {}
    described = instrument(asset, facility=owning, families=(family,), model=model, addresses=addresses)
    part = an_asset(30, name=f"{name} part", persistent_id=identifier("10.82433/part"))
    record = asset_record(described, around(children=[part]), PUBLIC_URL)
    basic: dict[str, Any] = {
        "id": asset.id,
        "persistent_id": own,
        "published": published_record(record, [described], FACILITY, asset, own),
        "facility": FacilityTold(f"{name} facility", "https://facility.example", ROR),
        "lifecycle": Standing("In service", AT),
        "condition": Standing("Faulted", AT),
        "line": (Neighbour(f"{name} line", UUID(int=40)),),
        "slot": Slot(f"{name} slot", AT),
        "fixture": Neighbour(f"{name} fixture", UUID(int=50), known(50, value="10.82433/fixture")),
        "components": (
            Neighbour(f"{name} part", UUID(int=30), known(30, value="10.82433/part"), f"{name} note"),
            Neighbour(f"{name} secret", UUID(int=31)),
        ),
        "drawing": asset.drawing,
        "life": Life((Milestone(AT, f"Installed in slot {name}"),), has_older=True),
    }
    return LandingPage(**{**basic, **told})


def shown(of: LandingPage, when: When = NOW) -> html.HtmlElement:
    """The page as a browser takes it in."""
    return html.fromstring(landing_page(of, when))


def said(element: Any) -> str:
    """The text of an element, on one line."""
    return " ".join(element.text_content().split())
