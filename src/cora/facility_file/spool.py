"""A list that is kept in a temporary file once it is long, so that memory does not grow with it."""

import pickle
import tempfile
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_IN_MEMORY = 1 << 20
_AT_ONCE = 64


class Spool(Generic[T]):
    """Append items, then read them in order, as often as needed. Only this process writes and reads its file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - it lives as long as this
        self._length = 0
        self._end = 0
        self._waiting: list[T] = []

    def append(self, item: T) -> None:
        """Add an item at the end."""
        self._length += 1
        self._waiting.append(item)
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        self._write()
        position = 0
        while position < self._end:
            self._file.seek(position)
            items: list[T] = pickle.load(self._file)  # noqa: S301 - the file has no name and no other writer
            position = self._file.tell()
            yield from items

    def _write(self) -> None:
        if self._waiting:
            self._file.seek(self._end)
            pickle.dump(self._waiting, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._end = self._file.tell()
            self._waiting = []
