"""B2INST v3 (EUDAT and GWDG): the body of a draft as `POST /api/records` takes it. Its PIDINST has names of its own."""

from typing import Any

from cora.equipment.pidinst.forms.form import Form
from cora.equipment.pidinst.forms.pidinst import losses_of_1_0, related_in_1_0
from cora.equipment.pidinst.forms.writing import as_json, described, renamed, valued
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord


def b2inst_metadata(published: PublishedRecord) -> dict[str, Any]:
    """The `metadata` of a record."""
    record = published.record
    told: dict[str, Any] = {
        "Name": record.name,
        "Identifier": {
            "identifierType": record.identifier.identifier_type,
            "identifierValue": record.identifier.identifier,
        },
        "SchemaVersion": record.schema_version,
        "LandingPage": record.landing_page,
        "Description": described(published),
        "Owner": [valued(each.model_dump(mode="json"), "ownerIdentifier") for each in record.owners]
        or [{"ownerName": UNAVAILABLE}],
        "Manufacturer": [
            valued(each.model_dump(mode="json"), "manufacturerIdentifier") for each in record.manufacturers
        ]
        or [{"manufacturerName": UNAVAILABLE}],
        "Model": record.model and valued(record.model.model_dump(mode="json"), "modelIdentifier"),
        "InstrumentType": [
            valued(each.model_dump(mode="json"), "instrumentTypeIdentifier") for each in record.instrument_types
        ],
        "MeasuredVariable": list(record.measured_variables),
        "Date": [{"Date": each.date, "dateType": each.date_type} for each in record.dates],
        "RelatedIdentifier": [
            renamed(each.model_dump(mode="json"), "relatedIdentifier") for each in related_in_1_0(record)
        ],
        "AlternateIdentifier": [
            renamed(each.model_dump(mode="json"), "alternateIdentifier") for each in record.alternate_identifiers
        ],
    }
    return {name: value for name, value in told.items() if value}


def _render(published: PublishedRecord) -> bytes:
    return as_json(
        {
            "access": {"record": "public", "files": "public"},
            "files": {"enabled": False},
            "metadata": b2inst_metadata(published),
        }
    )


B2INST = Form(
    name="b2inst.json",
    title="B2INST v3, the body of a draft",
    media_type="application/json",
    asked_for_as=("application/vnd.cora.b2inst+json",),
    render=_render,
    loss=losses_of_1_0,
)
