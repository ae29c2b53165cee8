import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from tests.unit.equipment.strategies_asset import numbered
from tests.unit.equipment.strategies_definitions import drawings, placements, slots, terms, wires

from cora.equipment import values
from cora.equipment.values import (
    Affordance,
    AgentIdentifier,
    AlternateIdentifier,
    AlternateIdentifierKind,
    Drawing,
    DrawingSystem,
    IdentifierScheme,
    JsonObject,
    Manufacturer,
    Owner,
    OwnerGiven,
    PersistentIdentifier,
    Placement,
    Port,
    PortDirection,
    SlotAssetBinding,
    SlotCardinality,
    TemplateSlot,
    TemplateWire,
    Term,
    folded,
)

ID = str(numbered(1))


def parsed(kind: Any, value: Any) -> Any:
    """The value as a request that holds it gives it."""
    return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


def is_valid(kind: Any, value: Any) -> bool:
    try:
        parsed(kind, value)
    except ValidationError:
        return False
    return True


TEXTS = [
    (values.Name, 200),
    (values.Reason, 500),
    (values.Description, 5000),
    (values.Docstring, 2000),
    (values.PartNumber, 200),
    (values.SlotCode, 200),
    (values.SignalType, 50),
    (values.OwnerName, 255),
    (values.VersionTag, 100),
]


@pytest.mark.parametrize(("kind", "longest"), TEXTS)
def test_text_has_one_to_so_many_characters(kind: Any, longest: int) -> None:
    assert parsed(kind, "x") == "x"
    assert parsed(kind, "x" * longest) == "x" * longest
    assert not is_valid(kind, "x" * (longest + 1))
    assert not is_valid(kind, "")


@pytest.mark.parametrize(("kind", "longest"), TEXTS)
def test_the_length_is_that_of_the_trimmed_nfc_form(kind: Any, longest: int) -> None:
    assert parsed(kind, " \t\n" + "e\u0301" * longest + "\u2003\r\n") == "é" * longest


@pytest.mark.parametrize("text", ["", " ", "\u00a0\u2003\u3000", "\u200b", "\u200d\ufeff", "\n"])
def test_blank_text_is_invalid(text: str) -> None:
    assert not is_valid(values.Name, text)


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_text_holds_no_control_character(code: int) -> None:
    assert not is_valid(values.Name, f"a{chr(code)}b")


@pytest.mark.parametrize("code", [0x00, 0x07, 0x1C, 0x1F, 0x7F])
def test_a_control_character_at_the_end_is_not_trimmed_away(code: int) -> None:
    assert not is_valid(values.Name, f"ab{chr(code)}")


@pytest.mark.parametrize("value", [1, True, None, ["a"], "\ud800"])
def test_what_is_no_text_is_invalid(value: Any) -> None:
    assert not is_valid(values.Name, value)


@given(st.text(max_size=250))
def test_text_that_has_passed_passes_unchanged(text: str) -> None:
    if is_valid(values.Name, text):
        once = parsed(values.Name, text)
        assert parsed(values.Name, once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert 1 <= len(once) <= 200


@given(st.text(max_size=20))
def test_texts_that_differ_in_form_only_are_equal_ignoring_case(text: str) -> None:
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))


def test_texts_that_differ_in_case_only_are_equal_ignoring_case() -> None:
    assert folded("Rotary Stage 2") == folded("ROTARY sTAGE 2")
    assert folded("STRASSE") == folded("Straße")
    assert folded("E\u0301") == folded("é")
    assert folded("Top X") != folded("TopX")


@pytest.mark.parametrize("text", ["aps", "a", "2-bm", "a" * 32])
def test_a_slug(text: str) -> None:
    assert parsed(values.Slug, f" {text} ") == text


@pytest.mark.parametrize("text", ["APS", "a_b", "a b", "", "a" * 33, "é", "a\nb"])
def test_not_a_slug(text: str) -> None:
    assert not is_valid(values.Slug, text)


@pytest.mark.parametrize("text", ["rotation", "Sample_top-1", "a" * 100])
def test_a_slot_name(text: str) -> None:
    assert parsed(values.SlotName, text) == text


