"""The plain model: what is recorded, as dictionaries, and what domain.md says of any command.

Nothing here uses the code of the equipment. A command is decided on a copy of
the world, in the order of its row; the copy is kept when it is accepted.
"""

import copy
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NOW = "<now>"
"""Stands in a state for when the event occurred, until that is known."""
FIRST = "<first>"
"""The same for what was recorded before the rest of the command."""
DIGEST = "<digest>"
"""Stands for the digest of what an authority was told."""
ADDRESSES = ("http://127.0.0.1:8000", "https://instruments.example.org/cora")
"""Where the landing pages of the server may be."""

State = dict[str, Any]


class Refused(Exception):
    """The command is refused with this code, and these members among others."""

    def __init__(self, code: str, **members: Any) -> None:
        super().__init__(code)
        self.code = code
        self.members = {name: str(value) for name, value in members.items()}


@dataclass
class Record:
    """A record: its state as JSON, its version and when its latest fact occurred."""

    kind: str
    state: State
    version: int = 0
    occurred_at: datetime | None = None

    def learn(self, occurred_at: datetime, texts: dict[str, str]) -> None:
        """When it occurred is known now, and what some texts stand for."""
        self.occurred_at = occurred_at
        self.state = _replaced(self.state, texts)


@dataclass(frozen=True)
class Hints:
    """What a server makes up: the id of a new record or identifier, ids of contacts, a suffix that nobody asked for."""

    new_id: str
    contact_ids: tuple[str, ...] = ()
    value: str | None = None
    identifier_id: str = ""


@dataclass
class Step:
    """What one command did to the world."""

    touched: list[str] = field(default_factory=list[str])
    joined: set[str] = field(default_factory=set[str])
    events: int = 0
    id: str = ""
    last_refusal: Refused | None = None
    """A value is another's: the refusal that ends most rows. The times are judged at the same moment."""
    failed: Refused | None = None
    """What came of asking the authority: a failure, which is recorded, or that nothing can be done."""
    identifiers: set[str] = field(default_factory=set[str])
    """Those that were written."""
    first: Record | None = None
    """An identifier as it was recorded before the authority was asked."""
    asked: list[str] = field(default_factory=list[str])
    """What the authority was asked, in order."""


@dataclass
class World:
    """All that is recorded in one run."""

    records: dict[str, Record] = field(default_factory=dict[str, Record])
    joined_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    told: dict[str, State] = field(default_factory=dict[str, State])
    """What the authority was told last of each identifier."""
    held: dict[str, str] = field(default_factory=dict[str, str])
    """What the authority holds, by value: Draft, Findable or Registered."""
    open: set[str] = field(default_factory=set[str])
    """The identifiers of which the authority was last told something that it did not take, or may not have taken."""
    refused: set[str] = field(default_factory=set[str])
    """The drafts that their authority has refused to publish, and did so last."""
    position: int = 0
    hints: Hints = field(default_factory=lambda: Hints(""))
    step: Step = field(default_factory=Step)
    mints: str = "minted"
    """What the authority answers: minted, busy, refused (and holds nothing), refused but held."""
    publishes: bool = True
    """Whether identifiers are public from the start."""
    address: str = ADDRESSES[0]
    """Where the landing pages are."""
    rehearses: bool = False
    """Whether the authority would grant all, and is not asked."""

    def copied(self, hints: Hints) -> "World":
        """The same world, to try a command on."""
        world = copy.deepcopy(self)
        world.hints, world.step = hints, Step()
        return world

    def find(self, kind: str, id: str | None) -> State | None:
        """The state of a record of a kind, or None."""
        record = self.records.get(id or "")
        return record.state if record is not None and record.kind == kind else None

    def need(self, kind: str, id: str, code: str) -> State:
        """The state of a record of a kind, else refused."""
        state = self.find(kind, id)
        if state is None:
            raise Refused(code, id=id)
        return state

    def all(self, kind: str) -> list[State]:
        """Every record of a kind."""
        return [record.state for record in self.records.values() if record.kind == kind]

    def in_use(self, kind: str) -> list[State]:
        """The frames or mounts that are active, or the fixtures that are not retired."""
        return [each for each in self.all(kind) if is_in_use(each)]

    def living_assets(self) -> list[State]:
        """Assets that are not decommissioned."""
        return [asset for asset in self.all("asset") if asset["lifecycle"] != "Decommissioned"]

    def current(self, kind: str) -> list[State]:
        """Definitions that are not deprecated."""
        return [state for state in self.all(kind) if state["status"] != "Deprecated"]

    def mount_of(self, asset_id: str) -> str | None:
        """Where an asset is installed."""
        return next((mount["id"] for mount in self.all("mount") if mount["installed_asset_id"] == asset_id), None)

    def create(self, kind: str, state: State, joined: Iterable[str] | None = None) -> None:
        """A new record."""
        id = state["id"]
        self.records[id] = Record(kind, state)
        self.note(id, joined)

    def note(self, id: str, joined: Iterable[str] | None = None) -> None:
        """One more event of a record; `joined` are the others that it joins or parts."""
        self.records[id].version += 1
        self.step.touched.append(id)
        self.step.events += 1
        self.step.id = self.step.id or id
        if joined is not None:
            self.step.joined.update((id, *joined))

    def part(self, id: str) -> None:
        """What an identifier has become is recorded, and what follows apart."""
        record = self.records[id]
        record.state.update(_replaced(record.state, {NOW: FIRST}))
        self.step.first = copy.deepcopy(record)

    def unique(self, code: str, mine: State, others: Iterable[State], key: Callable[[State], Any]) -> None:
        """Refused at the end if another has the same."""
        for other in others:
            if other["id"] != mine["id"] and key(other) == key(mine):
                self.step.last_refusal = Refused(code, existing_id=other["id"])

    def too_early(self, before: "World", occurred_at: datetime | None) -> Refused | None:
        """The refusal of a time before a later fact: of a record written, or a joining of one concerned."""
        if occurred_at is None:
            return None
        last: dict[str, datetime] = {}
        for id in self.step.touched:
            record = before.records.get(id)
            if record is not None and record.occurred_at is not None:
                last[id] = record.occurred_at
        for id in self.step.joined:
            if id in before.joined_at:
                last[id] = max(before.joined_at[id], last.get(id, before.joined_at[id]))
        late = sorted(id for id, moment in last.items() if occurred_at < moment)
        return Refused("OccurredBeforeLastFact", id=late[0]) if late else None

    def settle(self, occurred_at: datetime, text: str) -> None:
        """The command was accepted: when its events occurred is known now."""
        for id in self.step.touched:
            self.records[id].learn(occurred_at, {NOW: text})
        for id in self.step.joined:
            self.joined_at[id] = occurred_at


def _replaced(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, texts) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return texts.get(value, value) if isinstance(value, str) else value


def is_in_use(state: State) -> bool:
    """Whether a frame or a mount is active, or a fixture not retired."""
    return state.get("status") != "Decommissioned" and state.get("retired_at") is None


def clean(text: str) -> str:
    """A text as it is kept: NFC and trimmed."""
    return unicodedata.normalize("NFC", text.strip())


def same(text: str) -> str:
    """Equal for texts that are equal ignoring case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def smallest(ids: Iterable[str]) -> str | None:
    """The smallest id as text."""
    return min(ids, default=None)
