"""What DataCite is told, and that it is checked before."""

import pytest
from tests.authorities.clients import DOI, URL, request_for

from cora.equipment.adapters import datacite_metadata as metadata
from cora.equipment.ports.doi_minter import MintFailedError


def test_the_metadata_of_a_record_go_under_its_doi_with_who_publishes_it() -> None:
    told = metadata.datacite_metadata(request_for(DOI))
    assert (told["doi"], told["url"], told["publicationYear"]) == (DOI.value, URL, 2026)
    assert told["publisher"]["name"] == "Facility"


def test_what_is_not_valid_is_not_sent_and_no_retry_can_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_xml: bytes) -> list[str]:
        return [f"line {number}: no" for number in range(9)]

    monkeypatch.setattr(metadata, "violations", wrong)
    with pytest.raises(MintFailedError, match=r"schema of DataCite 4\.7: line 0: no; line 1") as failure:
        metadata.datacite_metadata(request_for(DOI))
    assert not failure.value.retryable
    assert "line 5" not in failure.value.reason
