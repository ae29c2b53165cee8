"""The records of others that are kept here, and what can become of them on their way."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from hypothesis import strategies as st
from lxml import etree

_HERE = Path(__file__).parent
FILES = {
    path.name: path
    for folder in (_HERE / "examples", _HERE.parent / "forms" / "examples")
    for path in sorted(folder.iterdir())
    if path.suffix in (".json", ".xml")
}
"""By name."""

_TEXT = st.sampled_from([
    "", " ", "x" * 6000, "1999", "2011-13-01", "0001-01-01", "2999-01-01", "ROR", "DOI", "10.1/x", "10.1234/X", "a@b",
    "IsComponentOf", "HasComponent", "21.12132/3.a13475b35ed34ea3", ":unav", "SerialNumber", "Other", "x\x85\u2028",
])  # fmt: skip
_ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), st.just({}), st.just([[]]), st.just({"": {}}),
    st.sampled_from(["", " ", "\x00", "\ud800", "x" * 6000, "[", "{}", '"', "10.1/x", "0000-00-00", "https://", "@"]),
    _TEXT,
    st.text(max_size=10),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name of a file, and its content with something else in it."""
    name = draw(st.sampled_from(sorted(FILES)))
    content = FILES[name].read_bytes()
    if draw(st.integers(0, 4)) and name.endswith(".json"):
        value = json.loads(content)
        for _ in range(draw(st.integers(1, 4))):
            value = _changed(value, draw, is_whole=True)
        return name, json.dumps(value).encode()
    if draw(st.integers(0, 4)) and name.endswith(".xml"):
        return name, _changed_xml(content, draw)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.sampled_from([0, 1, 1, 5, 80, 400]))
        other = draw(
            st.sampled_from([b"", b"<", b"&", b'"', b"{", b"]", b"\x00", b"\xff", b"&x;", b"10.1/x", b"\xc3\xa9"])
        )
        content = content[:start] + other + content[end:]
    return name, content


def _changed_xml(content: bytes, draw: st.DrawFn) -> bytes:
    root = etree.fromstring(content)
    for _ in range(draw(st.integers(1, 4))):
        elements = [each for each in root.iter("{*}*") if each is not root]
        if not elements:
            break
        element = draw(st.sampled_from(elements))
        above = element.getparent()
        match draw(st.integers(0, 4)):
            case 0 if above is not None:
                above.remove(element)
            case 1:
                draw(st.sampled_from(elements)).append(deepcopy(element))
            case 2 if element.attrib:
                element.set(draw(st.sampled_from(sorted(map(str, element.attrib)))), draw(_TEXT))
            case 3:
                element.tag = draw(st.sampled_from(sorted({str(each.tag) for each in elements})))
            case _:
                element.text = draw(_TEXT)
    return etree.tostring(root)


def _changed(value: Any, draw: st.DrawFn, *, is_whole: bool = False) -> Any:
    match value:
        case dict() if value and (is_whole or draw(st.integers(0, 4))):
            members = cast("dict[str, Any]", value)
            key = draw(st.sampled_from(sorted(members)))
            match draw(st.integers(0, 7)):
                case 0:
                    return {name: each for name, each in members.items() if name != key}
                case 1:
                    return {**members, draw(st.text(max_size=5)): members[key]}
                case _:
                    return {**members, key: _changed(members[key], draw)}
        case list() if value and (is_whole or draw(st.integers(0, 4))):
            items = cast("list[Any]", value)
            index = draw(st.integers(0, len(items) - 1))
            again = draw(st.sampled_from([0, 1, 1, 1, 2]))
            return [*items[:index], *[_changed(items[index], draw)] * again, *items[index + 1 :]]
        case str() if value[:1] in ("[", "{") and value[-1:] in ("]", "}") and len(value) > 2:
            return json.dumps(_changed(json.loads(value), draw))
        case _:
            return draw(_ODD)
