"""Random commands: mostly about what is there, sometimes about what is not."""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, TypeVar

from tests.model.definitions import role_id
from tests.model.identifiers import is_kept_here, is_lost, is_news
from tests.model.schemas import KEYS, UNUSABLE, USABLE, VALUES
from tests.model.world import State, World, is_in_use

from cora.kernel.identity import new_id

T = TypeVar("T")

Where = Callable[[State], bool]

# Some are equal ignoring case, some only after normalisation; one has space around it.
NAMES = ("Tower", "TOWER", "Stage", " stage ", "Säule", "Sa\u0308ule", "SÄULE", "Camera", "Lens", "Straße", "STRASSE")
AFFORDANCES = ("Homeable", "Limitable", "Imageable", "Identifiable", "Reportable", "Rotatable")
SEEDED = ("Detector", "Positioner", "Controller", "Sensor")
PORTS = ("in", "IN", "out", "trigger")
SLOTS = ("top", "base", "spare")
TAGS = ("2", "3", "2024-A")
REASONS = ("swap", "worn", "survey")
SUFFIXES = ("one", "two", "three")
VALUES_OF_OTHERS = {
    "DOI": ("10.1234/{run}-A", "10.0000/cora-stub/{run}-one"),
    "Handle": ("20.1000/{run}-b", "20.1000/{run}-B"),
}


def is_deprecated(definition: State) -> bool:
    """Whether a definition is out of use."""
    return definition["status"] == "Deprecated"


def is_current(definition: State) -> bool:
    """Whether a definition is in use."""
    return not is_deprecated(definition)


class Draws:
    """Draws the parts of commands; names that are unique over all runs begin with the run."""

    def __init__(self, random: Random, world: World, run: str) -> None:
        self._random = random
        self.world = world
        self.run = run

    def one(self, choices: Sequence[T]) -> T:
        """One of several."""
        return self._random.choice(choices)

    def chance(self, percent: int) -> bool:
        """Whether something rare happens."""
        return self._random.randrange(100) < percent

    def some(self, choices: Sequence[T], most: int) -> list[T]:
        """A few of several, possibly one of them more than once."""
        return [self.one(choices) for _ in range(self._random.randint(0, most))]

    def id(self, kind: str, where: Where | None = None) -> str:
        """The id of a record of a kind, most often of one where something holds; sometimes no such record."""
        if self.chance(4):
            return str(new_id())
        if self.chance(3):
            return self.one(list(self.world.records))
        states = self.world.all(kind)
        fitting = [state["id"] for state in states if where is None or where(state)]
        if fitting and not self.chance(25):
            return self.one(fitting)
        ids = [state["id"] for state in states]
        return self.one(ids) if ids else str(new_id())

    def definition(self, kind: str) -> str:
        """The id of a definition, most often of one that is not deprecated, at times of one that is."""
        return self.id(kind, is_deprecated if self.chance(20) else is_current)

    def of(self, kind: str, **members: Any) -> State:
        """The members of a command on a definition."""
        return {f"{kind}_id": self.definition(kind), **members}

    def alive(self) -> str:
        """The id of an asset, mostly of a living one."""
        return self.id("asset", _is("Decommissioned") if self.chance(12) else _is_alive)

    def used(self, kind: str) -> str:
        """The id of a frame, a mount or a fixture, mostly of one in use."""
        return self.id(kind, _is_over if self.chance(12) else is_in_use)

    def optional(self, percent: int, value: Callable[[], T]) -> T | None:
        """Something that is left out otherwise."""
        return value() if self.chance(percent) else None

    def name(self) -> str:
        return self.one(NAMES)

    def names_of_all(self) -> str:
        """A name that is unique over all records of a kind, so it begins with the run."""
        return f"{self.run} {self.name().strip()}"

    def affordances(self) -> list[str]:
        return list(dict.fromkeys(self.some(AFFORDANCES, 4)))

    def port(self) -> State:
        direction, signal = self.one(("Output", "Input")), self.one(("TTL", "Analog"))
        return {"name": self.one(PORTS), "direction": direction, "signal_type": signal}

    def owner(self) -> State:
        contact = {"contact": "ada@example.org"} if self.chance(40) else {}
        return {"name": self.name(), **contact}

    def identifier(self) -> State:
        value = self.one(("A-1", "a-1", "B-2"))
        if self.chance(30):
            return {"kind": "Other", "value": value, "name": "EPICS PV"}
        return {"kind": self.one(("SerialNumber", "InventoryNumber")), "value": value}

    def related(self) -> State:
        relation = self.one(("References", "IsDescribedBy", "HasComponent"))
        scheme, value = self.one(
            (
                ("DOI", "10.5438/Manual"),
                ("DOI", "https://doi.org/10.5438/MANUAL"),
                ("Handle", "21.5/Part"),
                ("Handle", "21.5/part"),
                ("URL", "https://vendor.example/A"),
                ("URL", "https://vendor.example/a"),
            )
        )
        named = {"name": self.one(("Manual", "Ding"))} if self.chance(40) else {}
        return {"relation": relation, "scheme": scheme, "value": value, **named}

    def subject(self) -> State:
        known = {"identifier": "http://vocab.test/1", "scheme": "URL"} if self.chance(30) else {}
        return {"name": self.one(("optics", "OPTICS", "Straße")), **known}

    def drawing(self) -> State:
        revision = {"revision": "02"} if self.chance(30) else {}
        return {"system": self.one(("EDMS", "ICMS")), "number": "630C2125", **revision}

    def placement(self, frame_id: str | None = None) -> State:
        placed_in = frame_id or self.used("frame")
        return {"parent_frame_id": placed_in, "x": self.one((0.0, 12.5)), "tol_z": self.one((0.0, 0.25))}

    def slot(self) -> State:
        cardinality = self.one(("Exactly1", "ZeroOrOne", "OneOrMore", "ZeroOrMore"))
        families = [self.family() for _ in range(self.one((1, 2)))]
        return {"slot_name": self.one(SLOTS), "required_family_ids": families, "cardinality": cardinality}

    def wire(self) -> State:
        target = {"target_slot_name": self.one(SLOTS[:2]), "target_port_name": "in"}
        return {"source_slot_name": self.one(SLOTS), "source_port_name": "out", **target}

    def overrides(self) -> State:
        return {key: value for key, value in self.patch().items() if value is not None}

    def patch(self) -> State:
        return {self.one(KEYS): self.one(VALUES) for _ in range(self.one((1, 1, 2, 0)))}

    def family(self) -> str:
        return self.definition("family")

    def role(self) -> str:
        ids = [role_id(name) for name in SEEDED] + [role["id"] for role in self.world.all("role")]
        return str(new_id()) if self.chance(8) else self.one(ids)

    def schema(self) -> State | None:
        if self.chance(10):
            return self.one(UNUSABLE)
        return self.one((*USABLE, None))


