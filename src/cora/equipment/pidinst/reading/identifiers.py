"""Of all identifiers that a record tells: which one is that of the instrument, and which are others of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from cora.equipment.pidinst.reading.parts import Spot
from cora.equipment.pidinst.reading.quirks import folded_word, kind_of, own_identifier, persistent_identifier
from cora.equipment.pidinst.reading.quirks import same_identifier as same
from cora.equipment.pidinst.reading.record import Alternate, Code
from cora.equipment.values import IdentifierScheme

Note = Callable[[Spot, str], None]
Placed = tuple[Spot, Code]

_NUMBERS = ("SerialNumber", "InventoryNumber")


def read_own(value: str, scheme: str | None, spot: Spot, note: Note) -> Placed:
    """An identifier of the instrument itself; a type that is not the one it has is told."""
    found = own_identifier(Code(value, scheme))
    if found.scheme != scheme and scheme is not None:
        note(spot, f"the type {scheme} is not kept: {value} is taken for a {found.scheme}")
    return spot, found


def told_apart(
    found: Sequence[Placed], told: Sequence[Alternate], note: Note
) -> tuple[Placed | None, tuple[Alternate, ...]]:
    """The identifier of the instrument, and the alternate ones with those that are others of it."""
    own = _own_of(found)
    alternates = (*told, *_others_of(found, own and own[1], told, note))
    _tell_names(alternates, note)
    return own, alternates


def _own_of(found: Sequence[Placed]) -> Placed | None:
    """The identifier of the instrument: the first that is a DOI, else a Handle, else any but a number of it."""
    best = min(found, key=lambda each: _rank(each[1]), default=None)
    return best if best is not None and _rank(best[1]) < 3 else None


def _others_of(found: Iterable[Placed], own: Code | None, told: Iterable[Alternate], note: Note) -> Iterator[Alternate]:
    """Those that neither are the identifier of the instrument nor are told as alternate ones, each once."""
    known = {_as_code(each) for each in told}
    if own is not None:
        known.add(same(own))
    for spot, code in found:
        if same(code) not in known:
            known.add(same(code))
            yield read_alternate(code.value, code.scheme, None, spot, note)


def read_alternate(value: str, kind: str | None, name: str | None, spot: Spot, note: Note) -> Alternate:
    """Another identifier; one of a type that PIDINST does not have is an `Other` of that name."""
    known = kind_of(kind or "Other")
    if known is None:
        return Alternate(spot, "Other", value, name or kind)
    if known == "Other" and name is None:
        note(spot, f"an identifier of type Other that has no name is called Other: {value}")
    return Alternate(spot, known, value, name)


def _tell_names(alternates: Iterable[Alternate], note: Note) -> None:
    """Tell the names of a number that is told before, by another name or none."""
    names: dict[tuple[str, str], str | None] = {}
    for each in alternates:
        if each.kind in _NUMBERS:
            first = names.setdefault((each.kind, each.value.casefold()), each.name)
            if each.name is not None and each.name != first:
                note(each.spot, f"a further name of {each.kind} {each.value} is not kept: {each.name}")


def _rank(code: Code) -> int:
    known = persistent_identifier(code)
    if known is not None:
        return 0 if known.scheme is IdentifierScheme.DOI else 1
    return 3 if kind_of(code.scheme or "") in _NUMBERS else 2


def _as_code(each: Alternate) -> tuple[str, str]:
    """What the same identifier would be among those of the instrument."""
    if each.kind != "Other":
        return folded_word(each.kind), each.value.strip().casefold()
    return same(Code(each.value, each.name))
