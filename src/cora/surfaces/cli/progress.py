"""A progress bar on a terminal, nothing elsewhere."""

import sys
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cora.surfaces.cli.common import err


class ProgressBar:
    """Called with how much of how much is done, and in words what was done last."""

    def __init__(self, what: str, *, hidden: bool = False) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=err, disable=hidden or not sys.stderr.isatty(), transient=True)
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int | None, _what: str = "") -> None:
        self._progress.update(self._task, completed=done, total=total)

    def rename(self, what: str) -> None:
        """What is being done from now on, in words."""
        self._progress.update(self._task, description=what)
