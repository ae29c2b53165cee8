"""Looking into JSON values of any shape."""

from typing import Any, cast


def parts(value: Any) -> dict[Any, Any]:
    """The members of an object by name, the items of an array by number; nothing for any other value."""
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value)
    if isinstance(value, list):
        return dict(enumerate(cast("list[Any]", value)))
    return {}
