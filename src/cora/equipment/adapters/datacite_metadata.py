"""What DataCite is told of an instrument: kernel 4.7, checked against the official XSD before it is sent.

DataCite itself checks less when `schemaVersion` is set (3.4 of the reference).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from cora.equipment.pidinst.forms.datacite import datacite_attributes, datacite_xml, violations
from cora.equipment.pidinst.published import UNKNOWN_PUBLISHER, PublishedRecord, Publisher
from cora.equipment.ports.doi_minter import MintFailedError, MintRequest

MOST_TOLD = 5


def datacite_metadata(
    request: MintRequest, *, this_year: Callable[[], int] = lambda: datetime.now(UTC).year
) -> Mapping[str, Any]:
    """The metadata as attributes of the REST API. Raises `MintFailedError` when it is not valid, for good."""
    published = request.published or PublishedRecord(
        request.record, _publisher(request), this_year(), resolves=not request.record.test
    )
    wrong = violations(datacite_xml(published))
    if wrong:
        told = "; ".join(wrong[:MOST_TOLD])
        raise MintFailedError(f"the metadata is not valid by the schema of DataCite 4.7: {told}", retryable=False)
    return datacite_attributes(published)


def _publisher(request: MintRequest) -> Publisher:
    owners = request.record.owners
    return Publisher(owners[0].owner_name) if owners else UNKNOWN_PUBLISHER
