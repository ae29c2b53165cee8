"""Identifiers as their schemes write them: what is checked, and the one form each is kept in.

Every `normal_...` gives a value it has passed back unchanged, and raises
`ValueError` for what is no identifier of its scheme.
"""

import re
from collections.abc import Callable, Mapping

_IN_LOWER_CASE = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def in_lower_case(value: str) -> str:
    """The value with its ASCII letters in lower case: elsewhere case makes a difference between identifiers."""
    return value.translate(_IN_LOWER_CASE)


TEST_PREFIXES: Mapping[str, str] = {"DOI": "10.0000/cora-stub", "Handle": "20.500.0000/cora-stub"}
"""Under these nothing resolves: no registrant can have the prefixes 10.0000 and 20.500.0000."""

_DOI = re.compile(r"10\.[0-9]{4,9}(\.[0-9]+)*/\S+")
_HANDLE = re.compile(r"[0-9]+(\.[A-Za-z0-9]+)*/\S+")


def _bare(value: str, pattern: str) -> str:
    return re.sub(pattern, "", value.strip(), flags=re.IGNORECASE)


def normal_doi(value: str) -> str:
    """A DOI without resolver or `doi:`, in lower case. Raises `ValueError` when it is none."""
    doi = in_lower_case(_bare(value, r"^(https?://(dx\.|www\.)?doi\.org/|doi:\s*)"))
    if not _DOI.fullmatch(doi):
        raise ValueError("is not a DOI (10.<registrant>/<suffix>)")
    return doi


def normal_handle(value: str) -> str:
    """A Handle without resolver or `hdl:`. Raises `ValueError` when it is none."""
    handle = _bare(value, r"^(https?://hdl\.handle\.net/|hdl:\s*)")
    if not _HANDLE.fullmatch(handle):
        raise ValueError("is not a Handle (<prefix>/<suffix>)")
    return handle


_RESOLVER = re.compile(
    r'(?<![^\s"])(https?://((dx\.|www\.)?doi\.org|hdl\.handle\.net)/|doi:\s*|hdl:\s*)(?=[0-9])', re.IGNORECASE
)


def without_resolvers(text: str) -> str:
    """A text in which DOIs and Handles, also the beginnings of some, stand as they are kept: without a resolver."""
    return _RESOLVER.sub("", text)


CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
"""The digits of base 32 without the letters that are taken for others."""


def _normal_ror(value: str) -> str:
    bare = _bare(value, r"^(https?://)?ror\.org/").lower()
    if not re.fullmatch(r"0[a-hj-km-np-tv-z0-9]{6}[0-9]{2}", bare):
        raise ValueError("is not a ROR id (https://ror.org/0xxxxxxNN)")
    number = 0
    for character in bare[:7]:
        number = number * 32 + CROCKFORD.index(character)
    if 98 - number * 100 % 97 != int(bare[7:]):
        raise ValueError("is not a ROR id: its check digits are wrong")
    return f"https://ror.org/{bare}"


def _checked_mod_11_2(value: str, what: str) -> str:
    digits = re.sub(r"[\s-]", "", value).upper()
    if not re.fullmatch(r"[0-9]{15}[0-9X]", digits):
        raise ValueError(f"is not {what}")
    total = 0
    for digit in digits[:15]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    if digits[15] != ("X" if check == 10 else str(check)):
        raise ValueError(f"is not {what}: its check digit is wrong")
    return digits


def _normal_orcid(value: str) -> str:
    digits = _checked_mod_11_2(_bare(value, r"^(https?://)?orcid\.org/"), "an ORCID iD")
    return "https://orcid.org/" + "-".join(digits[at : at + 4] for at in range(0, 16, 4))


def _normal_isni(value: str) -> str:
    return _checked_mod_11_2(_bare(value, r"^(https?://)?(www\.)?isni\.org/(isni/)?|^isni:?\s*"), "an ISNI")


def _normal_grid(value: str) -> str:
    bare = _bare(value, r"^https?://(www\.)?grid\.ac/institutes/").lower()
    if not re.fullmatch(r"grid\.[0-9]{4,6}\.[0-9a-f]{1,2}", bare):
        raise ValueError("is not a GRID id (grid.1234.5)")
    return bare


def _normal_wikidata(value: str) -> str:
    bare = _bare(value, r"^https?://(www\.)?wikidata\.org/(wiki|entity)/").upper()
    if not re.fullmatch(r"Q[1-9][0-9]*", bare):
        raise ValueError("is not a Wikidata item (Q123)")
    return bare


def _normal_url(value: str) -> str:
    # Importing it takes as long as importing the rest of this context: it makes the patterns of every scheme there is.
    from idutils.validators import is_url  # pyright: ignore[reportUnknownVariableType]

    if not is_url(value) or re.search(r"\s", value):
        raise ValueError("is not a URL")
    return value


AGENT_SCHEMES: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "ror": ("ROR", _normal_ror),
    "orcid": ("ORCID", _normal_orcid),
    "isni": ("ISNI", _normal_isni),
    "grid": ("GRID", _normal_grid),
    "wikidata": ("Wikidata", _normal_wikidata),
    "doi": ("DOI", normal_doi),
    "handle": ("Handle", normal_handle),
    "url": ("URL", _normal_url),
}
"""The known schemes of organisations and persons, by their case-folded names: the name, and the normal form."""


def is_test_value(scheme: str, value: str) -> bool:
    """Whether an identifier was made for trying things out, by whatever way it came in."""
    return scheme in TEST_PREFIXES and value.lower().startswith(f"{TEST_PREFIXES[scheme]}/")
