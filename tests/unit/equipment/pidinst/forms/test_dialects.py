"""What B2INST and ePIC are sent, beside what they show of themselves."""

import json

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
