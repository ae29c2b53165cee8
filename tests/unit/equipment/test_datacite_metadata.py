"""What DataCite is told, and what is found against it."""

import pytest
from tests.authorities.clients import DOI, URL, request_for

from cora.equipment.adapters import datacite_metadata as metadata


def test_the_metadata_of_a_record_go_under_its_doi_with_who_publishes_it() -> None:
    told = metadata.datacite_metadata(request_for(DOI))
    assert (told.attributes["doi"], told.attributes["url"]) == (DOI.value, URL)
    assert (told.attributes["publicationYear"], told.attributes["publisher"]["name"]) == (2026, "Facility")
    assert told.problems == ()
    assert "SchemaVersion" in {each.property for each in told.loss}


def test_what_is_not_valid_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_xml: bytes) -> list[str]:
        return ["line 4: no"]

    monkeypatch.setattr(metadata, "violations", wrong)
    assert metadata.datacite_metadata(request_for(DOI)).problems == ("line 4: no",)
