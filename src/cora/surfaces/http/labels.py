"""One label of an asset or a fixture, as a drawing, a picture or a page to print."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.fixture import FIXTURE
from cora.equipment.aggregates.persistent_id import PersistentIdStatus
from cora.equipment.pidinst.derive import landing_page
from cora.equipment.public import identifier_of
from cora.equipment.wired import Equipment
from cora.kernel.aggregate import Aggregate
from cora.kernel.errors import Violation
from cora.kernel.execute import Kernel
from cora.kernel.principal import Role
from cora.kernel.reader import Reader
from cora.kernel.requests import invalid
from cora.labels import LAYOUTS, Composed, as_pdf, as_png, as_svg
from cora.surfaces.http.dispatch import Endpoint, Handle, Paths
from cora.surfaces.http.messages import FRESH, Reply, Request, repeated
from cora.surfaces.labels import label_of

LABELLED: tuple[Aggregate[Any], ...] = (ASSET, FIXTURE)
"""The kinds of records that have labels."""

LAYOUT = "layout"
DEFAULT_LAYOUT = "roll-62x29"

LABEL_FORMATS: Mapping[str, tuple[bytes, Callable[[Composed], bytes]]] = MappingProxyType(
    {"svg": (b"image/svg+xml", as_svg), "png": (b"image/png", as_png), "pdf": (b"application/pdf", as_pdf)}
)
"""What each ending gives, and how it is made."""


def label_template(aggregate: Aggregate[Any], ending: str) -> str:
    """The path of the labels of a kind."""
    return f"/{aggregate.collection}/{{{aggregate.path_id}}}/label.{ending}"


def add_labels(paths: Paths, kernel: Kernel) -> None:
    """Add the routes."""
    for aggregate in LABELLED:
        for ending, (media_type, draw) in LABEL_FORMATS.items():
            handle = _label(aggregate, kernel, media_type, draw)
            paths.add("GET", label_template(aggregate, ending), Endpoint(handle, Role.READER))


def _label(aggregate: Aggregate[Any], kernel: Kernel, media_type: bytes, draw: Callable[[Composed], bytes]) -> Handle:
    equipment: Equipment = kernel.wired

    async def handle(request: Request) -> Reply:
        query = request.query()
        errors = repeated(query, [LAYOUT])
        errors += [Violation(f"/{name}", "is not known here") for name in query if name != LAYOUT]
        name = query.get(LAYOUT, [DEFAULT_LAYOUT])[0]
        if name not in LAYOUTS:
            errors.append(Violation(f"/{LAYOUT}", f"must be one of {', '.join(LAYOUTS)}"))
        try:
            id = UUID(request.values[0])
        except ValueError:
            errors.append(Violation(f"/{aggregate.path_id}", "is not a UUID"))
            raise invalid(errors) from None
        if errors:
            raise invalid(errors)
        state, withdrawn = await kernel.see(lambda read: _read(aggregate, id, read))
        page = landing_page(equipment.public_url, id)
        body = await asyncio.to_thread(lambda: draw(label_of(state, page, LAYOUTS[name], withdrawn=withdrawn)))
        return Reply(200, body, media_type, [FRESH])

    return handle


async def _read(aggregate: Aggregate[Any], id: UUID, read: Reader) -> tuple[Any, bool]:
    """The state of a record, and whether its identifier was withdrawn."""
    state = await read.require(aggregate, id)
    known = await identifier_of(id, read)
    return to_jsonable_python(state), known is not None and known.status is PersistentIdStatus.WITHDRAWN
