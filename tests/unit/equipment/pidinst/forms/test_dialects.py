"""What B2INST and ePIC are sent, beside what they show of themselves."""

import json
from pathlib import Path
from typing import Any, cast

from tests.unit.equipment.pidinst.forms.records import FULL, PAGE

from cora.equipment.pidinst.forms.b2inst import B2INST
from cora.equipment.pidinst.forms.handle import HANDLE, TYPES, handle_values


def test_a_draft_of_b2inst() -> None:
    told = json.loads(B2INST.render(FULL))
    assert told["access"] == {"record": "public", "files": "public"}
    assert told["files"] == {"enabled": False}
    metadata = told["metadata"]
    assert metadata["Identifier"] == {"identifierType": "DOI", "identifierValue": "10.5438/08qf-ee96"}
    assert metadata["Owner"][0] == {
        "ownerName": "Advanced Photon Source",
        "ownerContact": "equipment@aps.test",
        "ownerIdentifier": {"ownerIdentifierValue": "https://ror.org/02aj13c28", "ownerIdentifierType": "ROR"},
    }
    assert metadata["Model"]["modelIdentifier"] == {
        "modelIdentifierValue": "ABRS-150MP-M-AS",
        "modelIdentifierType": "PartNumber",
    }
    assert metadata["Date"][0] == {"Date": "2016-05-01", "dateType": "Commissioned"}
    assert metadata["MeasuredVariable"] == ["angle", "torque"]
    assert metadata["RelatedIdentifier"][0] == {
        "relatedIdentifierValue": "10.5438/whole",
        "relatedIdentifierType": "DOI",
        "relationType": "IsComponentOf",
        "relatedIdentifierName": "Tomography table",
    }
    assert metadata["AlternateIdentifier"][1]["alternateIdentifierValue"] == "INV-0815"


def test_a_handle_record() -> None:
    told = json.loads(HANDLE.render(FULL))
    assert told[0] == {"type": "URL", "parsed_data": PAGE}
    assert [each["type"] for each in told[1:]] == list(TYPES.values())
    values = dict(handle_values(FULL))
    assert values[TYPES["SchemaVersion"]] == "1.0"
    assert values[TYPES["Name"]] == "Sample tower at 2-BM"
    assert json.loads(values[TYPES["Identifier"]]) == {
        "identifierValue": "10.5438/08qf-ee96",
        "identifierType": "DOI",
    }
    assert json.loads(values[TYPES["Manufacturers"]]) == [
        {
            "Manufacturer": {
                "manufacturerName": "Aerotech & Söhne",
                "manufacturerIdentifier": {
                    "manufacturerIdentifierValue": "Q107529885",
                    "manufacturerIdentifierType": "Wikidata",
                },
            }
        }
    ]
    assert json.loads(values[TYPES["MeasuredVariables"]]) == [
        {"MeasuredVariable": "angle"},
        {"MeasuredVariable": "torque"},
    ]
    assert json.loads(values[TYPES["Dates"]])[0] == {"date": {"dateValue": "2016-05-01", "dateType": "Commissioned"}}


EXAMPLES = Path(__file__).parent / "examples"


def _paths(value: Any, *path: str) -> set[tuple[str, ...]]:
    """The places of all leaves; the items of a list share one."""
    match value:
        case dict():
            members = cast("dict[str, Any]", value).items()
            return {found for key, each in members for found in _paths(each, *path, key)}
        case list():
            return {found for each in cast("list[Any]", value) for found in _paths(each, *path)}
        case _:
            return {path}


def test_b2inst_gets_the_members_that_its_own_documentation_shows() -> None:
    shown = json.loads((EXAMPLES / "b2inst-v3-docs-aws42-draft-payload.json").read_text())["metadata"]
    assert _paths(shown) <= _paths(json.loads(B2INST.render(FULL))["metadata"])


def test_a_handle_record_has_the_values_of_one_that_is_in_use() -> None:
    shown = json.loads((EXAMPLES / "epic-bodc-sbe37-handle-record.json").read_text())
    ours = dict(handle_values(FULL))
    assert {each["type"] for each in shown} <= set(ours)
    for each in shown:
        text: str = each["parsed_data"]
        if text[0] in "[{":
            known = _paths(json.loads(ours[each["type"]]))
            # One of its instrument types is spelt in another way than the other.
            assert {path for path in _paths(json.loads(text)) if path[0] != "instrumentType"} <= known
