"""What goes wrong on the way to an authority and back: which of its calls, and how."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Cut(StrEnum):
    """Where a connection is cut."""

    BEFORE = "before"
    """Nothing was done."""
    DURING = "during"
    """It was done, and half of the answer arrives."""
    AFTER = "after"
    """It was done, and nothing of the answer arrives."""


@dataclass(frozen=True)
class Says:
    """Another answer than the authority would give, as from a gateway or a firewall before it.

    With `all_the_same` the request went through to the authority.
    """

    status: int
    body: str = "<html><body><h1>Bad Gateway</h1></body></html>"
    content_type: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    all_the_same: bool = False


@dataclass
class Stands:
    """The call stands still until it is let go on: `before` it is carried out, or after it, before its answer.

    Meanwhile whoever called may be killed. `is_done` when it was carried out.
    """

    before: bool
    came: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    is_done: asyncio.Event = field(default_factory=asyncio.Event)

    async def stand(self) -> None:
        """Tell that the call has come so far, and wait."""
        self.came.set()
        await self.goes_on.wait()


Fault = Cut | Says | Stands

GATEWAY_LOST_IT = Says(502)
GATEWAY_LOST_THE_ANSWER = Says(504, all_the_same=True)
TOO_MANY = Says(
    429,
    '{"errors":[{"status":"429","title":"Your request has been rate limited."}]}',
    "application/json",
    {"Retry-After": "7"},
)

PASSING = (*Cut, GATEWAY_LOST_IT, GATEWAY_LOST_THE_ANSWER)
"""Faults after which the same request, sent again, goes through."""


@dataclass(frozen=True)
class Call:
    """A call that came in: its number from 0 on, and what was asked."""

    number: int
    method: str
    path: str


@dataclass
class FaultPlan:
    """Which calls fail. `at` counts all calls from 0 on; `always` are those of a method, for as long as it is set.

    `ahead` is what befalls the next calls about an identifier, one after the other; None is nothing.
    """

    at: dict[int, Fault] = field(default_factory=dict[int, Fault])
    ahead: dict[str, list[Fault | None]] = field(default_factory=dict[str, "list[Fault | None]"])
    always: dict[str, Fault] = field(default_factory=dict[str, Fault])
    calls: list[Call] = field(default_factory=list[Call])
    broke: list[str] = field(default_factory=list[str])
    """Errors of the simulator itself, which must not pass for a cut connection."""

    def comes(self, method: str, path: str) -> Fault | None:
        """A call comes in; what befalls it."""
        number = len(self.calls)
        self.calls.append(Call(number, method, path))
        for identifier, faults in self.ahead.items():
            if faults and path.endswith(f"/{identifier}"):
                return faults.pop(0)
        return self.at.get(number) or self.always.get(method)

    def next(self, *faults: Fault) -> None:
        """The next calls fail like this, one after the other."""
        for ahead, fault in enumerate(faults):
            self.at[len(self.calls) + ahead] = fault

    def asked(self, methods: Iterable[str]) -> int:
        """How many calls of these methods came in."""
        return sum(call.method in set(methods) for call in self.calls)