@pytest.mark.parametrize("text", ["", "a b", "a.b", "é", "a" * 101])
def test_not_a_slot_name(text: str) -> None:
    assert not is_valid(values.SlotName, text)


@pytest.mark.parametrize("text", ["a b", "a\u00a0b", "a\u2003b", "", "p" * 101])
def test_a_port_name_holds_no_white_space(text: str) -> None:
    assert not is_valid(values.PortName, text)
    assert parsed(values.PortName, "pso:out.1é") == "pso:out.1é"


@pytest.mark.parametrize("text", ["http://a", "https://www.aps.anl.gov/x?y#z"])
def test_a_url(text: str) -> None:
    assert parsed(values.Url, text) == text


@pytest.mark.parametrize("text", ["www.aps.anl.gov", "ftp://a", "https://", "https:///a", "https://a b"])
def test_not_a_url(text: str) -> None:
    assert not is_valid(values.Url, text)


def test_the_affordances_are_those_of_the_specification() -> None:
    told = """
    Rotatable Translatable Homeable Limitable Capturable Posable Indexable Following Leading Imageable Binnable
    Capturing Triggerable Gateable Synchronizable Marking Pulsing Streamable Bufferable Compressible Recording
    Coolable PIDControllable Shutterable Attenuable Bendable Identifiable Reportable Consumable
    """
    assert [each.value for each in Affordance] == told.split()


def test_a_set_is_kept_in_one_order() -> None:
    assert parsed(values.Affordances, ["Rotatable", "Homeable", "Rotatable"]) == ("Homeable", "Rotatable")
    assert parsed(values.SignalTypes, ["b", " a ", "b"]) == ("a", "b")
    assert not is_valid(values.Affordances, ["rotatable"])


VALID = [
    (Drawing, {"system": "EDMS", "number": "630C2125"}, Drawing(DrawingSystem.EDMS, "630C2125")),
    (Drawing, {"system": "Other", "number": "1", "revision": "-"}, Drawing(DrawingSystem.OTHER, "1", "-")),
    (
        PersistentIdentifier,
        {"scheme": "DOI", "value": "https://doi.org/10.5442/NI1"},
        PersistentIdentifier(IdentifierScheme.DOI, "10.5442/ni1"),
    ),
    (
        PersistentIdentifier,
        {"scheme": "Handle", "value": "hdl:21.11157/aBc"},
        PersistentIdentifier(IdentifierScheme.HANDLE, "21.11157/aBc"),
    ),
    (
        AlternateIdentifier,
        {"kind": "SerialNumber", "value": "1"},
        AlternateIdentifier(AlternateIdentifierKind.SERIAL_NUMBER, "1"),
    ),
    (
        AlternateIdentifier,
        {"kind": "Other", "value": "2bmb:m1", "name": "EPICS PV"},
        AlternateIdentifier(AlternateIdentifierKind.OTHER, "2bmb:m1", "EPICS PV"),
    ),
    (AgentIdentifier, {"value": "05gvnxz63", "scheme": "ror"}, AgentIdentifier("https://ror.org/05gvnxz63", "ROR")),
    (AgentIdentifier, {"value": "x y", "scheme": "Local list"}, AgentIdentifier("x y", "Local list")),
    (Owner, {"name": "APS", "contact_id": "0196"}, Owner("APS", values.ContactId("0196"))),
    (OwnerGiven, {"name": " APS "}, OwnerGiven("APS")),
    (Manufacturer, {"name": "Kohzu", "identifier": None}, Manufacturer("Kohzu")),
    (
        Port,
        {"name": "pso_out", "direction": "Output", "signal_type": "TTL"},
        Port("pso_out", PortDirection.OUTPUT, "TTL"),
    ),
    (Term, {"name": "tomography"}, Term("tomography")),
    (Term, {"name": "t", "identifier": "PaNET01203", "scheme": "PaNET"}, Term("t", "PaNET01203", "PaNET")),
    (Placement, {"parent_frame_id": ID}, Placement(numbered(1))),
    (Placement, {"parent_frame_id": ID, "z": 50500, "tol_x": 0.25}, Placement(numbered(1), z=50500.0, tol_x=0.25)),
    (
        TemplateSlot,
        {"slot_name": "a", "required_family_ids": [str(numbered(2)), ID, ID]},
        TemplateSlot("a", (numbered(1), numbered(2)), SlotCardinality.EXACTLY_1),
    ),
    (
        TemplateWire,
        {"source_slot_name": "a", "source_port_name": "x", "target_slot_name": "a", "target_port_name": "y"},
        TemplateWire("a", "x", "a", "y"),
    ),
    (SlotAssetBinding, {"slot_name": "a", "asset_id": ID}, SlotAssetBinding("a", numbered(1))),
]


