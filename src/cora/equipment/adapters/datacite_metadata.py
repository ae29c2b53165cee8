"""What DataCite is told of an instrument: kernel 4.7, checked against the official XSD before it is sent.

DataCite itself checks less when `schemaVersion` is set (3.4 of the reference).
"""

from cora.equipment.adapters.datacite import Metadata
from cora.equipment.pidinst.forms import loss_of
from cora.equipment.pidinst.forms.datacite import DATACITE_JSON, datacite_attributes, datacite_xml, violations
from cora.equipment.ports.doi_minter import MintRequest


def datacite_metadata(request: MintRequest) -> Metadata:
    """The metadata as attributes of the REST API, what the XSD says against it, and what it cannot tell."""
    record = request.record
    return Metadata(
        datacite_attributes(record), tuple(violations(datacite_xml(record))), loss_of(DATACITE_JSON, record)
    )
