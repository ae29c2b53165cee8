"""Manufacturer and model become a model of the catalogue. What is defined already is never changed, but for families
that it has to declare."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from cora.equipment.aggregates.model import Model, maker_key
from cora.equipment.paths import can_be_said, joined_path
from cora.equipment.pidinst.published import UNAVAILABLE
from cora.equipment.pidinst.reading.quirks import agent_code, folded_word, kind_of
from cora.equipment.pidinst.reading.record import Code, Thing
from cora.equipment.values import AgentIdentifier, Manufacturer, Name, Url, folded
from cora.facility_file.entries import ModelEntry
from cora.facility_file.keys import model_key
from cora.facility_file.port import Facility
from cora.facility_file.read import Files
from cora.facility_file.records.families import Families
from cora.facility_file.records.items import Item, fitted, registered_for, text_of
from cora.facility_file.shapes import LEFT_OUT, Named

_AGENT: TypeAdapter[AgentIdentifier] = TypeAdapter(AgentIdentifier)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_URL: TypeAdapter[str] = TypeAdapter(Url)
_LONGEST = 200
_PART_NUMBERS = frozenset(
    ("partnumber", "productnumber", "modelnumber", "ordernumber", "cataloguenumber", "catalognumber", "sku", "mpn")
)


class _Key(NamedTuple):
    maker: str
    part_number: str


@dataclass
class _Made:
    """A model of the import: what its entry says, and the families that its assets need."""

    item: Item
    makers: list[Manufacturer]
    part_number: str
    name: str | None = None
    code: Code | None = None
    recorded: Model | None = None
    families: list[str] = field(default_factory=list[str])
    items: list[Item] = field(default_factory=list[Item])
    """Those that are of it."""

    @property
    def maker(self) -> str:
        """The name of the one it is known by."""
        return self.makers[0].name


class Models:
    """The models that the records name."""

    def __init__(self, facility: Facility) -> None:
        self._facility = facility
        self._made: dict[_Key, _Made] = {}

    async def choose(self, item: Item, families: list[str]) -> str | None:
        """The path of the model of an item, by maker and part number; None where neither is told.

        The code of DataCite stands for the one that is not.
        """
        record = item.record
        makers = _makers(item)
        model = record.model
        name = text_of(item, _NAME, model.name, _LONGEST, model.spot, "the model") if model else None
        part_number = _part_number(item, model) or name
        if not makers and part_number is None:
            return None
        made = _Made(
            item,
            makers or [Manufacturer(UNAVAILABLE)],
            part_number or UNAVAILABLE,
            name or part_number or UNAVAILABLE,
        )
        if not can_be_said((made.maker, made.part_number)):
            item.tell(record.at("model"), f"the model is not kept: no path leads to {made.maker}, {made.part_number}")
            return None
        if model is not None and model.code is not None and made.part_number != model.code.value:
            made.code = agent_code(model.code)
        key = _Key(folded(made.maker), folded(made.part_number))
        known = self._made.get(key)
        if known is None:
            known = self._made[key] = made
            known.recorded = await self._recorded(made)
        if known.recorded is not None:
            _tell_differences(item, made, known.recorded)
        elif known is not made:
            _tell_other(item, made, known)
        known.families += [each for each in families if each not in known.families]
        known.items.append(item)
        return joined_path(known.maker, known.part_number)

    async def _recorded(self, made: _Made) -> Model | None:
        (id,) = await self._facility.holders([model_key(made.maker, made.part_number)])
        record = None if id is None else await self._facility.get("model", id)
        return None if record is None else record.state

    def add_entries(self, families: Families, files: Files) -> None:
        """The entries of the models that are new, and of those that have to declare further families."""
        ids = {family.id: family.name for family in families.recorded}
        for made in self._made.values():
            if made.recorded is None:
                wanted = made.families or [families.general(made.items)]
                files.add("models", _entry(made, wanted))
                continue
            declared = [ids.get(id) for id in made.recorded.declared_family_ids]
            new = [each for each in made.families if each not in declared]
            if new and None not in declared:
                files.add("models", _further(made, made.recorded, [each for each in (*declared, *new) if each]))


def _makers(item: Item) -> list[Manufacturer]:
    """All who made it that the record names, each once. One that only has an identifier gets the code for a name."""
    found: dict[str, Manufacturer] = {}
    for thing in item.record.manufacturers:
        name = text_of(item, _NAME, thing.name, _LONGEST, thing.spot, "the manufacturer")
        identifier = agent_identifier(item, thing, "the manufacturer")
        if name is None and identifier is None:
            continue
        maker = Manufacturer(name or UNAVAILABLE, identifier)
        if maker_key(maker.name) in found:
            item.tell(thing.spot, f"a manufacturer stands here twice: {maker.name}")
        else:
            found[maker_key(maker.name)] = maker
    return list(found.values())


def agent_identifier(item: Item, thing: Thing, what: str) -> AgentIdentifier | None:
    """The identifier of an owner or a maker; what does not pass the checks of its scheme is told."""
    if thing.code is None:
        return None
    code = agent_code(thing.code)
    found, why = fitted(_AGENT, {"value": code.value, "scheme": code.scheme})
    if found is None:
        item.tell(thing.spot, f"the identifier of {what} is not kept: {code.scheme} {code.value[:100]} {why}")
    return found


def instance_identifier(item: Item) -> tuple[str, str] | None:
    """The kind and the value of a serial or inventory number that stands where the model's identifier should."""
    model = item.record.model
    if model is None or model.code is None or not _is_of_instance(model.code):
        return None
    return kind_of(model.code.scheme or "") or "Other", model.code.value