def created(draws: Draws, members: State) -> State:
    """A creating command, which sometimes brings its id: a fresh one, or one that is used."""
    if draws.chance(25):
        used = draws.chance(20)
        members["id"] = draws.one(list(draws.world.records)) if used else str(new_id())
    return {name: value for name, value in members.items() if value is not None}


def register_facility(d: Draws) -> State:
    contact = d.optional(30, lambda: "office@example.org")
    code = f"{d.run}-{d.one(('a', 'b'))}"
    return created(d, {"code": code, "name": d.name(), "contact": contact})


def revise_facility(d: Draws) -> State:
    contact = {"contact": "desk@example.org"} if d.chance(40) else {}
    return {"facility_id": d.id("facility"), "name": d.name(), **contact}


def define_family(d: Draws) -> State:
    return created(d, {"name": d.names_of_all(), "affordances": d.affordances()})


def version_family(d: Draws) -> State:
    given = d.of("family", tag=d.one(TAGS), name=d.names_of_all(), affordances=d.affordances())
    family = d.world.find("family", given["family_id"])
    if family and d.chance(40):
        given.update(name=family["name"], affordances=[*family["affordances"], "Rotatable"])
    return {**given, "description": d.one(("Turns.", None))}


def define_role(d: Draws) -> State:
    name = d.one(("Detector", "POSITIONER")) if d.chance(20) else d.names_of_all()
    required, optional = d.affordances(), d.affordances()
    if not d.chance(30):
        optional = [each for each in optional if each not in required]
    return {"name": name, "docstring": "Does.", "required_affordances": required, "optional_affordances": optional}


