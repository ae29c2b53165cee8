"""Facilities as they come about: random commands, most of them sensible, on a facility in memory."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast
from uuid import UUID

from pydantic import ValidationError
from tests.unit.facility_file.hutch import Hutch

from cora.equipment.aggregates.role import role_id
from cora.equipment.features.define_role import SEEDED_ROLES
from cora.equipment.values import Affordance
from cora.kernel.errors import Refusal
from cora.kernel.execute import Call
from cora.kernel.principal import Principal, Role

ADMIN = Principal("somebody", Role.ADMIN)
NAMES = (
    "Rotary", "rotary 2", "a/b", "/lead", "tail/", "//", "no", "1.5", "007", "Ä b", "x: y", "'q'", "- z", "Straße",
    "null", "2016-05-01", "a#b", "{x}", "a\u2028b", "Hutch B", "2-BM", "#", "~", "a, b", "e\u0301",
)  # fmt: skip
PORTS = ("out", "in", "a->b", "x.y", "pso")
SCHEMAS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"type": "object", "properties": {"speed": {"type": "number"}, "mode": {"type": "string"}}},
    {"type": "object", "properties": {"speed": {"type": "number", "maximum": 100}}, "required": ["speed"]},
    {"type": "object", "properties": {"speed": {"type": "number"}, "any thing": {}}},
    {"type": "object", "properties": {"": {}, "speed": {"type": "number"}}},
)
VALUES: tuple[Any, ...] = (
    1, 720, 0.5, 1e22, 1e16, -1e-9, "fast", "", " spaced ", True, None, [1, None, {"a": None}],
    {"x": {"y": 1, "z": "no"}},
    "01", {"": 1},
)  # fmt: skip
SURFACES = ("ThermalFace", "OpticCenter", "MountingFace")


class Story:
    """One facility, made step by step."""

    def __init__(self, hutch: Hutch, seed: int) -> None:
        self.hutch = hutch
        self.random = Random(seed)
        self.now = datetime(2016, 5, 1, tzinfo=UTC)

    async def tell(self, steps: int) -> None:
        """Do so many things; what is refused is left."""
        for command in ("register_facility", "define_family", "define_family", "register_frame", "register_asset"):
            await self._do(command)
        for _ in range(steps):
            await self._do(self.random.choice(_STEPS))

    async def _do(self, command: str) -> None:
        with contextlib.suppress(IndexError):  # there is nothing yet that it could be about
            await self.give(command, **_ARGUMENTS[command](self))

    async def give(self, command: str, **arguments: Any) -> None:
        """Give a command at some time, most often a little later than the one before."""
        self.now += timedelta(days=self.random.choice((0, 0, 0, 1, 30)))
        moment = self.random.choice((self.now, self.now, self.now, None, self.now - timedelta(days=200)))
        declared = self.hutch.facility.commands[command]
        given = {name: value for name, value in arguments.items() if value is not None}
        with contextlib.suppress(Refusal, ValidationError):
            call = Call(ADMIN, "http", "story", occurred_at=moment)
            await self.hutch.kernel.command(declared, declared.request.model_validate(given), call)

    def one(self, kind: str) -> dict[str, Any]:
        """One of the records of a kind. Raises `IndexError` when there is none."""
        return self.random.choice(self.hutch.states(kind))

    def id(self, kind: str) -> str:
        """The id of one of the records of a kind."""
        return str(self.one(kind)["id"])

    def some(self, kind: str, most: int = 3) -> list[str]:
        """The ids of some records of a kind."""
        ids = [str(each["id"]) for each in self.hutch.states(kind)]
        return self.random.sample(ids, min(len(ids), self.random.randint(0, most)))

    def maybe(self, value: Callable[[], Any]) -> Any:
        """A value, or none."""
        return value() if self.random.random() < 0.5 else None

    def name(self) -> str:
        """A name, now and then one that is used."""
        return self.random.choice(NAMES)

    def placement(self, frame_id: str) -> dict[str, Any]:
        """A place in a frame."""
        numbers = {name: self.random.choice((0, 0, 5, -1.25, 1e17, 1e-7)) for name in ("x", "y", "rz")}
        tolerance = self.random.choice((0, 0.05))
        surface = self.random.choice(SURFACES)
        return {"parent_frame_id": frame_id, **numbers, "tol_x": tolerance, "reference_surface": surface}

    def drawing(self) -> dict[str, Any]:
        """A drawing."""
        return {
            "system": self.random.choice(("EDMS", "Other")),
            "number": self.name(),
            "revision": self.maybe(self.name),
        }

    def agent(self) -> dict[str, Any] | None:
        """Who somebody is, or nothing."""
        return self.maybe(lambda: {"scheme": self.random.choice(("ROR", "ror")), "value": "https://ror.org/05gvnxz63"})

    def owner(self) -> dict[str, Any]:
        """An owner."""
        return {"name": self.name(), "contact": self.maybe(lambda: "ada@example.org"), "identifier": self.agent()}

    def other_identifier(self) -> dict[str, Any]:
        """A serial number or the like."""
        return {"kind": self.random.choice(("SerialNumber", "Other")), "value": self.name(), "name": self.name()}

    def related(self) -> dict[str, Any]:
        """What something is related to."""
        scheme, value = self.random.choice((("DOI", "https://doi.org/10.5438/ABC"), ("URL", "https://a.example/?b#c")))
        relation = self.random.choice(("References", "IsDescribedBy", "WasUsedIn"))
        return {"relation": relation, "scheme": scheme, "value": value, "name": self.maybe(self.name)}

    def subject(self) -> dict[str, Any]:
        """A keyword, with an identifier or without."""
        known = {"identifier": "http://vocab.test/1", "scheme": "any scheme"}
        return {"name": self.name(), **(self.maybe(lambda: known) or {})}

    def port(self) -> dict[str, Any]:
        """A port."""
        direction = self.random.choice(("Input", "Output"))
        return {
            "name": self.random.choice(PORTS),
            "direction": direction,
            "signal_type": self.random.choice(("TTL", "a b")),
        }

    def term(self) -> dict[str, Any]:
        """A term."""
        return self.random.choice(({"name": self.name()}, {"name": "a", "identifier": "1", "scheme": self.name()}))

    def affordances(self) -> list[str]:
        """Some affordances, often those of the Positioner."""
        some = self.random.sample(list(Affordance), self.random.randint(0, 3))
        return [*map(str, some), *self.random.choice(((), ("Homeable", "Limitable")))]

    def role(self) -> str:
        """The id of a role."""
        return self.random.choice((str(role_id("Positioner")), self.id("role")))

    def slots(self) -> list[dict[str, Any]]:
        """Slots of an assembly."""
        names = self.random.sample(("a", "b", "null", "1"), self.random.randint(0, 3))
        return [
            {
                "slot_name": each,
                "required_family_ids": self.some("family"),
                "cardinality": self.random.choice(("Exactly1", "OneOrMore", "ZeroOrMore", "ZeroOrOne")),
            }
            for each in names
        ]

    def wires(self) -> list[dict[str, Any]]:
        """Wires between slots that may be there."""
        ends = [(self.random.choice(("a", "b")), self.random.choice(PORTS)) for _ in range(2)]
        wire = {
            "source_slot_name": ends[0][0], "source_port_name": ends[0][1],
            "target_slot_name": ends[1][0], "target_port_name": ends[1][1],
        }  # fmt: skip
        return [wire] if self.random.random() < 0.3 else []

    def bindings(self, assembly: dict[str, Any]) -> list[dict[str, Any]]:
        """Installed assets for the slots of an assembly, as far as there are any that fit."""
        assets = {each["id"]: each for each in self.hutch.states("asset")}
        installed = [
            assets[each["installed_asset_id"]] for each in self.hutch.states("mount") if each["installed_asset_id"]
        ]
        self.random.shuffle(installed)
        found: list[dict[str, Any]] = []
        for slot in assembly["required_slots"]:
            wanted = 1 if slot["cardinality"] in ("Exactly1", "ZeroOrOne") else self.random.randint(1, 3)
            fitting = [each for each in installed if set(each["family_ids"]) & set(slot["required_family_ids"])]
            for asset in fitting[:wanted]:
                installed.remove(asset)
                found.append({"slot_name": slot["slot_name"], "asset_id": asset["id"]})
        return found


def _family(story: Story) -> dict[str, Any]:
    return {
        "name": story.name(),
        "description": story.maybe(story.name),
        "affordances": story.affordances(),
        "term": story.maybe(story.term),
        "measured_variables": [story.term()],
        "measurement_techniques": story.maybe(lambda: [story.term(), story.term()]),
    }


def _schema(story: Story) -> dict[str, Any]:
    return {"family_id": story.id("family"), "settings_schema": story.random.choice(SCHEMAS)}


def _model(story: Story) -> dict[str, Any]:
    return {
        "name": story.name(), "manufacturer": {"name": story.name(), "identifier": story.agent()},
        "part_number": story.name(), "description": story.maybe(story.name),
        "declared_family_ids": story.some("family"), "website": story.maybe(lambda: "https://a.example/#b"),
        "identifier": story.maybe(lambda: {"scheme": "RRID", "value": "RRID:SCR_1: 2"}),
        "further_manufacturers": story.maybe(lambda: [{"name": story.name(), "identifier": story.agent()}]) or [],
    }  # fmt: skip


def _frame(story: Story) -> dict[str, Any]:
    parent = story.maybe(lambda: story.id("frame")) if story.hutch.states("frame") else None
    placement = None if parent is None else story.placement(parent)
    return {"name": story.name(), "parent_id": parent, "placement": placement}


def _mount(story: Story) -> dict[str, Any]:
    mounts = story.hutch.states("mount")
    parent = story.maybe(lambda: story.id("mount")) if mounts else None
    return {
        "slot_code": story.name(), "placement": story.placement(story.id("frame")), "parent_id": parent,
        "drawing": story.maybe(story.drawing),
    }  # fmt: skip


def _asset(story: Story) -> dict[str, Any]:
    assets = story.hutch.states("asset")
    parent = story.id("asset") if assets and story.random.random() < 0.8 else None
    return {
        "name": story.name(), "tier": "Device", "parent_id": parent,
        "facility_code": None if parent else story.one("facility")["code"],
        "description": story.maybe(story.name),
        "model_id": story.maybe(lambda: story.id("model")) if story.hutch.states("model") else None,
        "family_ids": story.some("family", 2),
        "controller_id": story.maybe(lambda: story.id("asset")) if assets else None,
        "owners": [story.owner()], "ports": [story.port()], "alternate_identifiers": [story.other_identifier()],
        "drawing": story.maybe(story.drawing), "related_identifiers": [story.related()],
        "subjects": [story.subject()],
    }  # fmt: skip


def _fixture(story: Story) -> dict[str, Any]:
    assembly = story.one("assembly")
    return {
        "name": story.name(), "assembly_id": assembly["id"], "slot_asset_bindings": story.bindings(assembly),
        "description": story.maybe(story.name),
        "parameter_overrides": {"speed": 3} if assembly["parameter_overrides_schema"] else {},
    }  # fmt: skip


def _attachment(story: Story) -> dict[str, Any]:
    fixture = story.one("fixture")
    return {"asset_id": story.random.choice(fixture["slot_asset_bindings"])["asset_id"], "fixture_id": fixture["id"]}


def _on_asset(**members: Callable[[Story], Any]) -> Callable[[Story], dict[str, Any]]:
    return lambda story: {"asset_id": story.id("asset"), **{name: make(story) for name, make in members.items()}}


def _reason(_story: Story) -> str:
    return "as seen"


def _patch(story: Story) -> dict[str, Any]:
    return {story.random.choice(("speed", "mode", "any thing", "")): story.random.choice(VALUES), "speed": 1.5}


_ARGUMENTS: dict[str, Callable[[Story], dict[str, Any]]] = {
    "register_facility": lambda s: {
        "code": s.random.choice(("aps", "esrf")), "name": s.name(), "contact": s.maybe(lambda: "a@b.example"),
        "identifier": s.agent(), "website": s.maybe(lambda: "https://a.example/?b=1&c"),
    },
    "define_role": lambda s: {
        "name": s.name(), "docstring": "as it says", "required_affordances": s.affordances(), "produces": ["b", "a"],
        "optional_affordances": s.maybe(lambda: ["Posable"]), "consumes": s.maybe(lambda: [s.name()]),
    },
    "define_family": _family,
    "update_family_settings_schema": _schema,
    "add_family_presents_as": lambda s: {"family_id": s.id("family"), "role_id": s.role()},
    "remove_family_presents_as": lambda s: {"family_id": s.id("family"), "role_id": s.role()},
    "define_model": _model,
    "register_frame": _frame,
    "register_mount": _mount,
    "register_asset": _asset,
    "describe_asset": _on_asset(name=Story.name, description=Story.name),
    "add_asset_family": _on_asset(family_id=lambda s: s.id("family")),
    "remove_asset_family": _on_asset(family_id=lambda s: s.id("family")),
    "add_asset_owner": _on_asset(owner=Story.owner),
    "remove_asset_owner": _on_asset(name=Story.name),
    "add_asset_port": _on_asset(port=Story.port),
    "add_asset_alternate_identifier": _on_asset(identifier=Story.other_identifier),
    "add_asset_related_identifier": _on_asset(identifier=Story.related),
    "add_asset_subject": _on_asset(subject=Story.subject),
    "update_asset_settings": _on_asset(patch=_patch),
    "degrade_asset": _on_asset(reason=_reason),
    "restore_asset": _on_asset(reason=_reason),
    "activate_asset": _on_asset(),
    "enter_asset_maintenance": _on_asset(),
    "exit_asset_maintenance": _on_asset(),
    "decommission_asset": _on_asset(reason=_reason),
    "relocate_asset": _on_asset(to_parent_id=lambda s: s.id("asset"), reason=_reason),
    "record_asset_persistent_id": _on_asset(
        scheme=lambda _: "DOI", value=lambda s: f"10.5072/{s.random.randint(1, 99)}"
    ),
    "install_asset": lambda s: {"mount_id": s.id("mount"), "asset_id": s.id("asset")},
    "uninstall_asset": lambda s: {"mount_id": s.id("mount"), "reason": "to be cleaned"},
    "define_assembly": lambda s: {
        "name": s.name(), "presents_as_family_id": s.id("family"), "required_slots": s.slots(),
        "required_wires": s.wires(), "drawing": s.maybe(s.drawing),
        "parameter_overrides_schema": s.maybe(lambda: SCHEMAS[1]),
    },
    "add_assembly_presents_as": lambda s: {"assembly_id": s.id("assembly"), "role_id": s.role()},
    "register_fixture": _fixture,
    "attach_asset_to_fixture": _attachment,
    "detach_asset_from_fixture": _attachment,
    "assign_fixture_persistent_id": lambda s: {"fixture_id": s.id("fixture"), "scheme": "Handle"},
}  # fmt: skip
# What later steps stand on, and what takes several to come about, comes more often.
_STEPS = (
    *_ARGUMENTS,
    *("activate_asset", "install_asset", "register_mount", "register_fixture", "attach_asset_to_fixture") * 4,
)


def pictured(hutch: Hutch) -> dict[str, dict[str, Any]]:
    """All that is in use, by name and with names for ids: the same for facilities that are the same."""
    names = {UUID(each["id"]): name for each, name in _named(hutch)}
    found: dict[str, dict[str, Any]] = {}
    for state, name in _named(hutch):
        if state.get("lifecycle") == "Decommissioned":
            continue
        found[name] = {
            **_without_ids(state, {str(id): each for id, each in names.items()}),
            "began_at": None if name in _SEEDED else hutch.log.tables.documents[UUID(state["id"])].began_at,
        }
    return found


def _named(hutch: Hutch) -> list[tuple[dict[str, Any], str]]:
    states = {each["id"]: (kind, each) for kind in (
        "facility", "role", "family", "model", "frame", "mount", "asset", "assembly", "fixture"
    ) for each in hutch.states(kind)}  # fmt: skip

    def name(id: str) -> str:
        kind, state = states[id]
        above = state.get("parent_id") if kind in ("asset", "frame") else None
        own = state.get("slot_code") or state.get("code") or state["name"]
        maker = f"{state['manufacturer']['name']} | {state['part_number']}" if kind == "model" else own
        return f"{kind} {state.get('facility_code') or ''} {maker}" + (f" < {name(above)}" if above else "")

    return [(state, name(id)) for id, (_, state) in states.items()]


_SEEDED = frozenset(f"role  {role.name}" for role in SEEDED_ROLES)
_SETS = frozenset(("presents_as", "declared_family_ids", "required_family_ids"))


def _without_ids(value: Any, names: dict[str, str]) -> Any:
    match value:
        case dict():
            members = cast("dict[str, Any]", value)
            return {
                key: sorted(map(names.__getitem__, below)) if key in _SETS else _without_ids(below, names)
                for key, below in members.items()
                if key not in ("id", "contact_id", "origin")
            }
        case list():
            return [_without_ids(each, names) for each in cast("list[Any]", value)]
        case str():
            return names.get(value, value)
        case _:
            return value
