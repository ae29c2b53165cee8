"""Suffixes of persistent identifiers: six Crockford base32 characters and two check digits, `xxxx-xxNN`."""

import re
import secrets

from cora.equipment.identifiers import CROCKFORD

PATTERN = r"^[a-z0-9][a-z0-9._-]{0,99}$"
"""What a suffix that is chosen looks like."""
_BITS = 30


def chosen_suffix(text: str) -> str:
    """The text, where it may be a suffix. Raises `ValueError`."""
    if not re.fullmatch(PATTERN.strip("^$"), text):
        raise ValueError(
            "must be 1 to 100 small letters (a to z), digits, dots, hyphens and underscores, a letter or digit first"
        )
    return text


def suffix_of(number: int) -> str:
    """The suffix that stands for a number of 30 bits. The check digits are those of DataCite's own suffixes."""
    if not 0 <= number < 1 << _BITS:
        raise ValueError(f"{number} does not fit into {_BITS} bits")
    characters = "".join(CROCKFORD[number >> shift & 31] for shift in range(_BITS - 5, -1, -5))
    return f"{characters[:4]}-{characters[4:]}{check_digits(number):02}"


def check_digits(number: int) -> int:
    """The two check digits of a number, from 2 to 98 (ISO 7064, modulus 97-10)."""
    return 98 - number * 100 % 97


def random_suffix() -> str:
    """A suffix nobody can guess from the one before."""
    return suffix_of(secrets.randbits(_BITS))


def is_checked_suffix(text: str) -> bool:
    """Whether the text has the shape of these suffixes and its check digits are right."""
    characters = text[:4] + text[5:7]
    if len(text) != 9 or text[4] != "-" or any(character not in CROCKFORD for character in characters):
        return False
    number = 0
    for character in characters:
        number = number << 5 | CROCKFORD.index(character)
    return suffix_of(number) == text
