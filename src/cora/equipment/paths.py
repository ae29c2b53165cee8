"""Paths: names down a tree, parted by slashes; a slash inside a name is doubled (`aps/2-BM/W//Si mirror`)."""

import unicodedata
from collections.abc import Sequence


def split_path(path: str) -> list[str]:
    """The names of a path. Raises `ValueError` when one of them is empty."""
    names: list[str] = []
    name: list[str] = []
    index = 0
    while index < len(path):
        if path[index] != "/":
            name.append(path[index])
        elif path[index + 1 : index + 2] == "/":
            name.append("/")
            index += 1
        else:
            names.append("".join(name))
            name = []
        index += 1
    names.append("".join(name))
    names = [tidy(each) for each in names]
    if not all(names):
        raise ValueError(f"'{path}' is not a path: a name is missing beside a slash")
    return names


def joined_path(*names: str) -> str:
    """The path that leads along these names."""
    return "/".join(name.replace("/", "//") for name in names)


def can_be_said(names: Sequence[str]) -> bool:
    """Whether the path along these names leads back to them. Below another, a name that begins with a slash has none:
    a///b is b below a/."""
    try:
        return split_path(joined_path(*names)) == list(names)
    except ValueError:
        return False


def tidy(text: str) -> str:
    """The text as cora keeps it: NFC, without white space around it."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()
