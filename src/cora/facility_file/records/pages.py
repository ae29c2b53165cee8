"""The landing page that an instrument has elsewhere: cora keeps it in a note in the history of the asset alone."""

import re
from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter

from cora.equipment.values import Url
from cora.facility_file.port import Facility
from cora.facility_file.records.items import Item, fitted

_URL: TypeAdapter[str] = TypeAdapter(Url)
_SAYS = "Its landing page there: "
_NOTED = re.compile(rf"{_SAYS}(\S+)\.(?= |$)")


def noted_page(item: Item) -> str | None:
    """The sentence of the note of a new asset that says where its page is; what is not kept of it is told."""
    page = item.record.landing_page
    if page is None:
        return None
    is_url = fitted(_URL, page)[0] is not None
    kept = "kept in the history alone, as a note" if is_url else "not kept, for it is no URL"
    item.tell(item.record.at("landing_page"), f"its landing page is {kept}: {page}")
    return f"{_SAYS}{page}." if is_url else None


async def tell_other_pages(items: Sequence[Item], facility: Facility) -> None:
    """Tell the landing page of what is recorded where no note in its history has it."""
    recorded = {item.recorded.id: item for item in items if item.recorded is not None and item.record.landing_page}
    if not recorded:
        return
    notes = await facility.notes(list(recorded))
    for id, item in recorded.items():
        page, pages = item.record.landing_page or "", [each for text in notes[id] for each in _NOTED.findall(text)]
        if page not in pages and not _is_own(page, id):
            known = f", {pages[-1]} is noted" if pages else ""
            item.tell(item.record.at("landing_page"), f"its landing page is not kept{known}: {page}")


def _is_own(page: str, id: UUID) -> bool:
    """Whether it is the page that cora itself has of the asset."""
    return page.casefold().rstrip("/").endswith(f"/id/{id}")
