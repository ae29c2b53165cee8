"""The metadata formats that harvesters may ask for (section 3.4), each with its namespace and its schema.

Metadata must be in a namespace (the schema of the protocol says so), and the
XML of PIDINST 1.0 is in none. So it is put into one that the DOI of the
recommendation names; the schema of the working group, put into it likewise, is
served beside the protocol.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lxml import etree

from cora.equipment.pidinst.forms import dublin_core
from cora.equipment.pidinst.forms.datacite import datacite_xml
from cora.equipment.pidinst.forms.pidinst import pidinst_xml
from cora.equipment.pidinst.forms.writing import add
from cora.equipment.pidinst.published import UNAVAILABLE, PublishedRecord
from cora.surfaces.http.oai.site import Site

PIDINST_NAMESPACE = "https://doi.org/10.15497/RDA00070"
PIDINST_SCHEMA_PATH = "/oai/pidinst-1.0.xsd"

_OAI_DATACITE = "http://schema.datacite.org/oai/oai-1.1/"
_OAI_DATACITE_SCHEMA = "http://schema.datacite.org/oai/oai-1.1/oai.xsd"
_KERNEL = "4.7"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSD = "http://www.w3.org/2001/XMLSchema"


@dataclass(frozen=True)
class MetadataFormat:
    """A format by its prefix; `schema` may be a path on this server."""

    prefix: str
    namespace: str
    schema: str
    write: Callable[[PublishedRecord, "MetadataFormat", Site], etree._Element]

    def schema_url(self, site: Site) -> str:
        """Where the schema is."""
        return site.public_url + self.schema if self.schema.startswith("/") else self.schema


def _oai_dc(published: PublishedRecord, _format: MetadataFormat, _site: Site) -> etree._Element:
    return _read(dublin_core.oai_dc(published))


def _oai_datacite(published: PublishedRecord, format: MetadataFormat, site: Site) -> etree._Element:
    root = _root("oai_datacite", format, site)
    add(root, "schemaVersion", _KERNEL)
    add(root, "datacentreSymbol", site.symbol or UNAVAILABLE)
    add(root, "payload").append(_read(datacite_xml(published)))
    return root


def _pidinst(published: PublishedRecord, format: MetadataFormat, site: Site) -> etree._Element:
    told = _read(pidinst_xml(published))
    root = _root("instrument", format, site)
    root.extend(list(told))
    for element in root.iterdescendants():
        element.tag = f"{{{PIDINST_NAMESPACE}}}{element.tag}"
    return root


FORMATS: dict[str, MetadataFormat] = {
    each.prefix: each
    for each in (
        MetadataFormat("oai_dc", dublin_core.NAMESPACE, dublin_core.SCHEMA, _oai_dc),
        MetadataFormat("oai_datacite", _OAI_DATACITE, _OAI_DATACITE_SCHEMA, _oai_datacite),
        MetadataFormat("pidinst", PIDINST_NAMESPACE, PIDINST_SCHEMA_PATH, _pidinst),
    )
}


@cache
def pidinst_schema() -> bytes:
    """The schema of the working group for PIDINST 1.0, with a target namespace."""
    own = _read((files("cora.equipment.pidinst") / "schemas" / "pidinst-schema-1_0.xsd").read_bytes())
    # Unqualified names in it, which are those of its types, are then of this namespace too.
    prefixes = {"xsd": _XSD, None: PIDINST_NAMESPACE}
    schema = etree.Element(etree.QName(_XSD, "schema"), nsmap=prefixes)  # pyright: ignore[reportArgumentType]
    schema.set("targetNamespace", PIDINST_NAMESPACE)
    schema.set("elementFormDefault", "qualified")
    schema.extend(list(own))
    return etree.tostring(schema, xml_declaration=True, encoding="UTF-8")


def _root(name: str, format: MetadataFormat, site: Site) -> etree._Element:
    prefixes = {None: format.namespace, "xsi": _XSI}
    root = etree.Element(etree.QName(format.namespace, name), nsmap=prefixes)  # pyright: ignore[reportArgumentType]
    root.set(etree.QName(_XSI, "schemaLocation"), f"{format.namespace} {format.schema_url(site)}")
    return root


def _read(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_blank_text=True)
    return etree.fromstring(xml, parser)
