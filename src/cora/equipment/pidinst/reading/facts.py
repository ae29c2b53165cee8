"""The facts in the technical information of DataCite: one in each description as cora and the PIDINST cookbook write
them, or several in one as DataCite's own example has it (the reference, 2.1)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cora.equipment.pidinst.reading.parts import NotUnderstood, Spot
from cora.equipment.pidinst.reading.record import Code, Thing

_LABEL = re.compile(
    r"(?:^|(?<=[.;] ))(model name|model identifier|model|instrument types?|measured (?:variable|quantit(?:y|ie))s?|"
    r"measurement techniques?):\s*",
    re.IGNORECASE,
)
_IDENTIFIED = re.compile(r"(.+) \(([^():]{1,64}): (.+)\)")
_TYPED = re.compile(r"(.+) \(([^()]{1,64})\)")
_IDENTIFIER = re.compile(r"(https?://|urn:|[0-9]+(\.[A-Za-z0-9]+)*/)\S+")


@dataclass(frozen=True)
class Facts:
    """What technical information tells."""

    model: Thing | None = None
    types: tuple[Thing, ...] = ()
    variables: tuple[Thing, ...] = ()
    techniques: tuple[Thing, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


def facts_of(descriptions: Iterable[tuple[Spot, str]]) -> Facts:
    """The facts of some descriptions; those without a label that is known are told."""
    told: dict[str, list[Thing]] = {"name": [], "type": [], "variable": [], "technique": []}
    codes: list[tuple[Spot, str]] = []
    notes: list[NotUnderstood] = []
    for spot, text in descriptions:
        for label, value in _labelled(text):
            kind = _kind_of(label)
            if kind == "code":
                codes.append((spot, value))
            elif kind is None:
                notes.append(NotUnderstood(spot, f"technical information that is not understood: {value[:200]}"))
            else:
                told[kind].append(_thing(spot, value, with_code=kind in ("type", "technique")))
    model = told["name"][0] if told["name"] else None
    notes += [NotUnderstood(each.spot, f"a second model is not read: {each.name}") for each in told["name"][1:]]
    for spot, value in codes:
        found = _TYPED.fullmatch(value)
        if model is None or model.code is not None:
            notes.append(NotUnderstood(spot, f"a model identifier without its model is not read: {value}"))
        else:
            code = Code(found[1], found[2]) if found else Code(value, None)
            model = Thing(model.spot, model.name, code)
    return Facts(model, tuple(told["type"]), tuple(told["variable"]), tuple(told["technique"]), tuple(notes))


def _kind_of(label: str) -> str | None:
    if not label:
        return None
    if label.startswith("model"):
        return "code" if label.endswith("identifier") else "name"
    if label.startswith("instrument"):
        return "type"
    return "technique" if label.startswith("measurement") else "variable"


def _labelled(text: str) -> Iterator[tuple[str, str]]:
    """Each label in small letters with what follows it; what no label precedes with an empty one."""
    found = list(_LABEL.finditer(text))
    if not found or found[0].start() > 0:
        yield "", text[: found[0].start()].strip() if found else text
    for index, match in enumerate(found):
        label = match[1].casefold()
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        value = text[match.end() : end].strip()
        is_listed = label.endswith("s")
        if len(found) > 1 or is_listed:
            value = value.rstrip(".;").strip()
        for each in re.split(r"[,;] ", value) if is_listed else (value,):
            if each.strip():
                yield label, each.strip()


def _thing(spot: Spot, value: str, *, with_code: bool) -> Thing:
    found = _IDENTIFIED.fullmatch(value) if with_code else None
    # Anything else in brackets belongs to the name.
    if found is not None and (_IDENTIFIER.fullmatch(found[3]) or found[2].isupper()):
        return Thing(spot, found[1], Code(found[3], found[2]))
    return Thing(spot, value)
