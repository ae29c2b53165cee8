"""How the values of a type are written as JSON."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter


@cache
def adapter_of(kind: type[Any]) -> TypeAdapter[Any]:
    """What writes the values of a type; made once, for that takes longer than to write one."""
    return TypeAdapter(kind)