def _model(d: Draws) -> State:
    families = [d.family() for _ in range(d.one((1, 2, 3)))]
    number = f"{d.run} {d.one(('ABRS-150', 'abrs-150', 'XPS'))}"
    maker = {"name": d.one(("Aerotech", "AEROTECH"))}
    known: State = {"identifier": {"scheme": "URL", "value": "https://vendor.example/abrs"}} if d.chance(20) else {}
    if d.chance(30):
        huber = {"name": "Huber", "identifier": {"scheme": "Wikidata", "value": "Q1"}}
        known["further_manufacturers"] = d.one(([huber], [{"name": "ESRF"}, huber]))
    return {"name": d.name(), "manufacturer": maker, "part_number": number, "declared_family_ids": families, **known}


def version_model(d: Draws) -> State:
    given = {**d.of("model", tag=d.one(TAGS)), **_model(d)}
    model = d.world.find("model", given["model_id"])
    if model and d.chance(50):
        given.update(manufacturer={"name": model["manufacturer"]["name"]}, part_number=model["part_number"])
    return given


def remove_model_family(d: Draws) -> State:
    given = {"model_id": d.id("model", lambda model: is_current(model) and len(model["declared_family_ids"]) > 1)}
    model = d.world.find("model", given["model_id"])
    declared: list[str] = model["declared_family_ids"] if model else []
    return {**given, "family_id": d.one(declared) if declared and d.chance(80) else d.family()}


def _without(
    kind: str, field: str, argument: str, of: Callable[[Any], Any], otherwise: Callable[[Draws], Any]
) -> Callable[[Draws], State]:
    """One of the things that a record lists is removed from it, or at times something else."""

    def draw(d: Draws) -> State:
        id = d.id(kind, lambda record: bool(record[field]))
        record = d.world.find(kind, id)
        listed: list[Any] = record[field] if record else []
        return {f"{kind}_id": id, argument: of(d.one(listed)) if listed and d.chance(70) else otherwise(d)}

    return draw


def _itself(value: Any) -> Any:
    return value


def _assembly(d: Draws) -> State:
    slots = [d.slot() for _ in range(d.one((1, 2, 2, 3)))]
    if not d.chance(15):
        slots = list({slot["slot_name"]: slot for slot in slots}.values())
    wires = [wire for wire in (d.wire() for _ in range(d.one((0, 0, 1)))) if not _a_loop(wire)]
    return {
        "name": d.names_of_all(),
        "presents_as_family_id": d.family(),
        "required_slots": slots,
        "required_wires": wires,
        "parameter_overrides_schema": d.optional(30, d.schema),
    }


def _a_loop(wire: State) -> bool:
    source = wire["source_slot_name"], wire["source_port_name"]
    return source == (wire["target_slot_name"], wire["target_port_name"])


def register_asset(d: Draws) -> State:
    place: State = {"parent_id": d.id("asset", _is_alive)}
    if d.chance(15):
        codes = [each["code"] for each in d.world.all("facility")]
        place = {"facility_code": d.one([*codes, f"{d.run}-none"])}
        if d.chance(20):
            place["parent_id"] = d.id("asset")
    elif d.chance(4):
        place = {}
    families = [d.family() for _ in range(d.one((1, 0, 2)))]
    if not d.chance(5):
        families = list(dict.fromkeys(families))
    return created(
        d,
        {
            "name": d.name() if d.chance(40) else f"{d.name()} {len(d.world.records)}",
            "tier": d.one(("Device", "Component", "Unit")),
            **place,
            "model_id": d.optional(40, lambda: d.definition("model")),
            "family_ids": families,
            "controller_id": d.optional(20, d.alive),
            "drawing": d.optional(20, d.drawing),
            "owners": [d.owner() for _ in range(d.one((0, 0, 1, 2)))],
            "ports": [d.port() for _ in range(d.one((0, 0, 1, 2)))],
            "alternate_identifiers": [d.identifier() for _ in range(d.one((0, 0, 1, 2)))],
            "related_identifiers": [d.related() for _ in range(d.one((0, 0, 0, 1, 2)))],
            "subjects": [d.subject() for _ in range(d.one((0, 0, 0, 1, 2)))],
        },
    )


def _is_alive(asset: State) -> bool:
    return asset["lifecycle"] != "Decommissioned"


def _is(lifecycle: str) -> Where:
    return lambda asset: asset["lifecycle"] == lifecycle


def _is_over(state: State) -> bool:
    return not is_in_use(state)


