"""What DataCite is told of an instrument: kernel 4.7, checked against the official XSD before it is sent.

DataCite itself checks less when `schemaVersion` is set (3.4 of the reference).
"""

from collections.abc import Mapping
from typing import Any

from cora.equipment.pidinst.forms.datacite import datacite_attributes, datacite_xml, violations
from cora.equipment.ports.doi_minter import MintFailedError, MintRequest

MOST_TOLD = 5


def datacite_metadata(request: MintRequest) -> Mapping[str, Any]:
    """The metadata as attributes of the REST API. Raises `MintFailedError` when it is not valid, for good."""
    wrong = violations(datacite_xml(request.record))
    if wrong:
        told = "; ".join(wrong[:MOST_TOLD])
        raise MintFailedError(f"the metadata is not valid by the schema of DataCite 4.7: {told}", retryable=False)
    return datacite_attributes(request.record)
