"""A piece of YAML as it was read: text, mapping or list, each with its line; scalars as in the YAML 1.2 core schema."""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from cora.facility_file.problems import Line
from cora.kernel.requests import read_number, why_unfit

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
# A number with leading zeros (01, 007.5) is text: such things are part numbers and revisions.
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_OCTAL = re.compile(r"0o[0-7]+")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_NUMBER = 400


@dataclass(slots=True)
class Scalar:
    """A single value. `plain` says that it stood without quotes, so it may be null, a boolean or a number."""

    line: Line
    text: str
    plain: bool = False

    @property
    def is_null(self) -> bool:
        """Whether it stands for nothing."""
        return self.plain and self.text in _NULL


@dataclass(slots=True)
class Mapping:
    """Keys and values; `key_lines` says where each key stands."""

    line: Line
    items: "dict[str, Node]"
    key_lines: dict[str, Line]


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: Line
    items: "list[Node]"


Node: TypeAlias = Scalar | Mapping | Sequence


def resolved(scalar: Scalar) -> Any:
    """The value of a scalar: None, bool, int, float or str. Raises `ValueError` for what cora cannot keep."""
    text = scalar.text
    if why := why_unfit(text):
        raise ValueError(f"it {why}")
    if not scalar.plain:
        return text
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number")
    for pattern, read in ((_FLOAT, read_number), (_HEXADECIMAL, _based), (_OCTAL, _based)):
        if pattern.fullmatch(text):
            if len(text) > _LONGEST_NUMBER:
                raise ValueError("the number has too many digits")
            return read(text)
    return text


def plain_json(node: Node) -> Any:
    """The node as JSON data. Raises `ValueError` for what cora cannot keep."""
    match node:
        case Scalar():
            return resolved(node)
        case Sequence():
            return [plain_json(item) for item in node.items]
        case Mapping():
            return {key: plain_json(value) for key, value in node.items.items()}


def _based(text: str) -> int | float:
    return read_number(str(int(text, 0)))