def of_asset(where: Where | None = None, **parts: Callable[[Draws], Any]) -> Callable[[Draws], State]:
    """The members of a command on an asset."""

    def draw(d: Draws) -> State:
        asset_id = d.alive() if where is _is_alive else d.id("asset", where)
        return {"asset_id": asset_id, **{name: part(d) for name, part in parts.items()}}

    return draw


def describe_asset(d: Draws) -> State:
    given: State = {"asset_id": d.alive()}
    if d.chance(70):
        given["name"] = d.name()
    if d.chance(50):
        given["description"] = d.one(("Carries the sample.", None))
    return given


def bind_asset_model(d: Draws) -> State:
    reason = {"reason": d.one(REASONS)} if d.chance(60) else {}
    asset_id = d.alive() if d.chance(50) else d.id("asset", lambda asset: asset["model_id"] is not None)
    asset = d.world.find("asset", asset_id)
    other = d.id("model", lambda model: asset is None or model["id"] != asset["model_id"])
    return {"asset_id": asset_id, "model_id": other if d.chance(60) else d.id("model"), **reason}


def set_asset_controller(d: Draws) -> State:
    asset_id = d.alive()
    controlled = [asset["id"] for asset in d.world.living_assets() if asset["controller_id"] == asset_id]
    if d.chance(25) and controlled:
        return {"asset_id": asset_id, "controller_id": d.one(controlled)}
    return {"asset_id": asset_id, "controller_id": d.optional(80, d.alive)}


def _attached_or_bound(d: Draws) -> State:
    fixtures = d.world.all("fixture")
    if not fixtures or d.chance(15):
        return {"asset_id": d.id("asset"), "fixture_id": d.id("fixture")}
    fixture = d.one(fixtures)
    bound = [binding["asset_id"] for binding in fixture["slot_asset_bindings"]]
    asset_id = d.one(bound) if bound and not d.chance(15) else d.id("asset")
    return {"asset_id": asset_id, "fixture_id": fixture["id"]}


def _detached(d: Draws) -> State:
    asset_id = d.id("asset", lambda asset: asset["fixture_id"] is not None)
    asset = d.world.find("asset", asset_id)
    serves_in = asset["fixture_id"] if asset else None
    return {"asset_id": asset_id, "fixture_id": serves_in if serves_in and not d.chance(20) else d.id("fixture")}


def register_frame(d: Draws) -> State:
    members: State = {"name": d.names_of_all()}
    if d.chance(60):
        members["placement"] = d.placement()
        members["parent_id"] = d.id("frame") if d.chance(10) else members["placement"]["parent_frame_id"]
    elif d.chance(10):
        members["parent_id"] = d.id("frame")
    if d.chance(20):
        replaced = d.id("frame")
        moved = {**d.placement(), "parent_frame_id": replaced}
        members["supersedes"] = {"predecessor_frame_id": replaced, "transform_from_predecessor": moved}
    return created(d, members)


def register_mount(d: Draws) -> State:
    code = f"{d.run} {d.one(('A', 'a', 'B', 'C', 'D', 'E', 'F', 'G'))}"
    parent = d.optional(30, lambda: d.used("mount"))
    drawing = d.optional(20, d.drawing)
    return created(d, {"slot_code": code, "placement": d.placement(), "parent_id": parent, "drawing": drawing})


def update_frame_placement(d: Draws) -> State:
    frame_id = d.id("frame", lambda frame: frame["parent_id"] is not None and (is_in_use(frame) or d.chance(10)))
    frame = d.world.find("frame", frame_id)
    survey = {"survey_note": "laser tracker"} if d.chance(30) else {}
    if frame and frame["placement"] and d.chance(20):
        return {"frame_id": frame_id, "placement": frame["placement"], **survey}
    parent_id = frame["parent_id"] if frame and not d.chance(30) else None
    return {"frame_id": frame_id, "placement": d.placement(parent_id), **survey}


def decommission_frame(d: Draws) -> State:
    used = {mount["placement"]["parent_frame_id"] for mount in d.world.in_use("mount")}
    used |= {frame["parent_id"] for frame in d.world.in_use("frame")}
    wanted: tuple[Where, ...] = (is_in_use, _is_over, lambda frame: frame["id"] not in used and is_in_use(frame))
    return {"frame_id": d.id("frame", d.one(wanted)), "reason": _reason(d)}


def decommission_mount(d: Draws) -> State:
    above = {mount["parent_id"] for mount in d.world.in_use("mount")}
    wanted: tuple[Where, ...] = (is_in_use, _is_over, _is_empty, lambda mount: mount["id"] in above)
    return {"mount_id": d.id("mount", d.one(wanted)), "reason": _reason(d)}