def _is_of_instance(code: Code) -> bool:
    return kind_of(code.scheme or "") in ("SerialNumber", "InventoryNumber")


def _part_number(item: Item, model: Thing | None) -> str | None:
    if model is None or model.code is None or folded_word(model.code.scheme or "") not in _PART_NUMBERS:
        return None
    return text_of(item, _NAME, model.code.value, _LONGEST, model.spot, "the part number")


def _tell_differences(item: Item, made: _Made, recorded: Model) -> None:
    if made.name not in (recorded.name, UNAVAILABLE):
        item.tell(item.record.at("model"), f"the name of the model stays as it is recorded: '{recorded.name}'")
    _tell_makers(item, made.makers, recorded.manufacturers, "stays as it is recorded")
    if made.code is not None and (recorded.identifier is None or made.code.value != recorded.identifier.value):
        _tell_code(item, made.code)


def _tell_other(item: Item, made: _Made, known: _Made) -> None:
    if made.name != known.name:
        item.tell(item.record.at("model"), f"the name of the model is that of another record: '{known.name}'")
    identifiers = {maker_key(maker.name): maker.identifier for maker in made.makers}
    known.makers = [
        replace(maker, identifier=maker.identifier or identifiers.get(maker_key(maker.name))) for maker in known.makers
    ]
    _tell_makers(item, made.makers, known.makers, "is that of another record")
    if known.code is None:
        known.code = made.code
    elif made.code is not None and made.code != known.code:
        _tell_code(item, made.code)


def _tell_makers(item: Item, makers: Sequence[Manufacturer], kept: Sequence[Manufacturer], how: str) -> None:
    spot = item.record.at("manufacturers")
    others = {maker_key(maker.name): maker for maker in kept}
    for maker in makers:
        same = others.pop(maker_key(maker.name), None)
        if same is None:
            item.tell(spot, f"the model {how}: not made by {maker.name}")
        elif maker.identifier is not None and maker.identifier != same.identifier:
            item.tell(spot, f"the manufacturer {how}: not {maker.identifier.value}")
    for maker in others.values():
        item.tell(spot, f"the model {how}: made by {maker.name} too")


def _tell_code(item: Item, code: Code) -> None:
    item.tell(item.record.at("model"), f"the identifier of the model is not kept: {code.scheme} {code.value}")


def _entry(made: _Made, families: list[str]) -> ModelEntry:
    item, (maker, *further) = made.item, map(_given, made.makers)
    identifier = _kept_code(item, made.code)
    website = fitted(_URL, made.code.value)[0] if made.code is not None and made.code.scheme == "URL" else None
    return ModelEntry(
        place=item.place(item.record.at("model")),
        lines=dict.fromkeys(("manufacturer", "further_manufacturers"), item.record.at("manufacturers")),
        name=made.name or UNAVAILABLE,
        manufacturer=maker,
        further_manufacturers=further or LEFT_OUT,
        part_number=made.part_number,
        families=_named(item, families),
        website=website or LEFT_OUT,
        identifier=LEFT_OUT if identifier is None else {"scheme": identifier.scheme, "value": identifier.value},
        registered=registered_for(made.items),
    )


def _given(maker: Manufacturer) -> dict[str, Any]:
    if maker.identifier is None:
        return {"name": maker.name}
    return {"name": maker.name, "identifier": {"scheme": maker.identifier.scheme, "value": maker.identifier.value}}


def _kept_code(item: Item, code: Code | None) -> AgentIdentifier | None:
    """The identifier of the model that is no part number; one that does not pass the checks of its scheme is told."""
    if code is None:
        return None
    found, why = fitted(_AGENT, {"value": code.value, "scheme": code.scheme})
    if found is None:
        spot = item.record.at("model")
        item.tell(spot, f"the identifier of the model is not kept: {code.scheme} {code.value[:100]} {why}")
    return found


def _further(made: _Made, recorded: Model, families: list[str]) -> ModelEntry:
    item = made.item
    return ModelEntry(
        place=item.place(item.record.at("model")),
        lines={},
        manufacturer={"name": recorded.manufacturer.name},
        part_number=recorded.part_number,
        families=_named(item, families),
    )


def _named(item: Item, families: list[str]) -> list[Named]:
    return [Named(each, item.record.at("instrument_types")) for each in families]
