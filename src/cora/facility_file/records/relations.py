"""What an instrument is related to: what neither the tree of assets nor its drawing tells is kept as it is stated."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from cora.equipment.pidinst.derive import doi_of
from cora.equipment.pidinst.reading.quirks import folded_word, is_unknown, persistent_identifier
from cora.equipment.pidinst.reading.record import Code, Related
from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType
from cora.equipment.values import IdentifierScheme, Name
from cora.facility_file.problems import short
from cora.facility_file.records.filling import MOST_OTHERS, given_related
from cora.facility_file.records.items import Item, first_of, fitted, text_of

_STATED: TypeAdapter[RelatedIdentifier] = TypeAdapter(RelatedIdentifier)
_NAME: TypeAdapter[str] = TypeAdapter(Name)
_LONGEST_NAME = 200
_LONGEST_DRAWING = 200
_SCHEMES = {folded_word(scheme): scheme for scheme in RelatedIdentifierScheme} | {"hdl": RelatedIdentifierScheme.HANDLE}


def drawing_of(item: Item) -> dict[str, Any] | None:
    """The first description with a DOI, unless its asset is recorded with another drawing."""
    recorded = None if item.recorded is None else item.recorded.state.drawing
    for index, related in enumerate(item.record.related):
        doi = persistent_identifier(related.code) if related.relation == RelationType.IS_DESCRIBED_BY else None
        if doi is None or doi.scheme is not IdentifierScheme.DOI or len(doi.value) > _LONGEST_DRAWING:
            continue
        if recorded is None or doi_of(recorded) == doi.value:
            item.kept_relations.add(index)
            return {"system": "DOI", "number": doi.value}
    return None


def related_identifiers(item: Item) -> list[dict[str, Any]]:
    """What is to be stated. Asked after the drawing was chosen."""
    found: dict[Any, RelatedIdentifier] = {}
    for index, related in enumerate(item.record.related):
        if index in item.refused_relations or is_unknown(related.code.value) or _is_told(item, index, related):
            continue
        stated, why = _as_stated(item, related)
        if stated is not None:
            found.setdefault(stated.key, stated)
        elif index in item.kept_relations:
            item.tell(related.spot, f"{shown(related)} is told by the tree alone: its identifier {why}")
        else:
            item.tell(related.spot, f"{shown(related)} is not kept: it {why}")
    stated = first_of(item, found.values(), MOST_OTHERS, item.record.at("related"), "related identifiers")
    return list(map(given_related, stated))


def shown(related: Related) -> str:
    """How messages name a relation."""
    return f"{related.relation} {short(related.code.value)}"


def _is_told(item: Item, index: int, related: Related) -> bool:
    """Whether the record of the asset tells it without its being stated."""
    if index not in item.kept_relations:
        return False
    if related.relation == RelationType.IS_DESCRIBED_BY:
        return related.name is None  # a drawing has no name
    # A part or a whole is told by its DOI or Handle, and by the name that it has here.
    if persistent_identifier(related.code) is None:
        return False
    if related.name is not None and related.name not in _kin(item):
        item.tell(related.spot, f"the name of {shown(related)} is not kept: {related.name}")
    return True


def _kin(item: Item) -> Iterator[str | None]:
    """The names of its whole and its parts."""
    if item.parent is not None:
        yield item.parent.record.name
    for child in item.children:
        yield child.record.name


def _as_stated(item: Item, related: Related) -> tuple[RelatedIdentifier | None, str]:
    """The relation as cora keeps it, else what is wrong with it."""
    code, relation = related.code, related.relation
    pid = persistent_identifier(code)
    scheme = _scheme_of(code) if pid is None else pid.scheme
    if scheme is None:
        return None, f"is of no type that PIDINST has: {code.scheme}"
    value = code.value if pid is None else pid.value
    is_known = relation in list(RelationType)
    stated, why = fitted(
        _STATED,
        {"relation": relation if is_known else RelationType.REFERENCES, "scheme": str(scheme), "value": value},
    )
    if stated is None:
        return None, why
    if not is_known:
        item.tell(related.spot, f"{shown(related)} is kept as References: PIDINST has no such relation")
    name = text_of(item, _NAME, related.name, _LONGEST_NAME, related.spot, f"the name of {shown(related)}")
    return RelatedIdentifier(stated.relation, stated.value, stated.scheme, name), ""


def _scheme_of(code: Code) -> str | None:
    known = _SCHEMES.get(folded_word(code.scheme or ""))
    if known is None and code.value.startswith(("http://", "https://")):
        return RelatedIdentifierScheme.URL
    return known
