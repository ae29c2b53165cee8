"""The work of a server goes on, whatever one part of it meets."""

import asyncio
from typing import Any

import pytest

from cora.surfaces import start


@pytest.mark.parametrize("bad", ["finish_open_reservations", "keep_publications"])
@pytest.mark.parametrize("hangs", [False, True])
async def test_neither_work_waits_for_the_other_or_fails_with_it(
    monkeypatch: pytest.MonkeyPatch, bad: str, hangs: bool
) -> None:
    (good,) = {"finish_open_reservations", "keep_publications"} - {bad}
    thrice, done = asyncio.Event(), list[None]()

    async def breaks(*_: Any, **__: Any) -> None:
        if hangs:
            await asyncio.Event().wait()
        raise ZeroDivisionError

    async def works(kernel: Any, *_: Any, **__: Any) -> None:
        assert kernel == "in bulk", "people's calls are not spent by the worker"
        done.append(None)
        if len(done) == 3:
            thrice.set()

    monkeypatch.setattr(start, bad, breaks)
    monkeypatch.setattr(start, good, works)
    monkeypatch.setattr(start, "WORK_EVERY", 0.0)
    cora: Any = type("Cora", (), {"bulk_kernel": "in bulk", "log": type("Log", (), {"publications": None})})
    async with start.working(cora):
        await thrice.wait()
