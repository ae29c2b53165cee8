"""Suffixes with check digits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.equipment.identifiers import CROCKFORD
from cora.equipment.pidinst.suffix import is_checked_suffix, random_suffix, suffix_of

NUMBERS = st.integers(0, 2**30 - 1)


@pytest.mark.parametrize("known", ["q5e8-9585", "9te8-5h68", "33bv-s284", "08qf-ee96"])
def test_suffixes_that_datacite_gave_hold_the_same_check_digits(known: str) -> None:
    assert is_checked_suffix(known)


@given(NUMBERS)
def test_a_suffix_has_the_shape_and_holds(number: int) -> None:
    suffix = suffix_of(number)
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{2}[0-9]{2}", suffix)
    assert is_checked_suffix(suffix)


@given(NUMBERS, st.integers(0, 5), st.sampled_from(CROCKFORD))
def test_one_wrong_character_is_always_found(number: int, place: int, other: str) -> None:
    suffix = suffix_of(number)
    at = place if place < 4 else place + 1
    changed = suffix[:at] + other + suffix[at + 1 :]
    assert is_checked_suffix(changed) == (changed == suffix)


@given(NUMBERS, NUMBERS)
def test_different_numbers_have_different_suffixes(one: int, other: int) -> None:
    assert (suffix_of(one) == suffix_of(other)) == (one == other)


@pytest.mark.parametrize("text", ["", "q5e8-958", "q5e8-95850", "q5e8_9585", "Q5E8-9585", "ilou-9585", "q5e8-95x5"])
def test_other_text_is_no_suffix(text: str) -> None:
    assert not is_checked_suffix(text)


@pytest.mark.parametrize("number", [-1, 2**30])
def test_a_number_of_more_than_30_bits_has_no_suffix(number: int) -> None:
    with pytest.raises(ValueError, match="30 bits"):
        suffix_of(number)


def test_random_suffixes_differ() -> None:
    suffixes = {random_suffix() for _ in range(200)}
    assert len(suffixes) > 195
    assert all(map(is_checked_suffix, suffixes))
