"""What a run begins with, or with the first part of it: a tower and a camera on a beamline."""

from collections.abc import Callable

from tests.model.definitions import role_id
from tests.model.schemas import SPEED
from tests.model.world import State

Ids = dict[str, str]


def _role(name: str, docstring: str, required: list[str], optional: list[str], gives: list[str], takes: str) -> State:
    return {
        "id": role_id(name),
        "name": name,
        "docstring": docstring,
        "required_affordances": required,
        "optional_affordances": optional,
        "produces": gives,
        "consumes": [takes],
    }


_POSITIONER = ["Rotatable", "Translatable", "Posable", "Indexable", "Capturable", "Leading", "Following"]

SEEDED_ROLES: dict[str, State] = {
    role["id"]: role
    for role in (
        _role(
            "Detector",
            "Turns radiation or light into images.",
            ["Imageable"],
            ["Binnable", "Coolable", "Triggerable", "Streamable"],
            ["Image", "Frame"],
            "TriggerIn",
        ),
        _role(
            "Positioner",
            "Moves something to a position and knows its limits.",
            ["Homeable", "Limitable"],
            _POSITIONER,
            ["EncoderPosition"],
            "PositionCommand",
        ),
        _role(
            "Controller",
            "Drives other equipment and can be told apart from its like.",
            ["Identifiable"],
            ["Reportable", "Pulsing"],
            ["ControlOut"],
            "ControlIn",
        ),
        _role(
            "Sensor",
            "Reports a measured value.",
            ["Reportable"],
            ["Triggerable", "Streamable"],
            ["Reading"],
            "TriggerIn",
        ),
    )
}
"""The four roles of domain.md, section 3, by id."""


def _asset(name: str, family: str, **members: object) -> Callable[[Ids], State]:
    def given(ids: Ids) -> State:
        port = {"name": "out", "direction": "Output", "signal_type": "TTL"}
        other = {"name": "in", "direction": "Input", "signal_type": "TTL"}
        return {
            "name": name,
            "tier": "Device",
            "parent_id": ids["root"],
            "model_id": ids["model"],
            "family_ids": [ids[family]],
            "ports": [port, other],
            **members,
        }

    return given


def _model(ids: Ids, number: str) -> State:
    return {
        "name": "ABRS",
        "manufacturer": {"name": "Aerotech"},
        "part_number": f"{ids['run']} {number}",
        "declared_family_ids": [ids["stage"], ids["camera"]],
    }


def _inside(frame: str) -> State:
    return {"parent_id": frame, "placement": {"parent_frame_id": frame, "z": 900.0}}


def _assembly(ids: Ids) -> State:
    slots = [
        {"slot_name": "top", "required_family_ids": [ids["stage"]]},
        {"slot_name": "base", "required_family_ids": [ids["stage"], ids["camera"]], "cardinality": "OneOrMore"},
    ]
    wire = {
        "source_slot_name": "top",
        "source_port_name": "out",
        "target_slot_name": "base",
        "target_port_name": "in",
    }
    return {
        "name": f"{ids['run']} Microscope",
        "presents_as_family_id": ids["camera"],
        "required_slots": slots,
        "required_wires": [wire],
        "parameter_overrides_schema": SPEED,
    }


def _fixture(ids: Ids) -> State:
    bindings = [{"slot_name": "top", "asset_id": ids["one"]}, {"slot_name": "base", "asset_id": ids["two"]}]
    return {"name": f"{ids['run']} Microscope", "assembly_id": ids["assembly"], "slot_asset_bindings": bindings}


def _mount(code: str) -> Callable[[Ids], State]:
    return lambda ids: {"slot_code": f"{ids['run']} {code}", "placement": {"parent_frame_id": ids["frame"]}}


def _activate(label: str) -> Callable[[Ids], State]:
    return lambda ids: {"asset_id": ids[label]}


def _install(mount: str, asset: str) -> Callable[[Ids], State]:
    return lambda ids: {"mount_id": ids[mount], "asset_id": ids[asset]}


def _attach(label: str) -> Callable[[Ids], State]:
    return lambda ids: {"asset_id": ids[label], "fixture_id": ids["fixture"]}


SEED: tuple[tuple[str, str, Callable[[Ids], State]], ...] = (
    ("facility", "register_facility", lambda ids: {"code": f"{ids['run']}-a", "name": "Photon Source"}),
    (
        "stage",
        "define_family",
        lambda ids: {"name": f"{ids['run']} Stage", "affordances": ["Homeable", "Limitable", "Identifiable"]},
    ),
    ("camera", "define_family", lambda ids: {"name": f"{ids['run']} Camera", "affordances": ["Imageable"]}),
    ("root", "register_asset", lambda ids: {"name": "2-BM", "tier": "Unit", "facility_code": f"{ids['run']}-a"}),
    ("model", "define_model", lambda ids: _model(ids, "ABRS-150")),
    ("one", "register_asset", _asset("Tower", "stage", owners=[{"name": "APS", "contact": "ada@example.org"}])),
    ("two", "register_asset", _asset("Camera", "camera")),
    ("three", "register_asset", _asset("Spare", "stage")),
    ("_", "activate_asset", _activate("one")),
    ("_", "activate_asset", _activate("two")),
    ("frame", "register_frame", lambda ids: {"name": f"{ids['run']} hutch"}),
    ("top", "register_mount", _mount("top")),
    ("base", "register_mount", _mount("base")),
    ("free", "register_mount", _mount("free")),
    ("_", "install_asset", _install("top", "one")),
    ("_", "install_asset", _install("base", "two")),
    ("assembly", "define_assembly", _assembly),
    ("_", "activate_asset", _activate("three")),
    (
        "_",
        "update_family_settings_schema",
        lambda ids: {"family_id": ids["stage"], "settings_schema": SPEED},
    ),
    ("fixture", "register_fixture", _fixture),
    ("_", "attach_asset_to_fixture", _attach("one")),
    ("_", "register_asset", lambda ids: {**_asset("Motor", "stage")(ids), "controller_id": ids["three"]}),
    ("table", "register_frame", lambda ids: {"name": f"{ids['run']} table", **_inside(ids["frame"])}),
    ("old", "register_frame", lambda ids: {"name": f"{ids['run']} old table", **_inside(ids["frame"])}),
    ("_", "decommission_frame", lambda ids: {"frame_id": ids["old"], "reason": "torn down"}),
    ("below", "register_mount", lambda ids: {**_mount("below")(ids), "parent_id": ids["free"]}),
    ("gone", "register_mount", _mount("gone")),
    ("_", "decommission_mount", lambda ids: {"mount_id": ids["gone"], "reason": "torn down"}),
    ("lens", "define_model", lambda ids: {**_model(ids, "LENS"), "declared_family_ids": [ids["camera"]]}),
    ("spare", "register_fixture", lambda ids: {**_fixture(ids), "name": f"{ids['run']} Old microscope"}),
    ("_", "retire_fixture", lambda ids: {"fixture_id": ids["spare"], "reason": "rebuilt"}),
    ("_", "assign_asset_persistent_id", lambda ids: {"asset_id": ids["one"], "scheme": "DOI"}),
    ("_", "assign_fixture_persistent_id", lambda ids: {"fixture_id": ids["fixture"], "scheme": "DOI"}),
    ("_", "assign_asset_persistent_id", lambda ids: {"asset_id": ids["two"], "scheme": "Handle"}),
)
"""A label, a command and its members."""