def _is_empty(mount: State) -> bool:
    return mount["installed_asset_id"] is None


def retire_fixture(d: Draws) -> State:
    serving = {asset["fixture_id"] for asset in d.world.all("asset")}
    wanted: tuple[Where, ...] = (is_in_use, _is_over, lambda fixture: fixture["id"] not in serving)
    return {"fixture_id": d.id("fixture", d.one(wanted)), "reason": _reason(d)}


def install_asset(d: Draws) -> State:
    free = d.used("mount") if d.chance(20) else d.id("mount", _is_empty)
    return {"mount_id": free, "asset_id": d.id("asset", _is("Active"))}


def uninstall_asset(d: Draws) -> State:
    occupied = d.used("mount") if d.chance(20) else d.id("mount", lambda mount: not _is_empty(mount))
    return {"mount_id": occupied, "reason": "swap"}


def register_fixture(d: Draws) -> State:
    assembly_id = d.definition("assembly")
    assembly = d.world.find("assembly", assembly_id)
    slots: list[State] = assembly["required_slots"] if assembly else []
    bindings: list[State] = [
        {"slot_name": slot["slot_name"], "asset_id": _filling(d, slot)} for slot in slots if not d.chance(10)
    ]
    if d.chance(15):
        bindings.append({"slot_name": d.one(SLOTS), "asset_id": d.id("asset")})
    name = f"{d.run} {d.one(('Microscope', 'MICROSCOPE', 'Tower', 'Camera'))}"
    given: State = {"name": name, "assembly_id": assembly_id, "slot_asset_bindings": bindings}
    if d.chance(40):
        given["parameter_overrides"] = d.overrides()
    return created(d, given)


def _filling(d: Draws, slot: State) -> str:
    def fits(asset: State) -> bool:
        return bool(set(asset["family_ids"]) & set(slot["required_family_ids"])) and (
            d.world.mount_of(asset["id"]) is not None
        )

    return d.id("asset", fits)


def _assignment(kind: str) -> Callable[[Draws], State]:
    def draw(d: Draws) -> State:
        id = d.id(kind, lambda state: state["persistent_id"] is None)
        given: State = {f"{kind}_id": id, "scheme": d.one(("DOI", "Handle"))}
        if d.chance(60):
            given["suffix"] = f"{d.run}-{d.one(SUFFIXES)}"
        return given

    return draw


def _recording(kind: str) -> Callable[[Draws], State]:
    def draw(d: Draws) -> State:
        id, scheme = d.id(kind, lambda state: state["persistent_id"] is None), d.one(("DOI", "Handle"))
        return {f"{kind}_id": id, "scheme": scheme, "value": d.one(VALUES_OF_OTHERS[scheme]).format(run=d.run)}

    return draw


def of_identifier(where: Where, **parts: Callable[[Draws], Any]) -> Callable[[Draws], State]:
    """The members of a command on a persistent identifier."""

    def draw(d: Draws) -> State:
        return {"persistent_id_id": d.id("persistent_id", where), **{name: part(d) for name, part in parts.items()}}

    return draw


def _is_interrupted(persistent_id: State) -> bool:
    return persistent_id["status"] == "Draft" and persistent_id["publication_requested_at"] is not None


def _push(d: Draws) -> State:
    wanted: tuple[Where, ...] = (is_kept_here, partial(is_news, d.world), partial(is_lost, d.world), _is_interrupted)
    return {"persistent_id_id": d.id("persistent_id", d.one(wanted)), "again": d.chance(40)}


def _stands(*statuses: str) -> Where:
    return lambda persistent_id: persistent_id["status"] in statuses


def _reason(d: Draws) -> str:
    return d.one(REASONS)


