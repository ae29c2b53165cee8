"""The facts in the technical information of DataCite: one in each description as cora and the PIDINST cookbook write
them, or several in one as DataCite's own example has it (the reference, 2.1)."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cora.equipment.pidinst.reading.documents import LINE_BREAK
from cora.equipment.pidinst.reading.parts import NotUnderstood, Spot
from cora.equipment.pidinst.reading.quirks import tidied
from cora.equipment.pidinst.reading.record import Code, Thing

_BREAK = re.compile(rf"{LINE_BREAK}|<br\s*/?>", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:^|(?<=[.;] )|(?<=\n))(model name|model identifier|model|instrument types?|"
    r"measured (?:variable|quantit(?:y|ie))s?|measurement techniques?):\s*",
    re.IGNORECASE,
)
_IDENTIFIED = re.compile(r"(.+) \(([^():]{1,64}): (.+)\)")
_CODED = ("type", "technique")
_TYPED = re.compile(r"(.+) \(([^()]{1,64})\)")
_IDENTIFIER = re.compile(r"(https?://|urn:|[0-9]+(\.[A-Za-z0-9]+)*/)\S+|[A-Za-z][A-Za-z0-9]*(::?[A-Za-z0-9._-]+)+")


class Subject(NamedTuple):
    """A keyword, with the vocabulary that it is from and its identifier there."""

    spot: Spot
    name: str
    scheme: str | None = None
    value: str | None = None

    @property
    def code(self) -> Code | None:
        """Its identifier."""
        return None if self.value is None else Code(self.value, self.scheme)


@dataclass(frozen=True)
class Facts:
    """What technical information tells."""

    model: Thing | None = None
    types: tuple[Thing, ...] = ()
    variables: tuple[Thing, ...] = ()
    techniques: tuple[Thing, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()


def facts_of(descriptions: Iterable[tuple[Spot, str]], subjects: Collection[Subject] = ()) -> Facts:
    """The facts of some descriptions; those without a label that is known are told. An identifier behind a name is one
    by its form, or because a subject of that name has it."""
    texts = [
        (spot, "\n".join(filter(None, map(tidied, each.split("\n")))))
        for spot, text in descriptions
        for each in _BREAK.split(text)
    ]
    texts = [each for each in texts if each[1]]
    begun = {_kind_of(found[1].casefold()) for _, text in texts if (found := _LABEL.match(text))}
    if len(texts) == 1:
        # The only text is a list of all. Yet it can only tell one model.
        begun &= {"name"}
    told: dict[str, list[Thing]] = {"name": [], "type": [], "variable": [], "technique": []}
    codes: list[tuple[Spot, str]] = []
    notes: list[NotUnderstood] = []
    for spot, text in texts:
        for label, value in _labelled(text, begun):
            kind = _kind_of(label)
            if kind == "code":
                codes.append((spot, value))
            elif kind is None:
                notes.append(NotUnderstood(spot, f"technical information that is not understood: {value[:200]}"))
            else:
                told[kind].append(_identified(spot, value, subjects) if kind in _CODED else Thing(spot, value))
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


def _labelled(text: str, begun: Collection[str | None]) -> Iterator[tuple[str, str]]:
    """Each label in small letters with what follows it; what no label precedes with an empty one.

    What begins a text of its own is not looked for inside of another: there it is part of a name.
    """
    found = [
        each
        for each in _LABEL.finditer(text)
        if not each.start() or text[each.start() - 1] == "\n" or _kind_of(each[1].casefold()) not in begun
    ]
    if not found or found[0].start() > 0:
        yield "", tidied(text[: found[0].start()] if found else text) or ""
    for index, match in enumerate(found):
        label = match[1].casefold()
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        value = tidied(text[match.end() : end]) or ""
        is_listed = label.endswith("s")
        if len(found) > 1 or is_listed:
            value = value.rstrip(".;").strip()
        for each in re.split(r"[,;] ", value) if is_listed else (value,):
            if each.strip():
                yield label, each.strip()


def _identified(spot: Spot, value: str, subjects: Collection[Subject]) -> Thing:
    for subject in subjects:
        before = f"{subject.name} ({subject.scheme}: "
        code = value[len(before) : -1]
        if value.startswith(before) and value.endswith(")") and subject.value in (None, code):
            return Thing(spot, subject.name, Code(code, subject.scheme))
    found = _IDENTIFIED.fullmatch(value)
    # Anything else in brackets belongs to the name.
    if found is not None and _IDENTIFIER.fullmatch(found[3]):
        return Thing(spot, found[1], Code(found[3], found[2]))
    return Thing(spot, value)
