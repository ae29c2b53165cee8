"""The records of others that are kept here, and what can become of them on their way."""

import json
from pathlib import Path
from typing import Any, cast

from hypothesis import strategies as st

_HERE = Path(__file__).parent
FILES = {
    path.name: path
    for folder in (_HERE / "examples", _HERE.parent / "forms" / "examples")
    for path in sorted(folder.iterdir())
    if path.suffix in (".json", ".xml")
}
"""By name."""

_ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({}), st.just([[]]), st.just({"": {}}),
    st.sampled_from(["", " ", "\x00", "\ud800", "x" * 6000, "[", "{}", '"', "10.1/x", "0000-00-00", "https://", "@"]),
    st.text(max_size=10),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name of a file, and its content with something else in it."""
    name = draw(st.sampled_from(sorted(FILES)))
    content = FILES[name].read_bytes()
    if name.endswith(".json") and draw(st.booleans()):
        value = json.loads(content)
        for _ in range(draw(st.integers(1, 3))):
            value = _changed(value, draw)
        return name, json.dumps(value).encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([0, 1, 1, 5, 80, 400]))
        other = draw(
            st.sampled_from([b"", b"<", b"&", b'"', b"{", b"]", b"\x00", b"\xff", b"&x;", b"10.1/x", b"\xc3\xa9"])
        )
        content = content[:start] + other + content[end:]
    return name, content


def _changed(value: Any, draw: st.DrawFn) -> Any:
    match value:
        case dict() if value and draw(st.integers(0, 4)):
            members = cast("dict[str, Any]", value)
            key = draw(st.sampled_from(sorted(members)))
            match draw(st.integers(0, 5)):
                case 0:
                    return {name: each for name, each in members.items() if name != key}
                case 1:
                    return {**members, draw(st.text(max_size=5)): members[key]}
                case _:
                    return {**members, key: _changed(members[key], draw)}
        case list() if value and draw(st.integers(0, 4)):
            items = cast("list[Any]", value)
            index = draw(st.integers(0, len(items) - 1))
            again = draw(st.sampled_from([0, 1, 1, 1, 2]))
            return [*items[:index], *[_changed(items[index], draw)] * again, *items[index + 1 :]]
        case _:
            return draw(_ODD)
