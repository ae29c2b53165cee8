"""Which attributes of a DOI are not what DataCite was sent, though it answers them in a form of its own.

It adds what was not sent (kinds of the type, `affiliation: []`, the field of science of a subject, members that are
null), leaves out alternate identifiers that are the DOI or its URL, and cleans texts of markup. So of each attribute
the members that were sent count, lists in any order, and texts but for white space and markup. What it does not tell,
as in a list of DOIs, does not count at all.
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any, cast
from unicodedata import normalize

from cora.equipment.adapters.authority_web import Json, object_of, objects_of

_NO_METADATA = ("doi", "event", "url", "schemaVersion")
_FIELDS_OF_SCIENCE = "Fields of Science and Technology (FOS)"
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>")


def changed_attributes(sent: Json, held: Json) -> tuple[str, ...]:
    """The attributes that differ, as they are named in what was sent. `held` are those of an answer."""
    told = {**_alternates(held), **held}
    return tuple(
        name
        for name, value in _as_kept(sent).items()
        if name not in _NO_METADATA and name in told and not _agrees(value, told[name])
    )


def _alternates(held: Json) -> dict[str, Any]:
    """Alternate identifiers by the other name that DataCite has for them: a list of DOIs tells no other."""
    if "identifiers" not in held:
        return {}
    named = [
        {"alternateIdentifier": each.get("identifier"), "alternateIdentifierType": each.get("identifierType")}
        for each in objects_of(held["identifiers"])
    ]
    return {"alternateIdentifiers": named}


def _as_kept(sent: Json) -> dict[str, Any]:
    """Without what is left out."""
    own = {_text(sent.get("doi")).casefold(), _text(sent.get("url")).casefold()}
    alternates = [
        each
        for each in objects_of(sent.get("alternateIdentifiers"))
        if _text(each.get("alternateIdentifier")).casefold() not in own
    ]
    return {**sent, "alternateIdentifiers": alternates}


def _agrees(sent: Any, held: Any) -> bool:
    if isinstance(sent, Mapping):
        told = cast("Json", sent)
        if not isinstance(held, Mapping):
            # Asked without `publisher=true`, DataCite tells the name alone.
            return _agrees(told.get("name"), held)
        return all(_agrees(value, object_of(held).get(name)) for name, value in told.items())
    if isinstance(sent, list):
        return _agree_in_any_order(cast("list[Any]", sent), cast("list[Any]", held) if isinstance(held, list) else [])
    return _text(sent) == _text(held)


def _agree_in_any_order(sent: list[Any], held: list[Any]) -> bool:
    left = list(held)
    # Those that say most choose first: what is left agrees with those that say less.
    for each in sorted(sent, key=_size, reverse=True):
        found = next((at for at, other in enumerate(left) if _agrees(each, other)), None)
        if found is None:
            return False
        del left[found]
    return all(object_of(each).get("subjectScheme") == _FIELDS_OF_SCIENCE for each in left)


def _size(value: Any) -> int:
    return sum(map(_size, cast("Json", value).values())) if isinstance(value, Mapping) else 1


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "".join(normalize("NFC", unescape(_MARKUP.sub("", str(value)))).split())
