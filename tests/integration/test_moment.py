"""What measured this: the instruments in use at a moment, and what a data set says of them."""

from collections.abc import AsyncGenerator

import pytest
from tests.integration.support.past import (
    BUILT,
    INSTALLED,
    SCRAPPED,
    SERIAL,
    WITH_FIRST_CAMERA,
    WITH_SECOND_CAMERA,
    Hutch,
    hutch,
)

from cora.equipment.features import get_moment
from cora.surfaces.start import Opened

LATER = "2026-06-01T12:00:00Z"
REPAIRED = "2026-06-15T12:00:00Z"


@pytest.fixture(scope="module")
async def world(module_cora: Opened) -> AsyncGenerator[Hutch]:
    async with hutch(module_cora) as made:
        yield made


@pytest.mark.parametrize(
    ("at", "in_use"),
    [
        (BUILT, []),
        (INSTALLED, [("S-CAM", "first"), ("S-ROT", "stage")]),
        (WITH_FIRST_CAMERA, [("S-CAM", "first"), ("S-ROT", "stage")]),
        (WITH_SECOND_CAMERA, [("S-CAM", "second"), ("S-ROT", "stage")]),
        (SCRAPPED, [("S-CAM", "second"), ("S-ROT", "stage")]),
    ],
)
async def test_what_was_installed_and_active_below_an_asset(
    world: Hutch, at: str, in_use: list[tuple[str, str]]
) -> None:
    answer = await world.get("/moment", under="aps/2-BM", at=at)
    assert [(each["role"], each["name"]) for each in answer["instruments"]] == in_use
    assert answer["under"] == {"id": world.ids["beamline"], "path": "aps/2-BM"}
    assert answer["at"] == at.replace("Z", ".000000Z")
    assert await world.get("/moment", under=world.ids["beamline"], at=at) == answer
    assert await world.tool("get_moment", under="aps/2-BM", at=at) == answer


async def test_an_instrument_is_described_as_it_was(world: Hutch) -> None:
    answer = await world.get("/moment", under="aps/2-BM", at=WITH_SECOND_CAMERA)
    camera = answer["instruments"][0]
    assert (camera["path"], camera["mount"]["slot_code"]) == ("aps/2-BM/second", "S-CAM")
    assert (camera["model"]["manufacturer"], camera["model"]["part_number"]) == ("Maker", "camera-9")
    assert [family["name"] for family in camera["families"]] == ["Camera"]
    assert [owner["name"] for owner in camera["owners"]] == ["Photon Source"]
    assert camera["persistent_id"]["value"] == "10.1234/cam/2"
    assert [each["name"] for each in answer["without_identifier"]] == ["aps/2-BM/stage"]
    snippets = answer["snippets"]
    assert snippets["datacite"] == {
        "relatedIdentifiers": [
            {
                "relatedIdentifier": "10.1234/cam/2",
                "relatedIdentifierType": "DOI",
                "relationType": "IsCollectedBy",
                "resourceTypeGeneral": "Instrument",
            }
        ]
    }
    assert snippets["nexus"]["instrument"]["S_CAM"] == {
        "@NX_class": "NXdetector",
        "name": "second",
        "identifier_doi": "10.1234/cam/2",
        "identifier_doi@type": "DOI",
        "fabrication": {
            "@NX_class": "NXfabrication",
            "vendor": "Maker",
            "model": "camera-9",
            "serial_number": "cam-0002",
        },
    }
    assert snippets["scicat"]["instrumentIds"] == ["https://doi.org/10.1234/cam/2"]
    assert snippets["notes"] == []


