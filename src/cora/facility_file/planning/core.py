"""Planning one command: it is decided beforehand, by its own rules, on what will be recorded by then.

So the rules stand in one place, the decisions themselves, and a plan knows
what would be refused before anything is touched.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cora.equipment.aggregates.asset import ASSET
from cora.equipment.aggregates.asset.state import Asset, AssetTier
from cora.equipment.aggregates.mount import MOUNT, Mount
from cora.equipment.paths import joined_path
from cora.equipment.values import Placement
from cora.facility_file.planning.known import Known
from cora.facility_file.planning.survey import Survey
from cora.facility_file.port import Facility
from cora.facility_file.problems import Place, Problem, Problems, did_you_mean, short
from cora.facility_file.shapes import LEFT_OUT, Entry
from cora.facility_file.steps import Stage, Step, Steps
from cora.kernel.aggregate import Aggregate, Claim, Fact
from cora.kernel.errors import Refusal
from cora.kernel.reader import Reader
from cora.kernel.slice import CommandSlice, Creation, HandlerSlice, On
from cora.kernel.wrong_values import what_is_wrong

S = TypeVar("S")

_ID = re.compile(r"(?:\b([A-Za-z]+) )?\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
_WORD = re.compile(r"'([^']+)'")
_NO_ID = UUID(int=0)
_MOST_NAMES = 1_000
_NAME_FIELDS = {"mount": "slot_code", "facility": "code"}


@dataclass(frozen=True, slots=True)
class When:
    """The time of a planned event: None is the moment of applying. `is_dated` says that the file gives it."""

    moment: datetime | None
    is_dated: bool = False


def later(one: When, other: When) -> When:
    """The later of two; the moment of applying is the latest."""
    if one.moment is None or other.moment is None:
        return When(None)
    return one if one.moment >= other.moment else When(other.moment)


@dataclass(slots=True)
class Subject:
    """An entry that is being planned: how messages name it and where its keys stand."""

    entry: Entry
    label: str
    keys: dict[str, str] = field(default_factory=dict[str, str])
    """The key of the file for each field of a command where they differ."""
    named: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The names of the items of a list of a command that is a mapping in the file."""

    def place(self, path: Iterable[str | int]) -> Place:
        """Where a field of a command, or something in it, stands in the file."""
        steps = self._in_file(path)
        return self.entry.at(steps[0], *steps[1:2]) if steps else self.entry.place

    def shown(self, path: Iterable[str | int]) -> str:
        """A field of a command as the file spells it."""
        return "/".join(self._in_file(path))

    def _in_file(self, path: Iterable[str | int]) -> list[str]:
        steps = [str(step) for step in path if str(step)]
        if len(steps) > 1 and steps[0] in self.named and steps[1].isdigit():
            steps[1] = self.named[steps[0]][int(steps[1])]
        return [self.keys.get(step, step) for step in steps]


class PlannedReader:
    """What a decision reads, as it will be by then."""

    def __init__(self, planning: "Planning", stand_ins: bool, beside: Mapping[UUID, Any] | None = None) -> None:
        self._planning = planning
        self._stand_ins = stand_ins
        self._beside = beside or {}

    async def get(self, aggregate: Aggregate[S], id: UUID) -> S | None:
        """The planned state of a record, else the recorded one."""
        planned = self._beside.get(id) or self._planning.states.get(id)
        if planned is None and self._stand_ins and aggregate.kind in _STAND_INS:
            return cast("S", _STAND_INS[aggregate.kind])
        if planned is None:
            record = await self._planning.facility.get(aggregate.kind, id) if aggregate.kind in _LOOKED_UP else None
            planned = record.state if record else None
        return planned if isinstance(planned, aggregate.state) else None

    async def ahead(self, *_ids: UUID | None) -> None:
        """Nothing: what is planned needs no look."""

    async def require(self, aggregate: Aggregate[S], id: UUID) -> S:
        """The planned state of a record."""
        state = await self.get(aggregate, id)
        if state is None:
            raise aggregate.not_found(id)
        return state

    async def owner(self, claim: Claim) -> UUID | None:
        """Who will hold a claimed value. What else is claimed was looked up by name before."""
        return self._planning.claims.get(claim)

    async def sources(self, _relation: str, _target: UUID) -> tuple[UUID, ...]:
        """Nothing: what a plan decides beforehand never depends on them."""
        return ()

    async def first_source(self, _relation: str, _target: UUID) -> UUID | None:
        """Nothing, as `sources`."""
        return None

    async def exists(self, id: UUID) -> bool:
        """Whether the id is used."""
        return id in self._planning.states

    def assume_new(self, _id: UUID) -> None:
        """Nothing to note."""


_LOOKED_UP = frozenset(("facility", "role", "family", "model", "frame", "mount", "asset", "assembly", "fixture"))
_NAMED = frozenset(("family", "model", "asset", "fixture", "assembly"))
_ANY_TIME = datetime.min.replace(tzinfo=UTC)
SOME_ASSET = Asset(_NO_ID, "", AssetTier.UNIT, _ANY_TIME, _ANY_TIME)
"""A living asset of which no more is known."""
# A parent, a controller and a slot above were found by name, so they live; no more is asked of them.
_STAND_INS: dict[str, Any] = {
    ASSET.kind: SOME_ASSET,
    MOUNT.kind: Mount(_NO_ID, "", Placement(_NO_ID)),
}
_WITH_STAND_INS = frozenset(("register_asset", "register_mount"))


