"""Names down a tree, each with a small number: assets below their facilities, frames below their roots."""

from array import array
from collections.abc import Iterator

from cora.equipment.paths import joined_path, split_path
from cora.equipment.values import folded

NONE = -1


class Tree:
    """Grows by a few dozen bytes for each name. Siblings are told apart ignoring case."""

    def __init__(self) -> None:
        self.above = array("l")
        self.names: list[str] = []
        self._found: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def add(self, above: int, name: str) -> int:
        """The number of a name below another (or of a root, below NONE); a new one when it is not there yet."""
        key = (above, folded(name))
        number = self._found.get(key)
        if number is None:
            number = self._found[key] = len(self.names)
            self.above.append(above)
            self.names.append(name)
        return number

    def find(self, above: int, name: str) -> int | None:
        """The number of a name below another, None when it is not there."""
        return self._found.get((above, folded(name)))

    def add_path(self, path: str) -> int:
        """The number of a path; what is not there yet is added. Raises `ValueError` when it is not a path."""
        number = NONE
        for name in split_path(path):
            number = self.add(number, name)
        return number

    def path(self, number: int) -> str:
        """The path that leads to a number."""
        return joined_path(*reversed([self.names[each] for each in self.line(number)]))

    def line(self, number: int) -> Iterator[int]:
        """The number itself, then those above it, up to the root."""
        while number != NONE:
            yield number
            number = self.above[number]