@pytest.mark.parametrize(("kind", "given", "expected"), VALID)
def test_a_value_is_read_checked_and_normalised(kind: Any, given: dict[str, Any], expected: Any) -> None:
    assert parsed(kind, given) == expected
    adapter = TypeAdapter(kind)
    assert adapter.validate_json(adapter.dump_json(expected)) == expected


@pytest.mark.parametrize(("kind", "given"), [(kind, given) for kind, given, _ in VALID])
def test_a_value_has_no_member_that_is_not_known(kind: Any, given: dict[str, Any]) -> None:
    assert not is_valid(kind, {**given, "colour": "red"})


INVALID: list[tuple[Any, dict[str, Any]]] = [
    (Drawing, {"system": "Drawer", "number": "1"}),
    (Drawing, {"system": "EDMS", "number": ""}),
    (Drawing, {"system": "EDMS", "number": "1" * 201}),
    (Drawing, {"system": "EDMS", "number": "1", "revision": "r" * 101}),
    (PersistentIdentifier, {"scheme": "DOI", "value": "21.11157/abc"}),
    (PersistentIdentifier, {"scheme": "URN", "value": "urn:x"}),
    (PersistentIdentifier, {"scheme": "Handle", "value": "abc"}),
    (PersistentIdentifier, {"scheme": "DOI", "value": "10.5442/" + "a" * 200}),
    (AlternateIdentifier, {"kind": "Other", "value": "1"}),
    (AlternateIdentifier, {"kind": "Barcode", "value": "1"}),
    (AlternateIdentifier, {"kind": "SerialNumber", "value": ""}),
    (AgentIdentifier, {"value": "05gvnxz64", "scheme": "ROR"}),
    (AgentIdentifier, {"value": "0000-0002-1825-0098", "scheme": "orcid"}),
    (AgentIdentifier, {"value": "v" * 256, "scheme": "Local"}),
    (AgentIdentifier, {"value": "v", "scheme": "s" * 65}),
    (AgentIdentifier, {"value": "v"}),
    (Owner, {"name": ""}),
    (OwnerGiven, {"name": "APS", "contact": "nobody"}),
    (Manufacturer, {"name": "m" * 201}),
    (Port, {"name": "pso out", "direction": "Output", "signal_type": "TTL"}),
    (Port, {"name": "pso_out", "direction": "Both", "signal_type": "TTL"}),
    (Term, {"name": "t", "identifier": "Q1"}),
    (Term, {"name": "t", "scheme": "Wikidata"}),
    (Placement, {}),
    (Placement, {"parent_frame_id": ID, "x": "1"}),
    (Placement, {"parent_frame_id": ID, "x": True}),
    (Placement, {"parent_frame_id": ID, "x": None}),
    (Placement, {"parent_frame_id": ID, "x": float("nan")}),
    (Placement, {"parent_frame_id": ID, "rz": float("inf")}),
    (Placement, {"parent_frame_id": ID, "x": 10**400}),
    (Placement, {"parent_frame_id": ID, "tol_x": -1e-9}),
    (Placement, {"parent_frame_id": ID, "tol_rz": float("inf")}),
    (Placement, {"parent_frame_id": ID, "units": "inch"}),
    (Placement, {"parent_frame_id": ID, "reference_surface": "Top"}),
    (TemplateSlot, {"slot_name": "a", "required_family_ids": []}),
    (TemplateSlot, {"slot_name": "a b", "required_family_ids": [ID]}),
    (
        TemplateWire,
        {"source_slot_name": "a", "source_port_name": "x", "target_slot_name": "a", "target_port_name": "x"},
    ),
    (SlotAssetBinding, {"slot_name": "", "asset_id": ID}),
    (SlotAssetBinding, {"slot_name": "a", "asset_id": "camera"}),
]