@dataclass
class Planning:
    """A plan being made."""

    survey: Survey
    known: Known
    facility: Facility
    problems: Problems
    now: datetime
    steps: Steps = field(default_factory=Steps)
    warnings: list[Problem] = field(default_factory=list[Problem])
    states: dict[UUID, Any] = field(default_factory=dict[UUID, Any])
    """The planned state of records that others depend on."""
    claims: dict[Claim, UUID] = field(default_factory=dict[Claim, UUID])
    labels: dict[UUID, str] = field(default_factory=dict[UUID, str])
    """How messages name a record."""
    ids: dict[str, dict[Any, UUID]] = field(default_factory=lambda: defaultdict[str, dict[Any, UUID]](dict))
    """By kind: the ids of records that are there or will be, by what `Known` and `Survey` have for keys."""
    failed: set[UUID] = field(default_factory=set[UUID])
    """Records whose own entry is wrong; what refers to them is not told of as well."""
    levels: dict[str, dict[Any, int]] = field(default_factory=lambda: defaultdict[str, dict[Any, int]](dict))
    """By kind: at which level a new record is made, those that it needs being made before."""
    bound_ids: set[UUID] = field(default_factory=set[UUID])
    """The assets whose planned state is kept, because fixtures bind them or they are cited."""
    record_count: int = 0
    _names: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    async def known_names(self, kind: str, file: str) -> list[str]:
        """The names of a kind that could have been meant, the recorded ones included."""
        if kind not in self._names:
            self._names[kind] = [
                joined_path(record.state.manufacturer.name, record.state.part_number)
                if kind == "model"
                else str(getattr(record.state, _NAME_FIELDS.get(kind, "name"), ""))
                async for record in self.facility.listed(kind, {}, limit=_MOST_NAMES)
            ]
        names = {*self._names[kind], *self.survey.names_of(kind, file)}
        return sorted(names)

    async def learn_name(self, kind: str, id: UUID) -> None:
        """Make sure that messages can name a recorded record."""
        if id not in self.labels:
            record = await self.facility.get(kind, id)
            if record is not None:
                self.labels[id] = f"{kind} '{record.state.name}'"

    def problem(self, place: Place, text: str) -> None:
        """Note a problem, with names for ids."""
        self.problems.add(place, self.named(text))

    def warn(self, place: Place, text: str) -> None:
        """Note something that is probably not meant."""
        self.warnings.append(Problem(place, text))

    def named(self, text: str) -> str:
        """The text with the names of records instead of their ids."""

        def name(found: re.Match[str]) -> str:
            label = self.labels.get(UUID(found[2]))
            if label is None:
                return found[0]
            kind, _, rest = label.partition(" ")
            # "Family <id>" becomes "Family 'Camera'", "in <id>" becomes "in family 'Camera'".
            return f"{found[1]} {rest if found[1].lower() == kind else label}" if found[1] else label

        return _ID.sub(name, text)

    def default(self, entry: Entry) -> When:
        """The time of what the entry gives no time for."""
        return When(self.survey.files.defaults[entry.place.file].occurred_at)

    def when(self, entry: Entry, key: str = "registered") -> When:
        """The time that the entry gives under a key, else the default of its file."""
        given = getattr(entry, key, LEFT_OUT)
        if given is LEFT_OUT:
            return self.default(entry)
        if given > self.now:
            self.problem(entry.at(key), f"'{key}' lies in the future")
            return self.default(entry)
        return When(given, is_dated=True)

    def asked(self, entry: Entry, key: str) -> str:
        """How to give what stands at the top of a file, and for tables and records on the command line."""
        has_top = not (entry.place.is_in_table or entry.place.is_in_record)
        return f"give '{key}' at the top of the file" if has_top else f"give --{key.replace('_', '-')}"

    def reason(self, entry: Entry) -> str | None:
        """The reason that the file gives for what wants one."""
        return self.survey.files.defaults[entry.place.file].reason

    def checked(self, subject: Subject, command: str, arguments: dict[str, Any], under: str = "") -> Any:
        """The request of a command, or None when its values are not what they should be; the problems are noted.

        `under` is the key of the file that holds the fields of the command, where one does.
        """
        declared = self.facility.commands[command]
        try:
            return declared.request.model_validate(arguments)
        except ValidationError as wrong:
            for error in wrong.errors(include_url=False):
                path = (under, *error["loc"]) if under else tuple(error["loc"])
                if error["type"] != "missing":
                    self.problem(
                        subject.place(path), f"{subject.label}: {_told(subject.shown(path), _in_words(error))}"
                    )
                elif subject.shown(path[:1]) not in subject.entry.lines:
                    self.problem(subject.place(path), f"{subject.label}: '{subject.shown(path)}' is missing")
            return None

    async def step(
        self,
        subject: Subject,
        stage: Stage,
        level: int,
        command: str,
        arguments: dict[str, Any],
        words: str,
        when: When,
        *,
        key: str = "",
        state: Any = None,
        request: BaseModel | None = None,
        beside: Mapping[UUID, Any] | None = None,
    ) -> Any:
        """Plan one command and decide it. Gives the state of its record afterwards, None when it is refused.

        `key` is the key of the file that asks for it, `state` the record as it
        will be by then, `request` the checked arguments where they are at hand,
        `beside` what the decision sees of other records whose state is not kept.
        """
        declared = self.facility.commands.get(command)
        if declared is None:
            self.problem(subject.place((key,)), f"{subject.label}: this release cannot {words} (that takes {command})")
            return None
        request = request or self.checked(subject, command, arguments)
        if request is None:
            return None
        if isinstance(declared, CommandSlice):
            try:
                state, changed = await self._decided(declared, request, state, when, beside)
            except Refusal as refusal:
                await self._note_refusal(subject, key, refusal)
                return None
            if not changed:
                return state
        self._add(subject, stage, level, declared, arguments, words, when, key)
        return state

    def steps_of_mount(
        self, subject: Subject, stage: Stage, command: str, arguments: dict[str, Any], words: str, when: When, key: str
    ) -> None:
        """Plan a command on a mount. Its rules are checked before: of mounts, which may be many, no state is kept."""
        self._add(subject, stage, 0, self.facility.commands[command], arguments, words, when, key)

    def _add(
        self, subject: Subject, stage: Stage, level: int, declared: CommandSlice | HandlerSlice,
        arguments: dict[str, Any], words: str, when: When, key: str,
    ) -> None:  # fmt: skip
        place = subject.place((key,)) if key else subject.entry.place
        self.steps.add(stage, level, Step(declared.name, arguments, when.moment, when.is_dated, words, place))

    async def _decided(
        self, declared: CommandSlice, request: Any, state: Any, when: When, beside: Mapping[UUID, Any] | None
    ) -> tuple[Any, bool]:
        """The state after a command, and whether it records anything. Raises the `Refusal` it meets."""
        read = cast("Reader", PlannedReader(self, declared.name in _WITH_STAND_INS, beside))
        on = declared.on
        if declared.creates:
            id = declared.identify(request) if declared.identify else cast("Creation", request).id or _NO_ID
        else:
            id = getattr(request, on.path_id)
            state = state if state is not None else await read.require(on, id)
        given: dict[str, Any] = {"command": request, "new_id": id, "now": self.now, on.kind: state}
        if declared.loads is not None:
            subject = () if declared.creates else (state,)
            given["context"] = await declared.loads(request, *subject, read)
        events = list(declared.run(**{name: given[name] for name in declared.parameters}))
        fact = Fact(id, when.moment or self.now)
        for event in events:
            if not isinstance(event, On):
                state = on.evolve(state, event, fact)
        return state, bool(events)

    async def _note_refusal(self, subject: Subject, key: str, refusal: Refusal) -> None:
        errors = getattr(refusal, "errors", None)
        if not errors:
            for name, value in refusal.members().items():
                if isinstance(value, UUID) and (kind := name.removesuffix("_id")) in _NAMED:
                    await self.learn_name(kind, value)
            self.problem(subject.place((key,) if key else ()), f"{subject.label}: {refusal.detail()}")
            return
        for error in errors:
            path = [step.replace("~1", "/").replace("~0", "~") for step in error.pointer.split("/")[1:]]
            # Pointers of settings and of schemas start below their key.
            if key and (not path or subject.keys.get(path[0], path[0]) != key):
                path = [key, *path]
            self.problem(subject.place(path), f"{subject.label}: {_told(subject.shown(path), error.detail)}")


