"""Items kept in a temporary file, so that memory does not grow with them; each is there again by its number."""

import pickle
import tempfile
from array import array
from typing import Generic, TypeVar

T = TypeVar("T")

_IN_MEMORY = 1 << 20


class Shelf(Generic[T]):
    """Append items, then take any of them, as often as needed. Only this process writes and reads its file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - it lives as long as this
        self._begins = array("Q")
        self._end = 0

    def append(self, item: T) -> int:
        """Add an item; gives its number, counted from 0."""
        self._begins.append(self._end)
        self._file.seek(self._end)
        pickle.dump(item, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self._end = self._file.tell()
        return len(self._begins) - 1

    def __getitem__(self, number: int) -> T:
        self._file.seek(self._begins[number])
        item: T = pickle.load(self._file)  # noqa: S301 - the file has no name and no other writer
        return item

    def __len__(self) -> int:
        return len(self._begins)