@pytest.mark.parametrize(("kind", "given"), INVALID)
def test_what_is_of_the_wrong_shape_is_invalid(kind: Any, given: dict[str, Any]) -> None:
    assert not is_valid(kind, given)


VALUES = [(Drawing, drawings.filter(bool)), (Placement, placements()), (TemplateSlot, slots), (TemplateWire, wires),
          (Term, terms)]  # fmt: skip


@pytest.mark.parametrize(("kind", "strategy"), VALUES)
@given(data=st.data())
def test_a_value_survives_the_way_through_json(kind: Any, strategy: Any, data: st.DataObject) -> None:
    value = data.draw(strategy)
    adapter = TypeAdapter[Any](kind)
    assert adapter.validate_json(adapter.dump_json(value)) == value


def test_persistent_identifiers_are_equal_ignoring_the_case_of_ascii() -> None:
    def key(scheme: IdentifierScheme, value: str) -> str:
        return PersistentIdentifier(scheme, value).key

    assert key(IdentifierScheme.HANDLE, "21.T11998/ABC") == key(IdentifierScheme.HANDLE, "21.t11998/abc")
    assert key(IdentifierScheme.DOI, "10.5442/ABC") == key(IdentifierScheme.DOI, "10.5442/abc")
    assert key(IdentifierScheme.HANDLE, "21.T11998/Ä") != key(IdentifierScheme.HANDLE, "21.T11998/ä")
    assert key(IdentifierScheme.HANDLE, "10.5442/abc") != key(IdentifierScheme.DOI, "10.5442/abc")


def test_a_corrupted_identifier_does_not_come_to_be() -> None:
    with pytest.raises(ValueError):
        PersistentIdentifier(IdentifierScheme.DOI, "nonsense")


def test_an_owner_is_recorded_with_the_id_of_the_contact_and_without_the_address() -> None:
    given = parsed(OwnerGiven, {"name": "APS", "contact": "pids@aps.anl.gov"})
    assert given.owner() == Owner("APS", given.contact.contact_id)
    assert b"aps.anl.gov" not in TypeAdapter(Owner).dump_json(given.owner())
    assert OwnerGiven("APS").owner() == Owner("APS")


def test_a_negative_zero_becomes_zero() -> None:
    assert str(parsed(Placement, {"parent_frame_id": ID, "x": -0.0}).x) == "0.0"


@pytest.mark.parametrize(
    ("cardinality", "counts"),
    [
        (SlotCardinality.EXACTLY_1, {1}),
        (SlotCardinality.ZERO_OR_ONE, {0, 1}),
        (SlotCardinality.ONE_OR_MORE, {1, 2, 3}),
        (SlotCardinality.ZERO_OR_MORE, {0, 1, 2, 3}),
    ],
)
def test_how_many_assets_a_slot_admits(cardinality: SlotCardinality, counts: set[int]) -> None:
    assert {count for count in range(4) if cardinality.admits(count)} == counts


def nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


STORABLE: list[dict[str, Any]] = [
    {},
    {"a": [1, 1.5, "é", True, None, {"b": []}]},
    {"a": 2**63 - 1, "b": -(2**63) + 1},
    {"a": 1e300, "b": 5e-324},
    {"": ""},
    nested(32),
]


@pytest.mark.parametrize("value", STORABLE)
def test_free_json_is_kept_as_it_is(value: dict[str, Any]) -> None:
    assert parsed(JsonObject, value) == value


@pytest.mark.parametrize(
    "value",
    [
        [],
        "a",
        None,
        {"a": 2**63},
        {"a": [-(2**63)]},
        {"a": float("inf")},
        {"a": {"b": float("nan")}},
        {"a": 10**400},
        {"a": "\u0000"},
        {"a": ["x\u001fy"]},
        {"a\u0000": 1},
        {"b": {"\u0085": 1}},
        {"a": "\ud800"},
        {"\udfff": 1},
        nested(33),
    ],
)
def test_free_json_that_cannot_be_kept_is_invalid(value: Any) -> None:
    assert not is_valid(JsonObject, value)


def test_the_limits_of_text_are_shown_to_those_who_send_it() -> None:
    shown = TypeAdapter(values.SlotName).json_schema()
    assert shown == {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9_-]+$"}