async def test_what_is_learnt_late_changes_what_was_true_but_not_what_was_recorded(world: Hutch) -> None:
    scene, ids = world.world, world.ids
    async with scene.surfaces.cora.log.pool.acquire() as connection:
        now = (await connection.fetchval("select clock_timestamp()")).isoformat()
    before = await world.get("/moment", under="aps/2-BM", at=now, clock="recorded")
    await scene.do_at(LATER, "enter_asset_maintenance", asset_id=ids["stage"])
    await scene.do_at(REPAIRED, "exit_asset_maintenance", asset_id=ids["stage"])
    await scene.do_at(REPAIRED, "fault_asset", asset_id=ids["stage"], reason="squeaks")
    assert [each["role"] for each in (await world.get("/moment", under="aps/2-BM", at=LATER))["instruments"]] == [
        "S-CAM"
    ]
    repaired = (await world.get("/moment", under="aps/2-BM", at=REPAIRED))["instruments"][1]
    assert (repaired["condition"], repaired["condition_reason"]) == ("Faulted", "squeaks")
    assert await world.get("/moment", under="aps/2-BM", at=now, clock="recorded") == before
    assert before["instruments"][1]["condition"] == "Nominal"
    # When this was true nothing was recorded yet.
    refused = await world.get("/moment", 404, under="aps/2-BM", at=WITH_FIRST_CAMERA, clock="recorded")
    assert refused["code"] == "AssetNotFound"


async def test_a_fixture_gives_the_roles_and_a_test_identifier_is_not_cited(world: Hutch) -> None:
    scene = world.world
    fixture = await scene.citable()
    await scene.do("assign_fixture_persistent_id", fixture_id=fixture, scheme="DOI", suffix="tower")
    shown = await world.get(f"/fixtures/{fixture}")
    at = shown["recorded_at"]
    answer = await world.get("/moment", fixture=shown["state"]["name"], at=at)
    assert await world.get("/moment", fixture=fixture, at=at) == answer
    assert [each["role"] for each in answer["instruments"]] == ["eye"]
    assert answer["fixture"]["persistent_id"]["test"] is True
    assert [each["test"] is not None for each in answer["without_identifier"]] == [True, False]
    assert answer["snippets"]["datacite"]["relatedIdentifiers"] == []
    assert answer["snippets"]["scicat"]["instrumentIds"] == []
    (note,) = answer["snippets"]["notes"]
    assert shown["state"]["name"] in note
    assert "10.0000/cora-stub" not in str(answer["snippets"])


async def test_what_cannot_be_asked_is_told_with_its_place(world: Hutch) -> None:
    for asked in ({}, {"under": "aps/2-BM", "fixture": "F"}):
        refused = await world.get("/moment", 422, at=BUILT, **asked)
        assert "either under or fixture" in refused["errors"][0]["detail"]
    for wrong in ("2999-01-01T00:00:00Z", "yesterday", "2026-01-01T00:00:00"):
        for clock in ("occurred", "recorded"):
            refused = await world.get("/moment", 422, under="aps/2-BM", at=wrong, clock=clock)
            assert [each["pointer"] for each in refused["errors"]] == ["/at"]
    assert (await world.get("/moment", 422, under="aps/2-BM"))["errors"][0]["pointer"] == "/at"
    assert (await world.get("/moment", 422, under="aps/2-BM", at=BUILT, true_at=BUILT))["errors"] == [
        {"pointer": "/true_at", "detail": "is not known here"}
    ]
    assert (await world.get("/moment", 422, under="aps", at=BUILT))["errors"][0]["pointer"] == "/under"
    assert (await world.get("/moment", 404, under="aps/9-BM", at=BUILT))["code"] == "AssetNotFound"
    assert (await world.get("/moment", 404, fixture="none", at=BUILT))["code"] == "FixtureNotFound"


async def test_too_many_instruments_are_cut_off(world: Hutch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cora.equipment.instruments.MOST_SHOWN", 1)
    answer = await world.get("/moment", under="aps/2-BM", at=WITH_FIRST_CAMERA)
    assert (len(answer["instruments"]), answer["truncated"]) == (1, True)
    assert answer["instruments"][0]["alternate_identifiers"][0]["value"] == SERIAL


def test_the_question_is_about_a_moment_of_its_own() -> None:
    assert get_moment.get_moment.__slice__.has_past is False  # type: ignore[attr-defined]
