"""A life in words: each kind of milestone, as it is told of the one record and of the other."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cora.equipment.landing.life import (
    ASSET_WORDS,
    FIXTURE_WORDS,
    Happened,
    Words,
    life_of,
    spoken_of,
    standing_since,
)
from cora.equipment.views import AGGREGATES
from cora.kernel.events import LogEvent

BEGAN = datetime(2026, 5, 1, tzinfo=UTC)
OWN, OTHER, PLACE, MOUNT, FIXTURE = (UUID(int=number) for number in range(1, 6))
NAMES = {OTHER: "Camera", PLACE: "Store", MOUNT: "S-CAM", FIXTURE: "Tower"}


def happened(position: int, kind: str, stream: UUID = OWN, stream_kind: str = "asset", **data: Any) -> Happened:
    at = BEGAN + timedelta(days=position)
    return Happened(LogEvent(position, stream, stream_kind, 1, kind, "", "Ada", "http", None, "r", at, at), data)


def told(event: Happened, words: Any = ASSET_WORDS, subject: UUID = OWN) -> list[str]:
    return [each.words for each in life_of(subject, [event], NAMES, words)]


def test_every_milestone_is_an_event_that_there_is() -> None:
    known = {event.__name__ for aggregate in AGGREGATES for event in aggregate.events}
    assert {*ASSET_WORDS, *FIXTURE_WORDS} <= known


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (happened(1, "AssetActivated"), ["Put into service"]),
        (happened(1, "AssetActivated", OTHER), []),
        (happened(1, "AssetMaintenanceEntered"), ["Taken out of service for maintenance"]),
        (happened(1, "AssetDecommissioned", reason="blind"), ["Decommissioned"]),
        (happened(1, "MountAssetInstalled", MOUNT, "mount", asset_id=str(OWN)), ["Installed in slot S-CAM"]),
        (happened(1, "MountAssetUninstalled", MOUNT, "mount", reason="blind"), ["Taken out of slot S-CAM"]),
        (happened(1, "PersistentIdMinted", PLACE, "persistent_id", draft=True), []),
        (happened(1, "PersistentIdMinted", PLACE, "persistent_id"), ["Identifier published"]),
        (happened(1, "PersistentIdWithdrawn", PLACE, "persistent_id", reason="x"), ["Identifier withdrawn"]),
        (happened(1, "AssetAttachedToFixture", fixture_id=str(FIXTURE)), ["Became part of Tower"]),
    ],
)
def test_each_is_told_of_the_record_it_concerns(event: Happened, words: list[str]) -> None:
    assert told(event) == words


def test_a_move_is_told_of_what_moved_of_where_it_was_and_of_where_it_went() -> None:
    moved = happened(1, "AssetRelocated", OTHER, from_parent_id=str(OWN), to_parent_id=str(PLACE), reason="blind")
    assert told(moved) == ["Component Camera went to Store"]
    assert told(moved, subject=PLACE) == ["Component Camera came from another place"]
    assert told(moved, subject=OTHER) == ["Moved from another place to Store"]


def test_a_fixture_tells_of_the_exchange_of_its_components() -> None:
    attached = happened(1, "AssetAttachedToFixture", OTHER, fixture_id=str(FIXTURE))
    detached = happened(1, "AssetDetachedFromFixture", OTHER, fixture_id=str(FIXTURE))
    assert told(attached, FIXTURE_WORDS, FIXTURE) == ["Component Camera attached"]
    assert told(detached, FIXTURE_WORDS, FIXTURE) == ["Component Camera taken out"]
    made = happened(1, "FixtureRegistered", FIXTURE, "fixture", slot_asset_bindings=[{}, {}])
    assert told(made, FIXTURE_WORDS, FIXTURE) == ["Put together from 2 components"]


def test_the_latest_fact_comes_first_whenever_it_was_recorded() -> None:
    late = happened(2, "AssetFaulted")
    early = Happened(late.event._replace(position=9, kind="AssetActivated", occurred_at=BEGAN), {})
    told = life_of(OWN, [early, late], NAMES, ASSET_WORDS)
    assert [each.words for each in told] == ["Reported faulty", "Put into service"]


def test_components_that_entered_on_one_day_are_one_milestone() -> None:
    others = {UUID(int=number): f"Part {number}" for number in range(20, 28)}
    entered = [
        Happened(happened(2, "AssetRegistered", id, parent_id=str(OWN)).event._replace(position=20 + at), {})
        for at, id in enumerate(others)
    ]

    def words(*events: Happened) -> list[str]:
        return [each.words for each in life_of(OWN, events, {**NAMES, **others}, ASSET_WORDS)]

    assert words(*entered[:1]) == ["Component Part 20 entered in the equipment record"]
    assert words(*entered[:3]) == ["Components Part 22, Part 21 and Part 20 entered in the equipment record"]
    assert words(*entered) == [
        "Components Part 27, Part 26, Part 25, Part 24, Part 23 and others entered in the equipment record"
    ]
    later = happened(3, "AssetRegistered", OTHER)
    own = happened(1, "AssetRegistered")
    assert words(own, *entered[:2], later) == [
        "Component Camera entered in the equipment record",
        "Components Part 21 and Part 20 entered in the equipment record",
        "Entered in the equipment record",
    ]
    between = Happened(happened(2, "AssetFaulted").event._replace(position=21), {})
    apart = [entered[0], between, Happened(entered[1].event._replace(position=22), {})]
    assert len(words(*apart)) == 3


def test_a_component_that_ended_is_told_where_it_was() -> None:
    ended = happened(1, "AssetDecommissioned", OTHER, reason="blind")
    assert told(ended) == ["Component Camera decommissioned"]
    assert told(ended, subject=OTHER) == ["Decommissioned"]


def test_who_is_spoken_of() -> None:
    moved = happened(1, "AssetRelocated", OTHER, from_parent_id=str(OWN), to_parent_id=str(PLACE))
    put = happened(1, "MountAssetInstalled", MOUNT, "mount", asset_id=str(OWN))
    kept = happened(1, "PersistentIdMinted", FIXTURE, "persistent_id")
    assert spoken_of([moved, put, kept]) == {OTHER: "asset", OWN: "asset", PLACE: "asset", MOUNT: "mount"}


def test_a_condition_holds_since_the_first_report_after_the_last_other_one() -> None:
    kinds = ["AssetFaulted", "AssetFaulted", "AssetRestored", "AssetFaulted"]
    newest_first = [happened(9 - at, kind) for at, kind in enumerate(kinds)]
    since = standing_since(newest_first, OWN, {"AssetFaulted"}, {"AssetRestored"})
    assert since is not None
    assert since.position == 8
    assert standing_since(newest_first, OWN, {"AssetDegraded"}, {"AssetRestored"}) is None
    words: Words = ASSET_WORDS["AssetFaulted"]
    assert words(newest_first[0], OTHER, NAMES) is None
