"""Reads a Handle record: one value for each property, by the types of the ePIC Data Type Registry.

ePIC has the text of a value in `parsed_data` or `data`, the Handle API in
`data.value`, what ACTRIS sends to its service in `value`; all have JSON in it.
"""

from dataclasses import replace

from cora.equipment.pidinst.forms.handle import TYPES
from cora.equipment.pidinst.reading.documents import inner_json
from cora.equipment.pidinst.reading.parts import Members, NotUnderstood, Part, Spot, shown
from cora.equipment.pidinst.reading.pidinst import read_pidinst
from cora.equipment.pidinst.reading.quirks import same_identifier, tidied
from cora.equipment.pidinst.reading.record import Code, Dialect, ImportedRecord

_PROPERTIES = {type: name for name, type in TYPES.items()} | {
    # The types of ACTRIS where they are others.
    "21.T11148/f5e68cc7718a6af2a96c": "SchemaVersion",
    "21.T11148/9a15a4735d4bda329d80": "LandingPage",
    "21.T11148/709a23220f2c3d64d1e1": "Name",
    "21.T11148/f76ad9d0324302fc47dd": "InstrumentTypes",
}
_ADMINISTRATIVE = ("HS_", "10320/", "21.T11148/17ce618137e697852ea6")
_VALUES = ("values", "data")
_AROUND = (*_VALUES, "responsecode", "type", "uuid")
"""What stands around the values in an answer of the Handle API, and in what ACTRIS sends to its service."""


def values_of(part: Part) -> tuple[Part, ...] | None:
    """The values of what is a Handle record; None for what is none."""
    if part.items is not None:
        values = part.items
    else:
        values = next((held.items for name in _VALUES if (held := part.member(name)) and held.items), None)
    # One that is damaged is told when it is read.
    if not values or not any(value.member("type") and _data(value) for value in values):
        return None
    return values


def has_property(part: Part) -> bool:
    """Whether any of its values is of a type of PIDINST."""
    kinds = (value.member("type") for value in values_of(part) or ())
    return any(kind is not None and (kind.text or "").strip() in _PROPERTIES for kind in kinds)


def read_handle(part: Part) -> ImportedRecord:
    """The record of a part that has values."""
    notes: list[NotUnderstood] = []
    found: dict[str, Part] = {}
    beside: dict[str, Spot] = {}
    urls: list[Part] = []
    for value in values_of(part) or ():
        kind, data = value.member("type"), _data(value)
        kind_name = (kind.text or "").strip() if kind else ""
        name = _PROPERTIES.get(kind_name)
        if kind_name == "EMAIL" or kind_name.startswith(_ADMINISTRATIVE) or value.is_empty:
            continue
        if data is None or not kind_name:
            lacks = "data" if kind_name else "type"
            notes.append(NotUnderstood(value.spot, f"a value without its {lacks} is not understood: {kind_name}"))
            continue
        if kind_name == "URL":
            urls.append(data)
        elif name is None:
            beside[kind_name] = value.spot
            notes.append(NotUnderstood(value.spot, f"a value of type {kind_name} is not understood{shown(data)}"))
        elif name in found:
            notes.append(NotUnderstood(value.spot, f"a second {name} is not read"))
        else:
            found[name] = _opened(data, notes)
    record = read_pidinst(Part(part.spot, members=found), Dialect.HANDLE)
    around = Members(part)
    handle = around.take("handle")
    urls += filter(None, (around.take("url"),))
    around.ignore(*_AROUND)
    notes += around.rest()
    page = record.landing_page
    for each in urls:
        url = tidied(each.text)
        if page is None:
            page, beside["landing_page"] = url, each.spot
        elif url not in (None, page):
            notes.append(NotUnderstood(each.spot, f"a further landing page is not kept: {url}"))
    own = tidied(handle.text) if handle is not None else None
    if handle is not None and own is not None:
        code = Code(own, "Handle")
        if record.identifier is None:
            beside["identifier"] = handle.spot
            record = replace(record, identifier=code)
        elif same_identifier(code) != same_identifier(record.identifier):
            notes.append(NotUnderstood(handle.spot, f"a further identifier is not kept: Handle {own}"))
    return replace(
        record,
        landing_page=page,
        spots={**beside, **record.spots},
        not_understood=(*notes, *record.not_understood),
    )


def _data(value: Part) -> Part | None:
    for name in ("parsed_data", "data", "value"):
        held = value.member(name)
        if held is not None and not held.is_empty:
            return held.member("value") or held
    return None


def _opened(data: Part, notes: list[NotUnderstood]) -> Part:
    """What a value says: its text is JSON, or stands for itself."""
    text = (data.text or "").strip()
    if text[:1] not in ("[", "{", '"'):
        return data
    return inner_json(text, Spot(*data.spot), notes) or data
