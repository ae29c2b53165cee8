"""The rules of the toy domain once more, in plain Python, to judge what the log decided.

Written without the kernel: no reader, no documents, no claims. It sees events
in log order and says, at each position, what a command must come to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Members = Mapping[str, Any]


@dataclass(frozen=True)
class Refused:
    """The command is refused, with these members."""

    code: str
    members: Members


@dataclass(frozen=True)
class Recorded:
    """The command records these events: stream, kind, data."""

    events: tuple[tuple[str, str, Members], ...]


Outcome = Refused | Recorded


@dataclass
class World:
    """The records at one position. Ids are text."""

    version: dict[str, int] = field(default_factory=dict[str, int])
    occurred: dict[str, datetime] = field(default_factory=dict[str, datetime])
    joined: dict[str, datetime] = field(default_factory=dict[str, datetime])
    names: dict[str, str] = field(default_factory=dict[str, str])
    closed: dict[str, bool] = field(default_factory=dict[str, bool])
    holds: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    bay_of: dict[str, str] = field(default_factory=dict[str, str])
    retired: dict[str, bool] = field(default_factory=dict[str, bool])
    badge: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def bay_named(self, name: str) -> str | None:
        """The open bay with a name."""
        return next((bay for bay, own in self.names.items() if own == name and not self.closed[bay]), None)

    def carrier(self, badge: str) -> str | None:
        """The unit that carries a badge."""
        return next((unit for unit, own in self.badge.items() if own == badge), None)

    def apply(self, stream: str, kind: str, data: Members, occurred_at: datetime) -> None:
        """Take in the next event."""
        self.version[stream] = self.version.get(stream, 0) + 1
        self.occurred[stream] = occurred_at
        for id in joined_by(stream, kind, data):
            self.joined[id] = occurred_at
        match kind:
            case "BayOpened":
                self.names[stream], self.closed[stream], self.holds[stream] = data["name"], False, set()
            case "BayRenamed":
                self.names[stream] = data["name"]
            case "BayClosed":
                self.closed[stream] = True
            case "BayReopened":
                self.closed[stream] = False
            case "UnitRegistered":
                self.bay_of[stream], self.retired[stream], self.badge[stream] = data["bay_id"], False, None
                self.holds[data["bay_id"]].add(stream)
            case "UnitMoved":
                self.holds[self.bay_of[stream]].discard(stream)
                self.bay_of[stream] = data["to_bay_id"]
                self.holds[data["to_bay_id"]].add(stream)
            case "BadgeTaken" | "BadgeReceived":
                self.badge[stream] = data["badge"]
            case "BadgeDropped" | "BadgeGiven":
                self.badge[stream] = None
            case "UnitRetired":
                self.retired[stream] = True
                self.holds[self.bay_of[stream]].discard(stream)
            case "BayTallied" | "BayMeasured" | "CarrierNoted":
                pass
            case _:
                raise ValueError(kind)

    def outcome(
        self,
        command: str,
        asked: Members,
        new_id: str,
        *,
        if_match: int | None = None,
        occurred_at: datetime | None = None,
    ) -> Outcome:
        """What a command must come to here and now."""
        decided = self._decided(command, asked, new_id, if_match)
        if isinstance(decided, Refused) or not decided.events:
            return decided
        if (claimed := self._claimed(decided)) is not None:
            return claimed
        if occurred_at is not None:
            early: list[str] = []
            for stream, kind, data in decided.events:
                if stream in self.occurred and occurred_at < self.occurred[stream]:
                    early.append(stream)
                early += [
                    id for id in joined_by(stream, kind, data) if id in self.joined and occurred_at < self.joined[id]
                ]
            if early:
                return Refused("OccurredBeforeLastFact", {"id": min(early)})
        return decided

    def _claimed(self, decided: Recorded) -> Refused | None:
        given = {data["badge"] for _, kind, data in decided.events if kind == "BadgeGiven"}
        for stream, kind, data in decided.events:
            if kind in ("BayOpened", "BayRenamed", "BayReopened"):
                name = self.names[stream] if kind == "BayReopened" else data["name"]
                other = self.bay_named(name)
                if other not in (None, stream):
                    return Refused("BayNameTaken", {"name": name, "bay_id": other})
            if kind in ("BadgeTaken", "BadgeReceived") and data["badge"] not in given:
                other = self.carrier(data["badge"])
                if other is not None:
                    return Refused("BadgeIsCarried", {"badge": data["badge"], "unit_id": other})
        return None

    def _decided(self, command: str, asked: Members, new_id: str, if_match: int | None) -> Outcome:
        if asked.get("id") is not None and asked["id"] in self.version:
            return Refused("IdTaken", {"id": asked["id"]})
        path = asked.get("unit_id") or (asked.get("bay_id") if command != "RegisterUnit" else None)
        if path is not None:
            known = self.bay_of if "unit_id" in asked else self.names
            if path not in known:
                return Refused("UnitNotFound" if "unit_id" in asked else "BayNotFound", {"id": path})
            if if_match is not None and if_match != self.version[path]:
                return Refused("PreconditionFailed", {"expected": f'"{if_match}"', "version": self.version[path]})
        if command in ("OpenBay", "RegisterUnit"):
            return self._created(command, asked, new_id)
        assert path is not None
        return self._bay(command, asked, path) if "unit_id" not in asked else self._unit(command, asked, path)

    def _created(self, command: str, asked: Members, id: str) -> Outcome:
        if command == "OpenBay":
            return Recorded(((id, "BayOpened", {"name": asked["name"], "contact_id": None}),))
        bay = asked["bay_id"]
        if bay not in self.names:
            return Refused("BayNotFound", {"id": bay})
        if self.closed[bay]:
            return Refused("BayIsClosed", {"bay_id": bay})
        return Recorded(((id, "UnitRegistered", {"bay_id": bay}),))

    def _bay(self, command: str, asked: Members, bay: str) -> Outcome:
        units = sorted(self.holds[bay])
        match command:
            case "MeasureBay":
                return Recorded(((bay, "BayMeasured", {"value": asked["value"]}),))
            case "ReopenBay":
                if not self.closed[bay]:
                    return Refused("BayIsOpen", {"bay_id": bay})
                return Recorded(((bay, "BayReopened", {}),))
            case _ if self.closed[bay]:
                return Refused("BayIsClosed", {"bay_id": bay})
            case "RenameBay":
                if asked["name"] == self.names[bay]:
                    return Recorded(())
                return Recorded(((bay, "BayRenamed", {"name": asked["name"]}),))
            case "CloseBay":
                if units:
                    return Refused("BayHasUnits", {"bay_id": bay, "unit_id": units[0]})
                return Recorded(((bay, "BayClosed", {}),))
            case "TallyBay":
                badges = sum(self.badge[unit] is not None for unit in units)
                return Recorded(((bay, "BayTallied", {"units": units, "badges": badges}),))
            case _:
                raise ValueError(command)

    def _unit(self, command: str, asked: Members, unit: str) -> Outcome:
        badge = self.badge[unit]
        for other in ("to_unit_id", "other_unit_id"):
            if other in asked and asked[other] not in self.bay_of:
                return Refused("UnitNotFound", {"id": asked[other]})
        if "to_bay_id" in asked and asked["to_bay_id"] not in self.names:
            return Refused("BayNotFound", {"id": asked["to_bay_id"]})
        match command:
            case "NoteCarrier":
                return Recorded(
                    ((unit, "CarrierNoted", {"badge": asked["badge"], "carrier": self.carrier(asked["badge"])}),)
                )
            case "CompareUnits":
                if badge is None and self.badge[asked["other_unit_id"]] is None:
                    return Refused("NobodyCarries", {"unit_id": unit, "other_unit_id": asked["other_unit_id"]})
                return Recorded(())
            case "DropBadge":
                if badge is None:
                    return Refused("UnitHasNoBadge", {"unit_id": unit})
                return Recorded(((unit, "BadgeDropped", {"badge": badge}),))
            case "HandOverBadge":
                to = asked["to_unit_id"]
                if badge is None:
                    return Refused("UnitHasNoBadge", {"unit_id": unit})
                if self.retired[to]:
                    return Refused("UnitIsRetired", {"unit_id": to})
                if self.badge[to] is not None:
                    return Refused("UnitHasBadge", {"unit_id": to, "badge": self.badge[to]})
                given = (unit, "BadgeGiven", {"badge": badge, "to_unit_id": to})
                return Recorded((given, (to, "BadgeReceived", {"badge": badge, "from_unit_id": unit})))
            case _ if self.retired[unit]:
                return Refused("UnitIsRetired", {"unit_id": unit})
            case "MoveUnit":
                origin, to = self.bay_of[unit], asked["to_bay_id"]
                if origin == to:
                    return Recorded(())
                if self.closed[to]:
                    return Refused("BayIsClosed", {"bay_id": to})
                return Recorded(((unit, "UnitMoved", {"from_bay_id": origin, "to_bay_id": to}),))
            case _ if badge is not None:
                return Refused("UnitHasBadge", {"unit_id": unit, "badge": badge})
            case "TakeBadge":
                return Recorded(((unit, "BadgeTaken", {"badge": asked["badge"]}),))
            case "RetireUnit":
                return Recorded(((unit, "UnitRetired", {}),))
            case _:
                raise ValueError(command)


def joined_by(stream: str, kind: str, data: Members) -> tuple[str, ...]:
    """The records that an event joins or parts."""
    match kind:
        case "UnitRegistered":
            return (stream, data["bay_id"])
        case "UnitMoved":
            return (stream, data["from_bay_id"], data["to_bay_id"])
        case _:
            return ()
