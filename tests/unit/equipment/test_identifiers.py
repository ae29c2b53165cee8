import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.identifiers import AGENT_SCHEMES, in_lower_case, normal_doi, normal_handle

NORMAL = dict(AGENT_SCHEMES.values())
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"

# Each as it may come, with the form it is kept in. Real identifiers of organisations and persons.
VALID = [
    ("ROR", "https://ror.org/05gvnxz63", "https://ror.org/05gvnxz63"),
    ("ROR", "ror.org/05gvnxz63", "https://ror.org/05gvnxz63"),
    ("ROR", " 05GVNXZ63 ", "https://ror.org/05gvnxz63"),
    ("ROR", "http://ror.org/02aj13c28", "https://ror.org/02aj13c28"),
    ("ORCID", "https://orcid.org/0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097"),
    ("ORCID", "0000-0002-1694-233x", "https://orcid.org/0000-0002-1694-233X"),
    ("ORCID", "0000000218250097", "https://orcid.org/0000-0002-1825-0097"),
    ("ISNI", "0000 0001 2150 090X", "000000012150090X"),
    ("ISNI", "https://isni.org/isni/000000012150090x", "000000012150090X"),
    ("GRID", "grid.187073.a", "grid.187073.a"),
    ("GRID", "https://www.grid.ac/institutes/GRID.187073.A", "grid.187073.a"),
    ("Wikidata", "q107529885", "Q107529885"),
    ("Wikidata", "https://www.wikidata.org/wiki/Q107529885", "Q107529885"),
    ("Wikidata", "http://www.wikidata.org/entity/Q107529885", "Q107529885"),
    ("DOI", "10.5442/NI000001", "10.5442/ni000001"),
    ("DOI", "https://doi.org/10.5442/NI000001", "10.5442/ni000001"),
    ("DOI", "http://dx.doi.org/10.5442/NI000001", "10.5442/ni000001"),
    ("DOI", "doi:10.1000.10/a/b(c)<d>", "10.1000.10/a/b(c)<d>"),
    ("Handle", "21.T11998/0000-001A", "21.T11998/0000-001A"),
    ("Handle", "hdl:20.500.12345/x", "20.500.12345/x"),
    ("Handle", "https://hdl.handle.net/20.500.12345/X", "20.500.12345/X"),
    ("URL", "https://www.aerotech.com/a?b=c", "https://www.aerotech.com/a?b=c"),
]

INVALID = [
    ("ROR", "https://ror.org/05gvnxz64"),
    ("ROR", "05gvnxz6"),
    ("ROR", "15gvnxz63"),
    ("ROR", "05gvnxi63"),
    ("ROR", "https://example.org/05gvnxz63"),
    ("ORCID", "0000-0002-1825-0098"),
    ("ORCID", "0000-0002-1825-009"),
    ("ORCID", "٠٠٠٠-٠٠٠٢-١٨٢٥-٠٠٩٧"),
    ("ISNI", "0000000121500900"),
    ("ISNI", "X000000121500900"),
    ("GRID", "grid.1.a"),
    ("GRID", "187073.a"),
    ("Wikidata", "Q0"),
    ("Wikidata", "P31"),
    ("Wikidata", "Q1٢"),
    ("DOI", "11.5442/x"),
    ("DOI", "10.5442/"),
    ("DOI", "10.542/x"),
    ("DOI", "10.5442/a b"),
    ("DOI", "https://example.org/10.5442/x"),
    ("Handle", "21.T11998"),
    ("Handle", "a/b"),
    ("Handle", "21..5/b"),
    ("URL", "www.aerotech.com"),
    ("URL", "https://"),
    ("URL", "https://a b.com"),
    ("URL", "http://[::1"),
]


@pytest.mark.parametrize(("scheme", "value", "normal"), VALID)
def test_an_identifier_is_brought_into_the_one_form_it_is_kept_in(scheme: str, value: str, normal: str) -> None:
    assert NORMAL[scheme](value) == normal
    assert NORMAL[scheme](normal) == normal


@pytest.mark.parametrize(("scheme", "value"), INVALID)
def test_what_is_no_identifier_of_its_scheme_is_refused(scheme: str, value: str) -> None:
    with pytest.raises(ValueError):
        NORMAL[scheme](value)


@given(st.integers(0, 32**6 - 1), st.integers(1, 96))
def test_a_ror_id_with_any_other_check_digits_is_refused(number: int, off: int) -> None:
    body = "0" + "".join(CROCKFORD[number >> shift & 31] for shift in range(25, -1, -5))
    check = 98 - number * 100 % 97
    assert NORMAL["ROR"](f"{body}{check:02}") == f"https://ror.org/{body}{check:02}"
    with pytest.raises(ValueError, match="check digits"):
        NORMAL["ROR"](f"{body}{(check + off) % 100:02}")


@given(st.lists(st.integers(0, 9), min_size=15, max_size=15), st.integers(0, 14), st.integers(1, 9))
def test_a_wrong_digit_anywhere_in_an_isni_is_found(digits: list[int], at: int, off: int) -> None:
    # ISO 7064, mod 11-2: the weighted sum with the check digit is 1 modulo 11.
    check = (1 - sum(digit * 2 ** (15 - place) for place, digit in enumerate(digits))) % 11
    shown = "X" if check == 10 else str(check)
    text = "".join(map(str, digits))
    assert NORMAL["ISNI"](text + shown) == text + shown
    wrong = [*digits]
    wrong[at] = (wrong[at] + off) % 10
    with pytest.raises(ValueError, match="check digit"):
        NORMAL["ISNI"]("".join(map(str, wrong)) + shown)


@pytest.mark.parametrize("normal", [*NORMAL.values(), normal_doi, normal_handle])
@given(text=st.text(max_size=40) | st.from_regex(r"(10|21)\.[0-9]{4}/\S{1,8}", fullmatch=True))
def test_what_has_passed_passes_unchanged(normal: Callable[[str], str], text: str) -> None:
    try:
        once = normal(text)
    except ValueError:
        return
    assert normal(once) == once


@given(st.from_regex(re.compile(r"10\.[0-9]{4}/[!-~]{1,20}"), fullmatch=True))
def test_every_doi_of_printable_ascii_is_kept_in_lower_case(doi: str) -> None:
    assert normal_doi(doi) == doi.lower()


def test_only_ascii_letters_are_put_in_lower_case() -> None:
    assert in_lower_case("AZ-ÄΣ-İ") == "az-ÄΣ-İ"