ARGUMENTS: dict[str, Callable[[Draws], State]] = {
    "register_facility": register_facility,
    "revise_facility": revise_facility,
    "define_family": define_family,
    "version_family": version_family,
    "deprecate_family": lambda d: d.of("family", reason=_reason(d)),
    "update_family_settings_schema": lambda d: d.of("family", settings_schema=d.schema()),
    "add_family_presents_as": lambda d: d.of("family", role_id=d.role()),
    "remove_family_presents_as": _without("family", "presents_as", "role_id", _itself, Draws.role),
    "define_role": define_role,
    "define_model": lambda d: created(d, _model(d)),
    "version_model": version_model,
    "deprecate_model": lambda d: d.of("model", reason=_reason(d)),
    "add_model_family": lambda d: d.of("model", family_id=d.family()),
    "remove_model_family": remove_model_family,
    "define_assembly": lambda d: created(d, _assembly(d)),
    "version_assembly": lambda d: {**d.of("assembly", tag=d.one(TAGS)), **_assembly(d)},
    "deprecate_assembly": lambda d: d.of("assembly", reason=_reason(d)),
    "add_assembly_presents_as": lambda d: d.of("assembly", role_id=d.role()),
    "remove_assembly_presents_as": _without("assembly", "presents_as", "role_id", _itself, Draws.role),
    "register_asset": register_asset,
    "describe_asset": describe_asset,
    "bind_asset_model": bind_asset_model,
    "set_asset_controller": set_asset_controller,
    "set_asset_drawing": of_asset(_is_alive, drawing=lambda d: d.optional(70, d.drawing)),
    "add_asset_note": of_asset(text=lambda d: d.one(("Hums.", "Säule geschient."))),
    "activate_asset": of_asset(_is("Commissioned")),
    "enter_asset_maintenance": of_asset(_is("Active")),
    "exit_asset_maintenance": of_asset(_is("Maintenance")),
    "decommission_asset": of_asset(_is_alive, reason=_reason),
    "relocate_asset": of_asset(_is_alive, to_parent_id=lambda d: d.id("asset", _is_alive), reason=_reason),
    "add_asset_family": of_asset(_is_alive, family_id=Draws.family),
    "remove_asset_family": of_asset(_is_alive, family_id=Draws.family),
    "add_asset_port": of_asset(_is_alive, port=Draws.port),
    "remove_asset_port": of_asset(lambda asset: bool(asset["ports"]), name=lambda d: d.one(PORTS)),
    "update_asset_settings": of_asset(lambda asset: bool(asset["family_ids"]), patch=Draws.patch),
    "degrade_asset": of_asset(reason=_reason),
    "fault_asset": of_asset(reason=_reason),
    "restore_asset": of_asset(reason=_reason),
    "add_asset_owner": of_asset(_is_alive, owner=Draws.owner),
    "remove_asset_owner": _without("asset", "owners", "name", lambda owner: owner["name"], Draws.name),
    "add_asset_alternate_identifier": of_asset(_is_alive, identifier=Draws.identifier),
    "remove_asset_alternate_identifier": _without(
        "asset", "alternate_identifiers", "identifier", _itself, Draws.identifier
    ),
    "add_asset_related_identifier": of_asset(_is_alive, identifier=Draws.related),
    "remove_asset_related_identifier": _without("asset", "related_identifiers", "identifier", _itself, Draws.related),
    "add_asset_subject": of_asset(_is_alive, subject=Draws.subject),
    "remove_asset_subject": _without("asset", "subjects", "name", lambda subject: subject["name"], Draws.name),
    "attach_asset_to_fixture": _attached_or_bound,
    "detach_asset_from_fixture": _detached,
    "register_frame": register_frame,
    "register_mount": register_mount,
    "update_frame_placement": update_frame_placement,
    "decommission_frame": decommission_frame,
    "set_mount_drawing": lambda d: {"mount_id": d.used("mount"), "drawing": d.optional(70, d.drawing)},
    "update_mount_placement": lambda d: {"mount_id": d.used("mount"), "placement": d.placement()},
    "decommission_mount": decommission_mount,
    "install_asset": install_asset,
    "uninstall_asset": uninstall_asset,
    "register_fixture": register_fixture,
    "retire_fixture": retire_fixture,
    "assign_asset_persistent_id": _assignment("asset"),
    "assign_fixture_persistent_id": _assignment("fixture"),
    "record_asset_persistent_id": _recording("asset"),
    "record_fixture_persistent_id": _recording("fixture"),
    "publish_persistent_id": of_identifier(_stands("Draft")),
    "push_persistent_id": _push,
    "redirect_persistent_id": of_identifier(_stands("Draft", "Minted", "Withdrawn")),
    "withdraw_persistent_id": of_identifier(_stands("Minted", "Draft"), reason=_reason),
    "release_persistent_id": of_identifier(_stands("Reserved"), reason=_reason),
}
"""How to draw the members of each command."""
