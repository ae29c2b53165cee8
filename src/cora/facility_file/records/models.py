"""Manufacturer and model become a model of the catalogue. What is defined already is never changed, but for families
that it has to declare."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from cora.equipment.aggregates.asset.state import Asset
from cora.equipment.aggregates.model import Model, maker_key
from cora.equipment.paths import can_be_said, joined_path
from cora.equipment.pidinst.published import UNAVAILABLE
from cora.equipment.pidinst.reading.quirks import agent_code, folded_word, kind_of
from cora.equipment.pidinst.reading.record import Code, Thing
from cora.equipment.values import AgentIdentifier, DefinitionStatus, Manufacturer, Name, Url, folded
from cora.facility_file.entries import ModelEntry
from cora.facility_file.keys import model_key
from cora.facility_file.port import Facility
from cora.facility_file.problems import short
from cora.facility_file.read import Files
from cora.facility_file.records.families import MOST_FAMILIES, Families
from cora.facility_file.records.items import (
    Item,
    first_of,
    fitted,
    given_identifier,
    registered_for,
    shown_thing,
    text_of,
)
from cora.facility_file.shapes import LEFT_OUT, Named

_AGENT: TypeAdapter[AgentIdentifier] = TypeAdapter(AgentIdentifier)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_URL: TypeAdapter[str] = TypeAdapter(Url)
_LONGEST = 200
_MOST_MAKERS = 101
_PART_NUMBERS = frozenset(
    ("partnumber", "productnumber", "modelnumber", "ordernumber", "cataloguenumber", "catalognumber", "sku", "mpn")
)


class _Key(NamedTuple):
    maker: str
    part_number: str


@dataclass
class _Made:
    """A model as the records have it, and what its assets need of it."""

    item: Item
    makers: list[Manufacturer]
    part_number: str
    name: str = UNAVAILABLE
    identifier: AgentIdentifier | None = None
    recorded: Model | None = None
    declared: list[str] = field(default_factory=list[str])
    """The families that it declares by now, if it is recorded."""
    is_fixed: bool = False
    """Whether it is recorded and cannot declare others."""
    families: dict[str, None] = field(default_factory=dict[str, None])
    """Those that it has to declare."""
    items: list[Item] = field(default_factory=list[Item])
    """The items that are of it."""

    @property
    def maker(self) -> str:
        """The name of the one it is known by."""
        return self.makers[0].name

    @property
    def path(self) -> str:
        """How it is referred to."""
        return joined_path(self.maker, self.part_number)

    def can_be(self, said: "_Made") -> bool:
        """Whether it is the model that a record says: it has the same identifier, or none is said of a named one."""
        has = self.identifier if self.recorded is None else self.recorded.identifier
        return said.identifier == has or (said.identifier is None and said.part_number != UNAVAILABLE)

    def lacks(self, families: Iterable[str]) -> list[str]:
        """Those of some families that it would have to declare."""
        return [each for each in families if each not in self.families and each not in self.declared]

    def takes(self, families: Iterable[str]) -> list[str]:
        """Those of some families that it can have, each declared by it from now on."""
        families = list(families)
        lacking = self.lacks(families)
        room = 0 if self.is_fixed else MOST_FAMILIES - len(self.declared) - len(self.families)
        self.families |= dict.fromkeys(lacking[:room])
        return [each for each in families if each not in lacking[room:]]

    def can_take(self, families: Iterable[str]) -> bool:
        """Whether it can have all of some families."""
        lacking = len(self.lacks(families))
        return not lacking or (not self.is_fixed and lacking + len(self.declared) + len(self.families) <= MOST_FAMILIES)

    @property
    def why_fixed(self) -> str:
        """Why it takes no further families."""
        if self.recorded is not None and self.recorded.status is DefinitionStatus.DEPRECATED:
            return "it is deprecated"
        return "one that it declares is deprecated" if self.is_fixed else f"{MOST_FAMILIES} is the most"


class Models:
    """The models that the records name."""

    def __init__(self, facility: Facility, families: Families) -> None:
        self._facility = facility
        self._families = families
        self._made: dict[_Key, _Made] = {}
        self._by_id: dict[UUID, _Made] = {}

    async def choose(self, item: Item, families: list[str]) -> tuple[str | None, list[str]]:
        """The path of the model that an item is bound to, None for none, and those of its new families that it can
        have with its model: a model declares the families of all that is of it."""
        asset: Asset | None = None if item.recorded is None else item.recorded.state
        if asset is not None and asset.model_id is not None:
            known = await self._of_asset(item, asset.model_id)
            if known is None:
                return None, families
            _tell_others(item, known)
            return None, self._declared(item, known, families)
        made = _made_of(item)
        if made is None:
            return None, families
        if asset is None or not asset.family_ids:
            known = await self._known(item, made, families)
            if known is None:
                return None, families
            known.items.append(item)
            return known.path, self._declared(item, known, families)
        return await self._of_families(item, made, asset), families

    async def _of_families(self, item: Item, made: _Made, asset: Asset) -> str | None:
        """The model of an asset that has families: all of them are to be declared, or it is bound to none."""
        names = [self._families.by_id[id].name for id in asset.family_ids if id in self._families.by_id]
        known = await self._known(item, made, names)
        if known is None:
            return None
        has = () if known.recorded is None else known.recorded.declared_family_ids
        ended = [id for id in asset.family_ids if id not in has and not self._families.is_usable(id)]
        if ended or not known.can_take(names):
            why = "a family of the asset is deprecated" if ended else known.why_fixed
            item.tell(item.record.at("model"), f"the model is not kept: it cannot declare what the asset is, {why}")
            return None
        known.takes(names)
        known.items.append(item)
        return known.path

    def _declared(self, item: Item, known: _Made, families: list[str]) -> list[str]:
        """The families that an item can have; others are told."""
        kept = known.takes(families)
        for each in families:
            if each not in kept:
                self._families.leave_out(item, each)
                says = f"family '{each}' is not kept: model '{known.path}' cannot declare it, {known.why_fixed}"
                item.tell(item.record.at("instrument_types"), says)
        return kept

    async def _known(self, item: Item, made: _Made, families: list[str]) -> _Made | None:
        """The model that is meant, as the import or cora has it; what is told of it otherwise is told."""
        first: _Made | None = None
        for number in _numbers(made):
            if can_be_said((made.maker, number)):
                found = await self._at(replace(made, part_number=number, families={}, items=[]))
                first = first or found
                # Where nothing is told of a model, one is as good as another.
                if found.can_be(made) and (made.part_number != UNAVAILABLE or found.can_take(families)):
                    break
        else:
            found = first
        if found is None:
            path = f"{made.maker}, {made.part_number}"
            item.tell(item.record.at("model"), f"the model is not kept: no path leads to {path}")
            return None
        if found.recorded is not None:
            _tell_differences(item, made, found.recorded)
        elif found.item is not item:
            _tell_other(item, made, found)
        return found

    async def _at(self, made: _Made) -> _Made:
        """What the import or cora has under the maker and the part number of a model, else that model."""
        key = _Key(folded(made.maker), folded(made.part_number))
        known = self._made.get(key)
        if known is None:
            (id,) = await self._facility.holders([model_key(made.maker, made.part_number)])
            record = None if id is None else await self._facility.get("model", id)
            known = self._made[key] = made if record is None else self._recorded(made, record.state)
        return known

    async def _of_asset(self, item: Item, id: UUID) -> _Made | None:
        """The model that an asset is recorded with."""
        if id not in self._by_id:
            record = await self._facility.get("model", id)
            if record is None:
                return None
            model: Model = record.state
            made = self._recorded(_Made(item, list(model.manufacturers), model.part_number, model.name), model)
            if model.status is not DefinitionStatus.DEPRECATED:
                made = self._made.setdefault(_Key(folded(made.maker), folded(made.part_number)), made)
            self._by_id[id] = made
        return self._by_id[id]

    def _recorded(self, made: _Made, model: Model) -> _Made:
        usable = [id for id in model.declared_family_ids if self._families.is_usable(id)]
        made.recorded = model
        made.declared = [self._families.by_id[id].name for id in usable]
        made.is_fixed = model.status is DefinitionStatus.DEPRECATED or len(usable) < len(model.declared_family_ids)
        return made

    def add_entries(self, files: Files) -> None:
        """The entries of the models that are new, and of those that have to declare further families."""
        for made in self._made.values():
            if made.recorded is not None and made.families:
                files.add("models", _further(made, made.recorded, [*made.declared, *made.families]))
            elif made.recorded is None and made.items:
                files.add("models", _entry(made, list(made.families) or [self._families.general(made.items)]))


def _made_of(item: Item) -> _Made | None:
    """What a record says of the model: by maker and part number, None where neither is told.

    The code of DataCite stands for the one that is not.
    """
    model, makers = item.record.model, _makers(item)
    name = text_of(item, _NAME, model.name, _LONGEST, model.spot, "the model") if model else None
    part_number = _part_number(item, model) or name
    if not makers and part_number is None:
        return None
    number = part_number or UNAVAILABLE
    is_other = model is not None and model.code is not None and number != model.code.value
    at_model = replace(model, spot=item.record.at("model")) if is_other and model is not None else None
    identifier = agent_identifier(item, at_model, "the model") if at_model is not None else None
    return _Made(item, makers or [Manufacturer(UNAVAILABLE)], number, name or number, identifier)


def _numbers(made: _Made) -> Iterator[str]:
    """The part numbers that a model may go by, where it has none: its name, then its identifier. What nothing is told
    of may be several models, as one declares only so many families."""
    is_unknown = made.part_number == UNAVAILABLE
    if not is_unknown or made.identifier is None:
        yield made.part_number
    if made.identifier is not None and len(made.identifier.value) <= _LONGEST:
        yield made.identifier.value
    if is_unknown:
        yield from (f"{UNAVAILABLE} {number}" for number in count(2))


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
            item.tell(thing.spot, f"a manufacturer stands here twice: {shown_thing(thing)}")
        else:
            found[maker_key(maker.name)] = maker
    return first_of(item, found.values(), _MOST_MAKERS, item.record.at("manufacturers"), "manufacturers")


def agent_identifier(item: Item, thing: Thing, what: str) -> AgentIdentifier | None:
    """The identifier of an owner, a maker or a model; what does not pass the checks of its scheme is told."""
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
    if folded_word(model.code.scheme or "") != "partnumber":
        item.tell(model.spot, f"{model.code.scheme} {short(model.code.value)} of the model is kept as its PartNumber")
    return text_of(item, _NAME, model.code.value, _LONGEST, model.spot, "the part number")


def _tell_others(item: Item, known: _Made) -> None:
    """Tell what the record of an asset says of its model otherwise; what is recorded beside that is no news."""
    made, recorded = _made_of(item), known.recorded
    if made is None or recorded is None:
        return
    others = {folded(recorded.part_number), folded(made.name), folded(UNAVAILABLE)}
    if folded(made.part_number) not in others:
        item.tell(item.record.at("model"), f"the part number stays as it is recorded: not {made.part_number}")
    said = [maker for maker in made.makers if maker != Manufacturer(UNAVAILABLE)]
    unsaid = [maker for maker in recorded.manufacturers if maker_key(maker.name) not in _keys(said)]
    unnamed = recorded.identifier if made.identifier is None else made.identifier
    _tell_differences(item, replace(made, makers=[*said, *unsaid], identifier=unnamed), recorded)


def _keys(makers: Iterable[Manufacturer]) -> set[str]:
    return {maker_key(maker.name) for maker in makers}


def _tell_differences(item: Item, made: _Made, recorded: Model) -> None:
    if made.name not in (recorded.name, UNAVAILABLE):
        item.tell(item.record.at("model"), f"the name of the model stays as it is recorded: '{recorded.name}'")
    _tell_makers(item, made.makers, recorded.manufacturers, "stays as it is recorded")
    _tell_identifier(item, made.identifier, recorded.identifier, "stays as it is recorded")


def _tell_other(item: Item, made: _Made, known: _Made) -> None:
    if made.name != known.name:
        item.tell(item.record.at("model"), f"the name of the model is that of another record: '{known.name}'")
    identifiers = {maker_key(maker.name): maker.identifier for maker in made.makers}
    known.makers = [
        replace(maker, identifier=maker.identifier or identifiers.get(maker_key(maker.name))) for maker in known.makers
    ]
    _tell_makers(item, made.makers, known.makers, "is that of another record")
    _tell_identifier(item, made.identifier, known.identifier, "is that of another record")


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


def _tell_identifier(item: Item, said: AgentIdentifier | None, kept: AgentIdentifier | None, how: str) -> None:
    if said is not None and said != kept:
        item.tell(item.record.at("model"), f"the identifier of the model is not kept: {said.scheme} {said.value}")
    elif said is None and kept is not None:
        item.tell(item.record.at("model"), f"the identifier of the model {how}: {kept.scheme} {kept.value}")


def _entry(made: _Made, families: list[str]) -> ModelEntry:
    item, (maker, *further) = made.item, map(_given, made.makers)
    identifier = made.identifier
    website = fitted(_URL, identifier.value)[0] if identifier is not None and identifier.scheme == "URL" else None
    return ModelEntry(
        place=item.place(item.record.at("model")),
        lines=dict.fromkeys(("manufacturer", "further_manufacturers"), item.record.at("manufacturers")),
        name=made.name,
        manufacturer=maker,
        further_manufacturers=further or LEFT_OUT,
        part_number=made.part_number,
        families=_named(item, families),
        website=website or LEFT_OUT,
        identifier=LEFT_OUT if identifier is None else given_identifier(identifier),
        registered=registered_for(made.items),
    )


def _given(maker: Manufacturer) -> dict[str, Any]:
    if maker.identifier is None:
        return {"name": maker.name}
    return {"name": maker.name, "identifier": given_identifier(maker.identifier)}


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
