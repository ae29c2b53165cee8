"""What records in use have against the letter of PIDINST, and what is meant by it (the reference, section 1.4)."""

import re
from datetime import date

from pydantic import TypeAdapter

from cora.equipment.identifiers import AGENT_SCHEMES
from cora.equipment.pidinst.reading.record import Code
from cora.equipment.related_identifier import RelatedIdentifierScheme
from cora.equipment.values import AlternateIdentifierKind, IdentifierScheme, PersistentIdentifier

UNKNOWN = frozenset(
    (":unac", ":unal", ":unap", ":unas", ":unav", ":unkn", ":none", ":null", ":tba", ":etal")
)  # fmt: skip
"""DataCite's codes for a value that is mandatory and cannot be told."""

RELATIONS = (
    "IsDescribedBy", "IsNewVersionOf", "IsPreviousVersionOf", "HasComponent", "IsComponentOf", "References",
    "HasMetadata", "WasUsedIn", "IsIdenticalTo", "IsAttachedTo",
)  # fmt: skip
_RELATIONS = {each.casefold(): each for each in RELATIONS} | {"haspart": "HasComponent", "ispartof": "IsComponentOf"}
_KINDS = {each.casefold(): each.value for each in AlternateIdentifierKind} | {
    "serial": "SerialNumber",
    "inventory": "InventoryNumber",
}
_KNOWN = {each.casefold() for each in RelatedIdentifierScheme} | set(_KINDS)
# `DeComissioned` is how the draft of LinkML spells it.
_DATES = {"commissioned": "Commissioned", "decommissioned": "DeCommissioned", "decomissioned": "DeCommissioned"}
_DAY = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[Tt ][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?)? ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?"
)
# A place in what an identifier leads to is no identifier; a `#` or `?` of a DOI itself is encoded in a URL.
_RESOLVERS = (
    (IdentifierScheme.DOI, re.compile(r"(https?://(dx\.|www\.)?doi\.org/[^#?]*|doi:.*)", re.IGNORECASE | re.DOTALL)),
    (IdentifierScheme.HANDLE, re.compile(r"(https?://hdl\.handle\.net/[^#?]*|hdl:.*)", re.IGNORECASE | re.DOTALL)),
)
_PERSISTENT = TypeAdapter(PersistentIdentifier)
_SCHEMES = {"doi": IdentifierScheme.DOI, "handle": IdentifierScheme.HANDLE, "hdl": IdentifierScheme.HANDLE}
_PIDS = frozenset(("", "pid", "epic", "epicpid", "persistentidentifier", "identifier", "other"))
"""What says no more than that it is a persistent identifier."""
_BY_HOST = (("ror", re.compile(r"(https?://)?ror\.org/")), ("orcid", re.compile(r"(https?://)?orcid\.org/")))


def tidied(text: str | None) -> str | None:
    """The text with single spaces and none around it; None for what says nothing."""
    return " ".join(text.split()) or None if text else None


def is_unknown(text: str | None) -> bool:
    """Whether it says nothing, or one of DataCite's codes for that."""
    return text is None or text.casefold() in UNKNOWN


def folded_word(text: str) -> str:
    """A word of a closed list however it is spelled: `IsDescribedBy `, `serial number`."""
    return re.sub(r"[\s_-]", "", text).casefold()


def relation_of(text: str) -> str:
    """The relation type as PIDINST spells it; as it is where PIDINST has none."""
    return _RELATIONS.get(folded_word(text), text)


def kind_of(text: str) -> str | None:
    """The kind of an alternate identifier; None for one that PIDINST does not have."""
    return _KINDS.get(folded_word(text))


def date_kind_of(text: str) -> str | None:
    """The type of a date; None for one that PIDINST does not have."""
    return _DATES.get(folded_word(text))


def day_of(text: str) -> tuple[date, bool] | None:
    """The day as it is written, also of a timestamp, and whether all of it is; the first day of a year or a month."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = found.groups()
    try:
        return date(int(year), int(month or 1), int(day or 1)), day is not None
    except ValueError:
        return None


def persistent_identifier(code: Code) -> PersistentIdentifier | None:
    """The DOI or Handle that is meant: by its type, else by the resolver in it. None for any other identifier.

    Each DOI is a Handle, and a DOI also where it is called one.
    """
    schemes = [_SCHEMES.get(folded_word(code.scheme or ""))]
    schemes += [scheme for scheme, pattern in _RESOLVERS if pattern.fullmatch(code.value.strip())]
    return next((found for scheme in schemes if scheme and (found := _of_scheme(scheme, code.value))), None)


def _of_scheme(scheme: IdentifierScheme, value: str) -> PersistentIdentifier | None:
    try:
        found = _PERSISTENT.validate_python({"scheme": scheme, "value": value})
    except ValueError:
        return None
    if scheme is IdentifierScheme.HANDLE and found.value.startswith("10."):
        return _of_scheme(IdentifierScheme.DOI, found.value) or found
    return found


def own_identifier(code: Code) -> Code:
    """The identifier of an instrument itself: a DOI or a Handle also where its type is missing or says nothing."""
    scheme = folded_word(code.scheme or "")
    if persistent_identifier(code) is not None or (scheme in _KNOWN and scheme not in _PIDS):
        return code
    for known in (IdentifierScheme.DOI, IdentifierScheme.HANDLE):
        # Many a number looks like a Handle.
        if (known is IdentifierScheme.DOI or scheme in _PIDS) and _of_scheme(known, code.value) is not None:
            return Code(code.value, known.value)
    return code


def agent_code(code: Code) -> Code:
    """An identifier of an organisation or a person, with its scheme: `Other`, and none, are looked for in the value, of
    which a bare ROR id is known by its check digits."""
    scheme = tidied(code.scheme) or "Other"
    known = AGENT_SCHEMES.get(folded_word(scheme))
    if known is not None:
        return Code(code.value, known[0])
    if scheme.casefold() == "other":
        for name, pattern in _BY_HOST:
            if pattern.match(code.value):
                return Code(code.value, AGENT_SCHEMES[name][0])
        ror, normal_ror = AGENT_SCHEMES["ror"]
        try:
            return Code(normal_ror(code.value), ror)
        except ValueError:
            pass
        if code.scheme is None and code.value.startswith(("http://", "https://")):
            return Code(code.value, "URL")
    return Code(code.value, scheme)


def same_identifier(code: Code) -> tuple[str, str]:
    """What is the same for identifiers that mean the same, however they are written."""
    found = persistent_identifier(code)
    if found is not None:
        scheme, _, value = found.key.partition(":")
        return scheme, value
    return folded_word(code.scheme or ""), code.value.strip().casefold()
