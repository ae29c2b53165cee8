"""Snippets for a data set: nothing that is for tests is cited, names are unique, and CIF text ends where it should."""

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.aggregates.asset.state import AssetCondition
from cora.equipment.assigned_identifier import AssignedIdentifier, IdentifierOrigin
from cora.equipment.beside import SlotShown
from cora.equipment.data_set_snippets import Cited, nexus_class, resolvable, snippets
from cora.equipment.instruments import FamilyShown, Instrument
from cora.equipment.values import Affordance, IdentifierScheme

ID = UUID(int=7)


def assigned(value: str, *, test: bool = False) -> AssignedIdentifier:
    scheme = IdentifierScheme.DOI if value.startswith("10.") else IdentifierScheme.HANDLE
    return AssignedIdentifier(scheme, value, IdentifierOrigin.RECORDED, test)


def instrument(role: str, identifier: AssignedIdentifier | None, name: str = "Eye", *can: Affordance) -> Instrument:
    return Instrument(
        id=ID, role=role, name=name, path=f"aps/{name}", mount=SlotShown(ID, role), condition=AssetCondition.NOMINAL,
        condition_reason=None, settings={"gain": 2}, model=None, families=(FamilyShown(ID, "F", can),),
        alternate_identifiers=(), persistent_id=identifier, owners=(),
    )  # fmt: skip


texts = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12)
identifiers = st.none() | st.builds(assigned, st.sampled_from(["10.5072/a", "20.5000/b"]), test=st.booleans())
instruments = st.lists(st.builds(instrument, texts, identifiers, texts), max_size=5)


@given(instruments, identifiers)
def test_what_is_cited_is_what_is_not_for_tests(used: list[Instrument], whole: AssignedIdentifier | None) -> None:
    made = snippets(used, Cited("Tower", whole))
    all_of = [whole, *(each.persistent_id for each in used)]
    real = [each for each in all_of if each and not each.test]
    assert [each.related_identifier for each in made.datacite.related_identifiers] == [each.value for each in real]
    assert list(made.scicat.instrument_ids) == [resolvable(each) for each in real]
    assert len(made.notes) == sum(1 for each in all_of if each and each.test)
    groups = made.nexus["instrument"]
    assert sum(isinstance(each, dict) for each in groups.values()) == len(used)
    assert all(re.fullmatch("[A-Za-z0-9_]+(@[a-z]+)?|@NX_class", name) for name in groups)
    assert len(made.scicat.scientific_metadata["instruments"]) == len(used)


@given(
    st.lists(st.builds(instrument, texts, identifiers, st.sampled_from([";", "_item x", "; data_", "a"])), max_size=4)
)
def test_no_line_of_a_text_ends_it(used: list[Instrument]) -> None:
    lines = snippets(used).cif.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == (
        ["_diffrn_measurement_device_details", ";", ";"] if used else []
    )


def test_detectors_are_apart() -> None:
    camera = instrument("cam", assigned("10.5072/a"), "Zyla", Affordance.IMAGEABLE, Affordance.ROTATABLE)
    stage = instrument("rot", assigned("20.5000/b"), "Stage", Affordance.ROTATABLE)
    table = instrument("table", None, "Table")
    assert [nexus_class(each) for each in (camera, stage, table)] == ["NXdetector", "NXpositioner", "NXcollection"]
    made = snippets([camera, stage, table])
    assert made.cif == (
        "_diffrn_measurement_device_details\n;\n rot: Stage (https://hdl.handle.net/20.5000/b)\n table: Table\n;\n"
        "_diffrn_detector_details\n;\n cam: Zyla (https://doi.org/10.5072/a)\n;\n"
    )
    assert made.nexus["instrument"]["rot"]["identifier_handle"] == "20.5000/b"
