"""What an instrument is said to be related to: how it is checked and kept, and what is the same."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cora.equipment.related_identifier import RelatedIdentifier, RelatedIdentifierScheme, RelationType, related_key

_ADAPTER = TypeAdapter(RelatedIdentifier)
_URL = {"relation": "References", "scheme": "URL", "value": "https://vendor.example/A"}


@pytest.mark.parametrize(
    ("scheme", "value", "kept"),
    [
        ("DOI", "https://doi.org/10.5442/NI1", "10.5442/ni1"),
        ("Handle", "hdl:21.11157/aBc", "21.11157/aBc"),
        ("URL", " https://vendor.example/A ", "https://vendor.example/A"),
        ("ISBN", "978-3-16-148410-0", "978-3-16-148410-0"),
    ],
)
def test_an_identifier_is_kept_in_its_normal_form(scheme: str, value: str, kept: str) -> None:
    found = _ADAPTER.validate_python({**_URL, "scheme": scheme, "value": value, "name": " Manual "})
    assert (found.value, found.name) == (kept, "Manual")
    assert _ADAPTER.validate_json(_ADAPTER.dump_json(found)) == found


@pytest.mark.parametrize(
    "wrong",
    [
        {"relation": "Cites"}, {"scheme": "LSID"}, {"scheme": "doi"}, {"value": ""}, {"value": "v" * 256},
        {"scheme": "DOI"}, {"scheme": "Handle", "value": "1234.1675"}, {"name": ""}, {"name": "n" * 201},
        {"colour": "red"},
    ],
)  # fmt: skip
def test_what_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _ADAPTER.validate_python({**_URL, **wrong})


@pytest.mark.parametrize("scheme", RelatedIdentifierScheme)
def test_case_makes_a_difference_where_the_scheme_says_so(scheme: RelatedIdentifierScheme) -> None:
    upper, lower = (related_key("References", scheme, value) for value in ("10.5/AX", "10.5/ax"))
    is_ignored = scheme in ("DOI", "Handle", "IGSN", "RAiD", "ISBN", "ISSN", "EISSN", "LISSN", "ISTC")
    assert (upper == lower) is is_ignored


def test_all_relations_of_pidinst_are_known() -> None:
    assert len(RelationType) == 10
    assert len(RelatedIdentifierScheme) == 21