def _in_words(error: ErrorDetails) -> str:
    """What is wrong with a value. A word that is none of those known is told with the nearest."""
    if error["type"] == "too_short":
        return f"lists {error['ctx']['actual_length']}, but at least {error['ctx']['min_length']} is needed"  # type: ignore[index]
    if error["type"] == "too_long":
        return f"lists {error['ctx']['actual_length']}, but at most {error['ctx']['max_length']} are possible"  # type: ignore[index]
    if error["type"] not in ("enum", "literal_error"):
        return what_is_wrong(error)
    given, expected = short(str(error["input"])), str(error.get("ctx", {}).get("expected", ""))
    near = did_you_mean(given, _WORD.findall(expected))
    return f"'{given}' is not known{near or f'; it is {expected}'}"


def _told(where: str, text: str) -> str:
    return f"'{where}': {text}" if where else text


def differing(entry: Entry, fields: Iterable[tuple[str, str]], wanted: Any, state: Any,
              same: Callable[[Any, Any], bool] = lambda one, other: one == other) -> list[str]:  # fmt: skip
    """The keys that are given in the file and differ from what is recorded.

    `fields` are pairs of a key and the field that it becomes in the command and in the state.
    """
    return [
        key
        for key, name in fields
        if getattr(entry, key) is not LEFT_OUT and not same(getattr(wanted, name), getattr(state, name))
    ]
