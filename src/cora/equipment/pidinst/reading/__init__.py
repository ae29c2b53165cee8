"""Records of others, read: PIDINST in the dialects that are in use, Handle records, DataCite; XML and JSON.

    reading = read_records(content)      # reading.records, reading.not_understood

Nothing is raised for what stands in a document; what is not understood is told with its place.
"""

from codecs import BOM_UTF8
from dataclasses import dataclass

from cora.equipment.pidinst.reading.datacite import kind_of_resource, read_datacite
from cora.equipment.pidinst.reading.documents import LARGEST, is_xml, json_part, xml_root
from cora.equipment.pidinst.reading.handle import has_property, read_handle
from cora.equipment.pidinst.reading.parts import NotUnderstood, Spot, UnreadableError
from cora.equipment.pidinst.reading.pidinst import read_pidinst
from cora.equipment.pidinst.reading.recognise import Format, Found, records_in_json, records_in_xml
from cora.equipment.pidinst.reading.record import Dialect, ImportedRecord

MOST_RECORDS = 10_000


@dataclass(frozen=True)
class Read:
    """The records of a document, what of it is no record, and what in it was not understood."""

    records: tuple[ImportedRecord, ...] = ()
    refused: tuple[NotUnderstood, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


def read_records(content: bytes, format: Format = Format.AUTO) -> Read:
    """Read a document. Its size, depth and number of records are bounded."""
    notes: list[NotUnderstood] = []
    refused: list[NotUnderstood] = []
    records: list[ImportedRecord] = []
    try:
        if len(content) > LARGEST:
            raise UnreadableError(f"it is larger than {LARGEST // 1024**2} MiB; divide it")
        if not content.removeprefix(BOM_UTF8).strip():
            raise UnreadableError("it is empty")
        if is_xml(content):
            found = list(records_in_xml(xml_root(content), format, refused, notes))
        else:
            found = list(records_in_json(json_part(content, notes), format, refused, notes))
        if len(found) > MOST_RECORDS:
            raise UnreadableError(f"it has {len(found):,} records, more than {MOST_RECORDS:,}; divide it")
        for each in found:
            record = _read(each, format)
            if isinstance(record, NotUnderstood):
                refused.append(record)
            else:
                records.append(record)
    except UnreadableError as error:
        return Read(refused=(NotUnderstood(Spot(line=error.line), error.says),))
    return Read(tuple(records), tuple(refused), tuple(notes))


def _read(found: Found, format: Format) -> ImportedRecord | NotUnderstood:
    match found.dialect:
        case Dialect.HANDLE:
            if not has_property(found.part):
                return NotUnderstood(found.part.spot, "this is no instrument: the Handle record has no type of PIDINST")
            return read_handle(found.part)
        case Dialect.DATACITE_XML | Dialect.DATACITE_JSON:
            kind = kind_of_resource(found.part)
            if kind is not None and not kind.is_instrument:
                says = f"this is no instrument: its resource type is {kind.general}"
                if not kind.is_unspecific:
                    return NotUnderstood(found.part.spot, says)
                if format is not Format.DATACITE:
                    words = f", '{kind.text}'" if kind.text else ""
                    says = f"{says}{words}; --format datacite takes it for one"
                    return NotUnderstood(found.part.spot, says)
            return read_datacite(found.part, found.dialect)
        case _:
            return read_pidinst(found.part, found.dialect)


__all__ = ["Dialect", "Format", "ImportedRecord", "NotUnderstood", "Read", "Spot", "read_records"]
