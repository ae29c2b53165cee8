"""From the records of others to what a facility file would say, so that the plan and its rules are the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cora.equipment.paths import joined_path
from cora.equipment.pidinst.reading import Format, Spot, read_records
from cora.equipment.pidinst.reading.documents import LARGEST
from cora.equipment.values import folded
from cora.facility_file.entries import AssetEntry, FacilityEntry
from cora.facility_file.keys import facility_key
from cora.facility_file.planning.known import recorded_at
from cora.facility_file.port import Facility
from cora.facility_file.problems import Place, Problem
from cora.facility_file.read import Defaults, Files
from cora.facility_file.records.addresses import without_addresses
from cora.facility_file.records.assets import Life, asset_entry, life_of
from cora.facility_file.records.endings import settle_ends
from cora.facility_file.records.families import Families
from cora.facility_file.records.identity import recognise
from cora.facility_file.records.items import Destination, Item, given_identifier, registered_for
from cora.facility_file.records.kin import relate
from cora.facility_file.records.models import Models, agent_identifier
from cora.facility_file.records.naming import Naming
from cora.facility_file.records.pages import tell_other_pages
from cora.facility_file.shapes import LEFT_OUT, Named

_NOTHING = Defaults()


async def read_as_files(
    paths: Sequence[str | Path],
    destination: Destination,
    facility: Facility,
    *,
    format: Format = Format.AUTO,
    defaults: Defaults = _NOTHING,
    skip_unreadable: bool = False,
) -> Files:
    """Read records together, and say what they are to a facility. What is wrong is in `problems` of the answer; so is
    what is `unread`, unless that is skipped, which is a warning."""
    files = Files(tuple(dict.fromkeys(str(path) for path in paths)))
    items = [item for file in files.names for item in _read(file, files, format, defaults)]
    for place, why in files.unread:
        if skip_unreadable:
            files.warnings.append(Problem(place, f"left out: {why}"))
        else:
            files.problems.add(place, why)
    await recognise(items, facility)
    await relate(items, facility)
    await Naming(facility, destination).settle(items)
    living, lives = await _living([item for item in items if not item.is_left_out], facility)
    await _add_facility(items, living, destination, facility, files)
    await _add_assets(living, lives, destination, facility, files)
    await tell_other_pages(living, facility)
    return files


def _read(file: str, files: Files, format: Format, defaults: Defaults) -> list[Item]:
    files.defaults[file] = defaults
    try:
        with Path(file).open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        files.unread.append(Problem(Place(file, Spot()), f"the file cannot be read: {error.strerror or error}"))
        return []
    read = read_records(content, format)
    files.unread.extend(Problem(Place(file, spot), says) for spot, says in read.refused)
    records = [without_addresses(record) for record in read.records]
    told = (*read.not_understood, *(each for record in records for each in record.not_understood))
    files.warnings.extend(Problem(Place(file, spot), says) for spot, says in told)
    return [Item(file, record, files) for record in records]


async def _living(items: Sequence[Item], facility: Facility) -> tuple[list[Item], dict[Item, Life]]:
    """The items whose asset is new or lives, and when each of them began and ended."""
    living = [item for item in items if not item.is_dead]
    for item in items:
        if item.is_dead:
            item.tell(item.record.spot, "its asset is recorded and decommissioned, and stays as it is")
    now = datetime.now(UTC)
    lives = {item: life_of(item, now) for item in living}
    await settle_ends(living, lives, facility)
    for item in living:
        item.began = lives[item].began if item.recorded is None else lives[item].ended
    return living, lives


async def _add_facility(
    items: Sequence[Item], living: Sequence[Item], to: Destination, facility: Facility, files: Files
) -> None:
    """The facility that the assets go to, where it is not recorded: with the identifier of the owner of its name."""
    (id,) = await facility.holders([facility_key(to.facility)])
    if id is not None or not items:
        return
    place = Place(items[0].file, Spot())
    owners = [(item, thing) for item in items for thing in item.record.owners if thing.name]
    if to.facility_name is None:
        proposed = next((thing.name for _, thing in owners), "its name")
        files.problems.add(
            place, f"facility '{to.facility}' is not known; to register it give --create-facility \"{proposed}\""
        )
    name = to.facility_name or to.facility
    entry = FacilityEntry(
        place=place, lines={}, code=to.facility, name=name, registered=registered_for(_of(to.path[:1], living))
    )
    for item, thing in owners:
        if entry.identifier is LEFT_OUT and thing.code is not None and folded(thing.name or "") == folded(name):
            identifier = agent_identifier(item, thing, "the facility")
            if identifier is not None:
                entry.identifier = given_identifier(identifier)
    files.add("facilities", entry)


def _of(path: tuple[str, ...], items: Sequence[Item]) -> list[Item]:
    """The items that go below a path."""
    return [item for item in items if item.path[: len(path)] == path]


async def _add_assets(
    living: Sequence[Item], lives: dict[Item, Life], to: Destination, facility: Facility, files: Files
) -> None:
    families = await Families.known(facility)
    models = Models(facility, families)
    chosen = families.choose(living)
    # A model has the identifier that a record tells of it, so those that do go first.
    in_order = sorted(living, key=lambda item: item.record.model is None or item.record.model.code is None)
    made_of = {item: await models.choose(item, chosen[item]) for item in in_order}
    models.add_entries(files)
    families.add_entries(files)
    await _add_unit(living, to, facility, files)
    for number, item in enumerate(living, 1):
        tier = _tier(item)
        source = f"{Path(item.file).name}, {item.record.spot}"
        model, kept = made_of[item]
        families.tell_differences(item, chosen[item])
        entry = await asset_entry(item, kept, model, lives[item], tier, source, facility)
        files.add("assets", entry, number)


def _tier(item: Item) -> str:
    """A root is a unit; below it, what has parts is a component, and anything else a device."""
    if len(item.path) == 2:
        return "Unit"
    return "Component" if item.children else "Device"


async def _add_unit(items: Sequence[Item], to: Destination, facility: Facility, files: Files) -> None:
    """The asset that the others are put below, where it is new; those above it must be there."""
    files.add("assets", None, 0)
    goes_there = _of(to.path, items)
    if len(to.path) == 1 or not goes_there or await recorded_at(facility, to.path) is not None:
        return
    first = goes_there[0]
    place = first.place(Spot())
    entry = AssetEntry(place=place, lines={}, name=to.path[-1], tier="Unit", registered=registered_for(goes_there))
    above = Named(joined_path(*to.path[:-1]), Spot())
    if len(to.path) > 2:
        entry.parent = above
    else:
        entry.facility = above
    files.add("assets", entry, 0)
