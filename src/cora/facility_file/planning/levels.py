"""Which new records can be made together: each one level above those that it needs."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def levels(new: Iterable[K], needs: Callable[[K], Iterable[K]]) -> tuple[dict[K, int], list[K]]:
    """The level of each new record, and those that need each other in a circle.

    What a record needs and is not new is there already.
    """
    wanted = set(new)
    found: dict[K, int] = {}
    circle: list[K] = []
    for start in wanted:
        line = [start]
        on_line = {start}
        while line:
            key = line[-1]
            open_needs = [each for each in needs(key) if each in wanted and each not in found]
            looped = [each for each in open_needs if each in on_line]
            if looped:
                circle += looped
            ahead = next((each for each in open_needs if each not in on_line), None)
            if ahead is not None:
                line.append(ahead)
                on_line.add(ahead)
                continue
            found[key] = 1 + max((found[each] for each in needs(key) if each in found), default=-1)
            on_line.discard(line.pop())
    return found, circle
