"""Exports: what is written and in which order, what cannot be said and is told, and parts of a facility."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.unit.facility_file.hutch import BASE, EXAMPLE, Hutch, changed, make_hutch

from cora.equipment.aggregates.facility import FACILITY
from cora.facility_file import Export, NothingThereError, RemoteFacility, make_export
from cora.facility_file.exporting.notes import Note

EXPORTED = """\
cora: 1
occurred_at: 2016-05-01

facilities:
  - code: aps
    name: Advanced Photon Source

families:
  - name: Camera
    affordances: [Imageable]
  - name: RotaryStage
    affordances: [Homeable, Limitable, Rotatable]
    presents_as: [Positioner]
    settings_schema: {type: object, properties: {mode: {type: string}, max_speed: {type: number, minimum: 0}}}
  - name: Tower

models:
  - name: ABRS-250
    manufacturer: {name: Aerotech}
    part_number: ABRS-250MP
    families: [RotaryStage]

frames:
  - name: Floor
  - name: Hutch B
    parent: Floor
    placement: {z: 50500}

mounts:
  - slot_code: 02-BM-B
    frame: Floor/Hutch B
    placement: {y: 100}
  - slot_code: 02-BM-B-ROT
    frame: Floor/Hutch B
    placement: {y: 1400}
    parent: 02-BM-B

assets:
  - name: 2-BM
    facility: aps
    tier: Unit
    lifecycle: Active
    owners: [{name: Argonne}]
    children:
      - name: Drive
        tier: Device
      - name: Rotary
        tier: Device
        description: the axis
        model: Aerotech/ABRS-250MP
        families: [RotaryStage]
        lifecycle: Active
        identifiers: [{kind: SerialNumber, value: 730792/1}]
        related_identifiers: [{relation: References, scheme: Handle, value: 20.5/paper, name: Paper}]
        subjects: [{name: optics, identifier: voc/1, scheme: Keywords}]
        ports: [{name: pso_out, direction: Output, signal_type: TTL}]
        settings: {mode: slow, max_speed: 720}
        drawing: {system: EDMS, number: 630C2125, revision: "02"}
        controller: aps/2-BM/Drive
        mount: 02-BM-B-ROT

assemblies:
  - name: SampleTower
    presents_as_family: Tower
    slots: {rotation: {families: [RotaryStage]}}

fixtures:
  - name: Tower at 2-BM
    assembly: SampleTower
    bindings: {rotation: aps/2-BM/Rotary}
    persistent_id: {scheme: DOI, value: 10.0000/cora-stub/tower}
"""
ROTARY = "aps/2-BM/Rotary"
TEST_DOI = "fixture Tower at 2-BM: DOI 10.0000/cora-stub/tower"
LATER = {"occurred_at": datetime(2024, 9, 30, 8, tzinfo=UTC)}


@pytest.fixture(params=["direct", "remote"])
async def filled(tmp_path: Path, request: pytest.FixtureRequest) -> Hutch:
    hutch = await make_hutch(tmp_path, remote=request.param == "remote")
    await hutch.apply(BASE)
    return hutch


@pytest.fixture
async def hutch(tmp_path: Path) -> Hutch:
    hutch = await make_hutch(tmp_path)
    await hutch.apply(BASE)
    return hutch


async def exported(hutch: Hutch, **options: Any) -> Export:
    return await make_export(hutch.facility, **options)


def text_of(export: Export) -> str:
    return "".join(f"{line}\n" for line in export.lines())


def told(export: Export) -> dict[Note, list[str]]:
    """The examples of each note, without what is told of every export of `BASE`."""
    notes = {note: each.examples for note, each in export.report.notes.items()}
    if notes.get(Note.CONTACTS) == ["of Argonne, aps/2-BM"]:
        del notes[Note.CONTACTS]
    if notes.get(Note.TEST_IDENTIFIERS) == [TEST_DOI]:
        del notes[Note.TEST_IDENTIFIERS]
    return notes


async def same_again(hutch: Hutch, export: Export) -> None:
    """Applied to an empty facility, the file is exported as the same file."""
    text = text_of(export)
    other = await make_hutch(hutch.directory)
    await other.apply(text)
    assert text_of(await exported(other)) == text


def amend(hutch: Hutch, kind: str, name: str, /, **members: Any) -> None:
    """Leave a record as a command does that this release does not have, or as one did under other rules."""
    id = hutch.id(kind, name)
    document = hutch.log.tables.documents[id]
    body = json.dumps({**json.loads(document.body), **members})
    hutch.log.tables.documents[id] = replace(document, body=body, version=document.version + 1)


async def test_what_is_is_written_in_order(filled: Hutch):
    export = await exported(filled)
    assert text_of(export) == EXPORTED
    assert told(export) == {}
    assert export.report.counts == {
        "facilities": 1,
        "families": 3,
        "models": 1,
        "frames": 2,
        "mounts": 2,
        "assets": 3,
        "assemblies": 1,
        "fixtures": 1,
    }
    assert export.report.position == len(filled.log.events)
    await same_again(filled, export)


async def test_applied_where_it_was_made_it_changes_nothing(filled: Hutch):
    assert await filled.steps(text_of(await exported(filled))) == []


async def test_the_example_is_exported_again_as_the_same_file(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    await hutch.apply(EXAMPLE.read_text())
    export = await exported(hutch)
    assert export.report.notes.keys() == {Note.TEST_IDENTIFIERS}
    await same_again(hutch, export)
    assert await hutch.steps(text_of(export)) == []


async def test_an_empty_facility_is_a_file_too(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    export = await exported(hutch)
    assert text_of(export) == "cora: 1\n"
    assert export.report.summary.startswith("0 records as of position ")
    await same_again(hutch, export)


async def test_the_report_tells_what_and_of_when(hutch: Hutch):
    export = await exported(hutch)
    written = export.report.to_json()
    assert (written["position"], written["under"], written["as_of"]) == (len(hutch.log.events), None, None)
    assert written["counts"]["assets"] == 3
    assert [(note["note"], note["count"], note["examples"]) for note in written["notes"]] == [
        ("test_identifiers", 1, [TEST_DOI]),
        ("contacts", 1, ["of Argonne, aps/2-BM"]),
    ]
    assert list(export.report.lines())[1] == (
        "E-mail addresses, left out (--contacts writes them): 1 (of Argonne, aps/2-BM)"
    )
    assert "1 facility, 3 families, 1 model, 2 frames" in export.report.summary


async def test_many_examples_are_counted(hutch: Hutch):
    for number in range(8):
        await hutch.run("register_asset", name=f"Old {number}", tier="Device", parent_id=str(hutch.id("asset", "2-BM")))
        id = str(hutch.id("asset", f"Old {number}"))
        await hutch.run("decommission_asset", asset_id=id, reason="worn out")
    export = await exported(hutch)
    assert export.report.notes[Note.DECOMMISSIONED_ASSETS].count == 8
    (line,) = [line for line in export.report.lines() if line.startswith("Decommissioned assets")]
    assert line.startswith("Decommissioned assets, left out: 8 (aps/2-BM/Old 0; ")
    assert line.endswith("; ...)")


async def test_progress_is_told(hutch: Hutch):
    seen: list[tuple[int, int | None, str]] = []

    def progress(done: int, total: int | None, what: str) -> None:
        seen.append((done, total, what))

    export = await exported(hutch, progress=progress)
    assert (seen[0][1], seen[0][2]) == (None, "reading")
    written: list[tuple[int, int | None]] = []
    text = "\n".join(export.lines(lambda done, total, _: written.append((done, total))))
    assert written == [(number, 14) for number in range(1, 15)]
    assert text.count("\n") > 14


class TestDates:
    """Each record gets the date that it has; what equals the date that applying gives anyway is left out."""

    async def test_dates_of_their_own_are_written(self, hutch: Hutch, tmp_path: Path):
        text = BASE
        for place, dates in (
            ("    tier: Unit\n", "    registered: 2001-03-01\n    commissioned: 2002-07-15\n"),
            ("        mount: 02-BM-B-ROT\n", "        installed: 2024-09-30T10:00:00+02:00\n"),
            ("    assembly: SampleTower\n", "    registered: 2025-01-01\n"),
        ):
            text = changed(text, place, place + dates)
        other = await make_hutch(tmp_path)
        await other.apply(text)
        export = await exported(other)
        found = text_of(export)
        assert "cora: 1\noccurred_at: 2001-03-01\n" in found
        assert "lifecycle: Active\n    commissioned: 2002-07-15\n    owners" in found
        assert "mount: 02-BM-B-ROT\n        installed: 2024-09-30T08:00:00Z\n" in found
        assert "    registered: 2025-01-01\n    persistent_id:" in found
        assert found.count("registered: 2016-05-01") == 12
        await same_again(other, export)

    async def test_the_date_of_recording_is_a_date(self, hutch: Hutch):
        await hutch.run(
            "register_mount", slot_code="new", placement={"parent_frame_id": str(hutch.id("frame", "Floor"))}
        )
        began = hutch.log.events[-1].recorded_at
        export = await exported(hutch)
        assert f"  - slot_code: new\n    frame: Floor\n    registered: {began.isoformat()[:-6]}Z\n" in text_of(export)
        await same_again(hutch, export)

    async def test_a_registration_keeps_its_date_whatever_came_after(self, hutch: Hutch):
        await hutch.run("update_family_settings_schema", family_id=str(hutch.id("family", "Camera")),
                        settings_schema={"type": "object"})  # fmt: skip
        await hutch.run(
            "install_asset", mount_id=str(hutch.id("mount", "02-BM-B")), asset_id=str(hutch.id("asset", "2-BM"))
        )
        export = await exported(hutch)
        assert "  - name: Camera\n    affordances: [Imageable]\n    settings_schema: {type: object}\n  -" in text_of(
            export
        )
        assert "  - slot_code: 02-BM-B\n    frame: Floor/Hutch B\n    placement: {y: 100}\n  -" in text_of(export)
        await same_again(hutch, export)

    async def test_an_installation_before_the_activation_gets_its_date(self, hutch: Hutch):
        asset_id = str(hutch.id("asset", "Drive"))
        await hutch.run("activate_asset", asset_id=asset_id)
        await hutch.run_at(LATER["occurred_at"], "install_asset", mount_id=str(hutch.id("mount", "02-BM-B")),
                           asset_id=asset_id)  # fmt: skip
        export = await exported(hutch)
        assert told(export) == {Note.INSTALLATION_DATES: ["aps/2-BM/Drive"]}
        assert "        mount: 02-BM-B\n      - name: Rotary" in text_of(export)
        await same_again(hutch, export)

    async def test_a_fixture_whose_asset_moved_gets_the_date_of_the_move(self, hutch: Hutch):
        asset_id, fixture_id = str(hutch.id("asset", "Rotary")), str(hutch.id("fixture", "Tower at 2-BM"))
        await hutch.run("detach_asset_from_fixture", asset_id=asset_id, fixture_id=fixture_id)
        await hutch.run("uninstall_asset", mount_id=str(hutch.id("mount", "02-BM-B-ROT")), reason="moved")
        await hutch.run_at(
            datetime.now(UTC), "install_asset", mount_id=str(hutch.id("mount", "02-BM-B")), asset_id=asset_id
        )
        export = await exported(hutch)
        assert told(export)[Note.FIXTURE_DATES] == ["Tower at 2-BM"]
        assert "bindings: {rotation: aps/2-BM/Rotary}\n    attach: false\n    persistent_id" in text_of(export)
        await same_again(hutch, export)


class TestContacts:
    """E-mail addresses stay where they can be erased, unless they are asked for."""

    async def test_they_are_left_out_and_applying_leaves_them_alone(self, hutch: Hutch):
        export = await exported(hutch)
        assert "@" not in text_of(export)
        assert export.report.notes[Note.CONTACTS].examples == ["of Argonne, aps/2-BM"]
        assert await hutch.steps(text_of(export)) == []

    async def test_they_are_written_when_asked_for(self, filled: Hutch):
        await filled.run("register_facility", code="esrf", name="ESRF", contact="desk@esrf.example")
        export = await exported(filled, contacts=True)
        text = text_of(export)
        assert 'owners: [{name: Argonne, contact: "office@aps.example"}]' in text
        assert '  - code: esrf\n    name: ESRF\n    contact: "desk@esrf.example"\n' in text
        assert Note.CONTACTS not in export.report.notes
        other = await make_hutch(filled.directory)
        await other.apply(text)
        assert text_of(await exported(other, contacts=True)) == text
        assert await filled.steps(text) == []

    async def test_an_erased_one_is_told(self, filled: Hutch):
        filled.log.tables.contacts.clear()
        export = await exported(filled, contacts=True)
        assert export.report.notes[Note.ERASED_CONTACTS].examples == ["of Argonne, aps/2-BM"]
        assert text_of(export) == EXPORTED

    async def test_an_owner_who_changes_keeps_the_address_unless_it_is_cleared(self, hutch: Hutch):
        text = text_of(await exported(hutch))
        ror = 'identifier: {scheme: ROR, value: "https://ror.org/05gvnxz63"}'
        await hutch.apply(changed(text, "{name: Argonne}", f"{{name: Argonne, {ror}}}"))
        assert 'contact: "office@aps.example", identifier' in text_of(await exported(hutch, contacts=True))
        await hutch.apply(changed(text, "{name: Argonne}", f"{{name: Argonne, contact: null, {ror}}}"))
        assert Note.CONTACTS not in (await exported(hutch)).report.notes


class TestIdentifiers:
    """An identifier that exists is recorded where the file is applied and never minted again."""

    async def test_one_that_was_minted_is_recorded_elsewhere(self, hutch: Hutch, tmp_path: Path):
        other = await make_hutch(tmp_path)
        await other.apply(text_of(await exported(hutch)))
        (fixture,) = other.states("fixture")
        assert fixture["persistent_id"] == {
            "scheme": "DOI", "value": "10.0000/cora-stub/tower", "origin": "Recorded", "test": True,
        }  # fmt: skip
        assert [event.kind for event in other.log.events if event.kind.startswith("PersistentId")] == [
            "PersistentIdReserved",
            "PersistentIdMinted",
        ]

    async def test_test_identifiers_can_be_left_out(self, hutch: Hutch):
        export = await exported(hutch, test_identifiers=False)
        assert "persistent_id" not in text_of(export)
        assert export.report.notes[Note.TEST_IDENTIFIERS_LEFT_OUT].examples == [TEST_DOI]
        await same_again(hutch, export)

    async def test_real_ones_lead_to_where_they_were_minted(self, hutch: Hutch):
        minted = {"scheme": "DOI", "value": "10.5072/tower", "origin": "Minted", "test": False}
        amend(hutch, "fixture", "Tower at 2-BM", persistent_id=minted)
        await hutch.run("record_asset_persistent_id", asset_id=str(hutch.id("asset", "Rotary")), scheme="Handle",
                        value="21.11157/abc")  # fmt: skip
        export = await exported(hutch)
        assert export.report.notes[Note.MINTED_IDENTIFIERS].examples == ["fixture Tower at 2-BM: DOI 10.5072/tower"]
        assert Note.TEST_IDENTIFIERS not in export.report.notes
        assert "mount: 02-BM-B-ROT\n        persistent_id: {scheme: Handle, value: 21.11157/abc}\n" in text_of(export)
        await same_again(hutch, export)

    @pytest.mark.parametrize("stands", ["Draft", "Withdrawn"])
    async def test_one_that_is_not_public_is_left_out_and_told(self, hutch: Hutch, stands: str):
        hutch.kernel.wired = replace(hutch.kernel.wired, publishes=stands != "Draft")
        rotary = str(hutch.id("asset", "Rotary"))
        await hutch.run("assign_asset_persistent_id", asset_id=rotary, scheme="DOI", suffix="rotary")
        if stands == "Withdrawn":
            known = [id for id, found in hutch.log.tables.documents.items() if found.kind == "persistent_id"]
            await hutch.run("withdraw_persistent_id", persistent_id_id=str(known[-1]), reason="never existed")
        export = await exported(hutch)
        value = "10.0000/cora-stub/rotary"
        assert export.report.notes[Note.NOT_PUBLIC_IDENTIFIERS].examples == [f"{ROTARY}: DOI {value}, {stands}"]
        assert value not in text_of(export)
        await same_again(hutch, export)

    async def test_one_that_is_only_reserved_is_told(self, hutch: Hutch):
        for id, document in list(hutch.log.tables.documents.items()):
            if document.kind == "persistent_id":
                body = {**json.loads(document.body), "status": "Reserved"}
                hutch.log.tables.documents[id] = replace(document, body=json.dumps(body))
        assert told(await exported(hutch)) == {Note.RESERVED_IDENTIFIERS: ["DOI 10.0000/cora-stub/tower"]}
        assert Note.RESERVED_IDENTIFIERS in told(await exported(hutch, under=ROTARY))
        assert Note.RESERVED_IDENTIFIERS not in told(await exported(hutch, under="aps/2-BM/Drive"))


async def test_all_who_made_a_model(filled: Hutch):
    ror = {"scheme": "ROR", "value": "https://ror.org/05gvnxz63"}
    families = [str(filled.id("family", "Camera"))]
    await filled.run("define_model", name="Slits", manufacturer={"name": "APS"}, part_number="JJ",
                     declared_family_ids=families,
                     further_manufacturers=[{"name": "Huber"}, {"name": "ANL", "identifier": ror}])  # fmt: skip
    export = await exported(filled)
    assert (
        "    manufacturer: {name: APS}\n    part_number: JJ\n    further_manufacturers: [{name: Huber}, "
        '{name: ANL, identifier: {scheme: ROR, value: "https://ror.org/05gvnxz63"}}]\n'
    ) in text_of(export)
    await same_again(filled, export)


class TestWhatCannotBeSaid:
    """Nothing is left out silently, and what is written can be applied."""

    async def expect(self, hutch: Hutch, notes: dict[Note, Sequence[str]]) -> str:
        export = await exported(hutch)
        assert told(export) == notes
        await same_again(hutch, export)
        return text_of(export)

    async def test_what_is_no_more(self, hutch: Hutch):
        await hutch.run("register_asset", name="Old", tier="Device", parent_id=str(hutch.id("asset", "2-BM")))
        id = str(hutch.id("asset", "Old"))
        await hutch.run("record_asset_persistent_id", asset_id=id, scheme="DOI", value="10.5072/old")
        await hutch.run("decommission_asset", asset_id=id, reason="worn out")
        for name in ("gone", "kept"):
            frame = {"name": name, "parent_id": str(hutch.id("frame", "Floor"))}
            await hutch.run("register_frame", **frame, placement={"parent_frame_id": frame["parent_id"]})
            await hutch.run("register_mount", slot_code=name, placement={"parent_frame_id": frame["parent_id"]})
        amend(hutch, "frame", "gone", status="Decommissioned")
        documents = hutch.log.tables.documents
        (mount,) = [each for each in hutch.states("mount") if each["slot_code"] == "gone"]
        document = documents[UUID(mount["id"])]
        documents[UUID(mount["id"])] = replace(document, body=json.dumps({**mount, "status": "Decommissioned"}))
        text = await self.expect(
            hutch,
            {
                Note.DECOMMISSIONED_ASSETS: ["aps/2-BM/Old"],
                Note.DECOMMISSIONED_MOUNTS: ["gone"],
                Note.DECOMMISSIONED_FRAMES: ["gone"],
                Note.LOST_IDENTIFIERS: ["aps/2-BM/Old: DOI 10.5072/old"],
            },
        )
        assert "gone" not in text
        assert text.count("kept") == 2

    async def test_retired_fixtures(self, hutch: Hutch):
        asset_id, fixture_id = str(hutch.id("asset", "Rotary")), str(hutch.id("fixture", "Tower at 2-BM"))
        await hutch.run("detach_asset_from_fixture", asset_id=asset_id, fixture_id=fixture_id)
        amend(hutch, "fixture", "Tower at 2-BM", retired_at="2026-01-01T00:00:00.000000Z")
        export = await exported(hutch)
        notes = {note: each.examples for note, each in export.report.notes.items()}
        assert notes[Note.RETIRED_FIXTURES] == ["Tower at 2-BM"]
        assert notes[Note.LOST_IDENTIFIERS] == ["Tower at 2-BM: DOI 10.0000/cora-stub/tower"]
        assert Note.TEST_IDENTIFIERS not in notes
        assert "fixtures:" not in text_of(export)

    async def test_fixtures_of_an_older_assembly(self, hutch: Hutch):
        amend(hutch, "fixture", "Tower at 2-BM", assembly_content_hash="0" * 64)
        export = await exported(hutch)
        assert told(export)[Note.OLDER_ASSEMBLIES] == ["Tower at 2-BM"]
        assert "fixtures:" not in text_of(export)
        await same_again(hutch, export)

    async def test_fixtures_that_could_not_be_registered_now(self, hutch: Hutch):
        asset_id, fixture_id = str(hutch.id("asset", "Rotary")), str(hutch.id("fixture", "Tower at 2-BM"))
        await hutch.run("detach_asset_from_fixture", asset_id=asset_id, fixture_id=fixture_id)
        await hutch.run("uninstall_asset", mount_id=str(hutch.id("mount", "02-BM-B-ROT")), reason="to be repaired")
        export = await exported(hutch)
        assert told(export)[Note.REFUSED_FIXTURES] == [
            "Tower at 2-BM: Asset 'aps/2-BM/Rotary' is installed in no mount; install it first."
        ]
        assert "fixtures:" not in text_of(export)
        await same_again(hutch, export)

    async def test_families_and_models_that_are_deprecated(self, hutch: Hutch):
        amend(hutch, "family", "Camera", status="Deprecated")
        amend(hutch, "family", "RotaryStage", status="Deprecated")
        amend(hutch, "model", "ABRS-250", status="Deprecated")
        amend(hutch, "assembly", "SampleTower", status="Deprecated")
        export = await exported(hutch)
        notes = told(export)
        assert notes[Note.DEPRECATED_UNUSED] == ["family Camera"]
        assert notes[Note.DEPRECATED_USED] == [
            "family RotaryStage", "model Aerotech/ABRS-250MP", "assembly SampleTower"
        ]  # fmt: skip
        assert text_of(export) == EXPORTED.replace("  - name: Camera\n    affordances: [Imageable]\n", "")
        await same_again(hutch, export)

    async def test_a_name_means_the_definition_that_is_not_deprecated(self, hutch: Hutch):
        old = hutch.id("model", "ABRS-250")
        amend(hutch, "model", "ABRS-250", status="Deprecated", name="Old ABRS")
        hutch.log.tables.claims = {claim: owner for claim, owner in hutch.log.tables.claims.items() if owner != old}
        families = [str(hutch.id("family", "RotaryStage")), str(hutch.id("family", "Camera"))]
        await hutch.run("define_model", name="New ABRS", manufacturer={"name": "aerotech"}, part_number="abrs-250mp",
                        declared_family_ids=families)  # fmt: skip
        export = await exported(hutch)
        assert told(export)[Note.NAMES_TAKEN] == ["model Aerotech/ABRS-250MP"]
        text = text_of(export)
        assert "Old ABRS" not in text
        assert "model: aerotech/abrs-250mp" in text
        assert "families: [Camera, RotaryStage]" in text
        await same_again(hutch, export)

    async def test_a_family_that_the_model_no_longer_declares(self, hutch: Hutch):
        amend(hutch, "model", "ABRS-250", declared_family_ids=[str(hutch.id("family", "Camera"))])
        text = text_of(await exported(hutch))
        assert told(await exported(hutch))[Note.UNDECLARED_FAMILIES] == [ROTARY]
        assert "model:" not in text
        assert "families: [RotaryStage]\n        lifecycle" in text
        await same_again(hutch, await exported(hutch))

    async def test_settings_that_break_the_schema_of_now(self, hutch: Hutch):
        schema = {"type": "object", "properties": {"max_speed": {"type": "number", "maximum": 10}}}
        await hutch.run("update_family_settings_schema", family_id=str(hutch.id("family", "RotaryStage")),
                        settings_schema=schema)  # fmt: skip
        export = await exported(hutch)
        assert told(export) == {
            Note.BROKEN_SETTINGS: [ROTARY],
            Note.HISTORIES: ["family RotaryStage"],
        }
        assert "settings:" not in text_of(export)
        await same_again(hutch, export)

    async def test_what_yaml_cannot_hold(self, hutch: Hutch):
        schema: dict[str, Any] = {"type": "object", "properties": {"": {}}}
        await hutch.run("update_family_settings_schema", family_id=str(hutch.id("family", "Camera")),
                        settings_schema=schema)  # fmt: skip
        assembly = {"name": "Other", "presents_as_family_id": str(hutch.id("family", "Tower")), "required_slots": ()}
        await hutch.run("define_assembly", **assembly, required_wires=(), parameter_overrides_schema=schema)
        await hutch.run("register_fixture", name="Empty key", assembly_id=str(hutch.id("assembly", "Other")),
                        slot_asset_bindings=(), parameter_overrides={"": 1})  # fmt: skip
        export = await exported(hutch)
        assert sorted(told(export)[Note.UNHOLDABLE]) == [
            "the parameter overrides of fixture Empty key",
            "the schema of assembly Other",
            "the schema of family Camera",
        ]
        await same_again(hutch, export)

    async def test_slots_with_only_some_assets_attached(self, hutch: Hutch):
        text = BASE
        for old, new in (
            ("{rotation: aps/2-BM/Rotary}", "{rotation: [aps/2-BM/Rotary, aps/2-BM/Second], more: aps/2-BM/Camera}"),
            ("mounts:\n", "mounts:\n  - {slot_code: A, frame: Floor}\n  - {slot_code: B, frame: Floor}\n"),
            (
                "      rotation: {families: [RotaryStage]}\n",
                "      rotation: {families: [RotaryStage], cardinality: OneOrMore}\n      more: {families: [Camera]}\n",
            ),
        ):
            text = changed(text, old, new)
        text = changed(
            text,
            "      - name: Rotary\n",
            """\
      - {name: Second, tier: Device, families: [RotaryStage], lifecycle: Active, mount: A}
      - {name: Camera, tier: Device, families: [Camera], lifecycle: Active, mount: B}
      - name: Rotary
""",
        )
        other = await make_hutch(hutch.directory)
        await other.apply(text)
        assert "attach" not in text_of(await exported(other))
        fixture_id = str(other.id("fixture", "Tower at 2-BM"))
        await other.run("detach_asset_from_fixture", asset_id=str(other.id("asset", "Second")), fixture_id=fixture_id)
        export = await exported(other)
        assert told(export)[Note.ATTACHMENTS] == ["rotation of Tower at 2-BM"]
        assert "    attach: [more]\n" in text_of(export)
        await same_again(other, export)

    async def test_a_controller_that_needs_what_it_controls(self, hutch: Hutch):
        # The drive controls the axis and becomes a part of it: neither could be registered first.
        await hutch.run("relocate_asset", asset_id=str(hutch.id("asset", "Drive")),
                        to_parent_id=str(hutch.id("asset", "Rotary")), reason="built in")  # fmt: skip
        text = await self.expect(hutch, {Note.CONTROLLERS: [ROTARY], Note.HISTORIES: ["aps/2-BM/Rotary/Drive"]})
        assert "controller:" not in text

    async def test_names_that_begin_with_a_slash(self, hutch: Hutch):
        floor, beamline = str(hutch.id("frame", "Floor")), str(hutch.id("asset", "2-BM"))
        place = {"parent_frame_id": floor}
        await hutch.run("register_frame", name="/odd", parent_id=floor, placement=place)
        odd = str(hutch.id("frame", "/odd"))
        await hutch.run("register_frame", name="below", parent_id=odd, placement={"parent_frame_id": odd})
        await hutch.run("register_mount", slot_code="/there", placement={"parent_frame_id": odd})
        await hutch.run("register_asset", name="/drive", tier="Device", parent_id=beamline)
        await hutch.run("register_asset", name="part", tier="Device", parent_id=str(hutch.id("asset", "/drive")))
        await hutch.run("register_asset", name="driven", tier="Device", parent_id=beamline,
                        controller_id=str(hutch.id("asset", "part")))  # fmt: skip
        await hutch.run("define_model", name="M", manufacturer={"name": "Maker"}, part_number="/7",
                        declared_family_ids=[str(hutch.id("family", "Camera"))])  # fmt: skip
        await hutch.run("register_asset", name="made", tier="Device", parent_id=beamline,
                        model_id=str(hutch.id("model", "M")))  # fmt: skip
        text = await self.expect(
            hutch,
            {
                Note.SLASHES: [
                    "mount /there",
                    "frame Floor///odd/below",
                    "the controller of aps/2-BM/driven",
                    "the model of aps/2-BM/made",
                ]
            },
        )
        assert '  - name: "/odd"\n    parent: Floor\n' in text
        assert '      - name: "/drive"\n' in text
        assert '    part_number: "/7"\n' in text

    async def test_frames_that_supersede_another(self, hutch: Hutch):
        floor, old = str(hutch.id("frame", "Floor")), str(hutch.id("frame", "Hutch B"))
        place = {"parent_frame_id": floor}
        supersedes = {"predecessor_frame_id": old, "transform_from_predecessor": {"parent_frame_id": old}}
        await hutch.run("register_frame", name="Hutch C", parent_id=floor, placement=place, supersedes=supersedes)
        await self.expect(hutch, {Note.SUPERSEDING_FRAMES: ["frame Floor/Hutch C"]})

    async def test_assemblies_with_a_family_that_was_renamed(self, hutch: Hutch):
        amend(hutch, "family", "Tower", name="Spire")
        export = await exported(hutch)
        assert told(export)[Note.CONTENT_HASHES] == ["SampleTower"]
        await same_again(hutch, export)

    async def test_longer_histories(self, hutch: Hutch):
        asset_id = str(hutch.id("asset", "Drive"))
        await hutch.run("activate_asset", asset_id=asset_id)
        for mount in ("02-BM-B", "02-BM-B"):
            await hutch.run("install_asset", mount_id=str(hutch.id("mount", mount)), asset_id=asset_id)
            await hutch.run("uninstall_asset", mount_id=str(hutch.id("mount", mount)), reason="moved")
        await hutch.run("degrade_asset", asset_id=asset_id, reason="noisy")
        await hutch.run("restore_asset", asset_id=asset_id, reason="oiled")
        text = await self.expect(hutch, {Note.HISTORIES: ["mount 02-BM-B", "aps/2-BM/Drive"]})
        assert "condition: {state: Nominal, reason: oiled}" in text

    async def test_version_tags_are_written(self, hutch: Hutch):
        for kind, name in (("family", "Camera"), ("model", "ABRS-250"), ("assembly", "SampleTower")):
            amend(hutch, kind, name, version="2", status="Versioned")
        text = text_of(await exported(hutch))
        assert '  - name: Camera\n    version: "2"\n' in text
        assert '    part_number: ABRS-250MP\n    version: "2"\n' in text
        assert '    presents_as_family: Tower\n    version: "2"\n' in text


class TestSubtree:
    """A part of a facility, with what it needs."""

    async def test_below_an_asset(self, filled: Hutch):
        export = await exported(filled, under="aps/2-bm/ROTARY")
        text = text_of(export)
        assert "assets:\n  - under: aps/2-BM\n    children:\n      - name: Rotary\n        tier: Device\n" in text
        assert "facilities:" not in text
        assert "Camera" not in text
        assert export.report.counts == {
            "families": 2, "models": 1, "frames": 2, "mounts": 2, "assets": 1, "assemblies": 1, "fixtures": 1,
        }  # fmt: skip
        assert told(export)[Note.OUTSIDE] == [
            "aps/2-BM/Drive, which controls aps/2-BM/Rotary",
            "aps/2-BM, which it stands under",
        ]
        assert "under aps/2-bm/ROTARY as of position" in export.report.summary
        assert await filled.steps(text) == []

    async def test_from_a_root(self, hutch: Hutch):
        export = await exported(hutch, under="aps/2-BM")
        assert text_of(export) == EXPORTED.replace("  - name: Camera\n    affordances: [Imageable]\n", "")
        assert told(export) == {}
        await same_again(hutch, export)

    async def test_of_a_facility(self, hutch: Hutch):
        await hutch.run("register_facility", code="esrf", name="ESRF")
        await hutch.run("register_asset", name="ID19", tier="Unit", facility_code="esrf")
        assert "ID19" not in text_of(await exported(hutch, under="aps"))
        text = text_of(await exported(hutch, under="esrf"))
        assert "  - code: esrf\n" in text
        assert "  - name: ID19\n" in text
        assert "2-BM" not in text
        assert "aps" not in text

    async def test_of_a_facility_without_assets(self, hutch: Hutch):
        await hutch.run("register_facility", code="esrf", name="ESRF")
        assert (await exported(hutch, under="esrf")).report.counts == {"facilities": 1}

    async def test_a_fixture_partly_outside_is_told(self, hutch: Hutch):
        text = changed(BASE, "      rotation: {families: [RotaryStage]}\n",
                       "      rotation: {families: [RotaryStage]}\n      more: {families: [Camera]}\n")  # fmt: skip
        text = changed(text, "{rotation: aps/2-BM/Rotary}", "{rotation: aps/2-BM/Rotary, more: aps/2-BM/Camera}")
        text = changed(
            text,
            "      - name: Rotary\n",
            """\
      - {name: Camera, tier: Device, families: [Camera], lifecycle: Active, mount: 02-BM-B}
      - name: Rotary
""",
        )
        other = await make_hutch(hutch.directory)
        await other.apply(text)
        export = await exported(other, under=ROTARY)
        assert told(export)[Note.PARTLY_OUTSIDE] == ["Tower at 2-BM"]
        assert "fixtures:" not in text_of(export)
        assert "assemblies:" not in text_of(export)
        assert Note.PARTLY_OUTSIDE not in told(await exported(other, under="aps/2-BM"))
        assert Note.PARTLY_OUTSIDE not in told(await exported(other, under="aps/2-BM/Drive"))

    async def test_only_what_is_lost_inside_is_told(self, hutch: Hutch):
        for name in ("Rotary", "Drive"):
            parent_id = str(hutch.id("asset", name))
            await hutch.run("register_asset", name=f"Old of {name}", tier="Device", parent_id=parent_id)
            await hutch.run("decommission_asset", asset_id=str(hutch.id("asset", f"Old of {name}")), reason="worn")
        assert told(await exported(hutch, under=ROTARY))[Note.DECOMMISSIONED_ASSETS] == [f"{ROTARY}/Old of Rotary"]

    @pytest.mark.parametrize(
        ("under", "says"),
        [
            ("aps/2-BM/Rotry", "there is no asset 'Rotry' below aps/2-BM"),
            ("aps/3-BM/Rotary", "there is no asset '3-BM' below aps"),
            ("esrf/2-BM", "'esrf' is no facility (known: aps)"),
            ("2-BM", "'2-BM' is no facility (known: aps)"),
            ("aps//", "'aps/' is no facility"),
            ("aps/", "'aps/' is not a path"),
            ("", "'' is not a path"),
            ("aps/2-BM/Gone", "or it is decommissioned"),
        ],
    )
    async def test_a_path_that_leads_to_nothing(self, hutch: Hutch, under: str, says: str):
        await hutch.run("register_asset", name="Gone", tier="Device", parent_id=str(hutch.id("asset", "2-BM")))
        await hutch.run("decommission_asset", asset_id=str(hutch.id("asset", "Gone")), reason="worn out")
        with pytest.raises(NothingThereError, match=re.escape(says)):
            await exported(hutch, under=under)

    async def test_what_no_path_leads_to(self, hutch: Hutch):
        await hutch.run("register_asset", name="/odd", tier="Device", parent_id=str(hutch.id("asset", "2-BM")))
        await hutch.run("register_asset", name="part", tier="Device", parent_id=str(hutch.id("asset", "/odd")))
        with pytest.raises(NothingThereError):
            await exported(hutch, under="aps/2-BM///odd/part")


async def test_a_deep_tree_is_written_in_parts(tmp_path: Path):
    hutch = await make_hutch(tmp_path)
    await hutch.run("register_facility", code="aps", name="APS")
    await hutch.run("register_asset", name="0", tier="Unit", facility_code="aps")
    for level in range(1, 150):
        parent_id = str(hutch.id("asset", str(level - 1)))
        await hutch.run("register_asset", name=str(level), tier="Device", parent_id=parent_id)
    export = await exported(hutch)
    text = text_of(export)
    assert max(len(line) - len(line.lstrip()) for line in text.splitlines()) < 150
    assert text.count("- under: ") == 4
    await same_again(hutch, export)
    below = await exported(hutch, under="/".join(["aps", *map(str, range(100))]))
    assert below.report.counts["assets"] == 51
    assert await hutch.steps(text_of(below)) == []


async def test_two_fixtures_of_one_asset_are_registered_in_the_order_of_their_dates(hutch: Hutch, tmp_path: Path):
    text = BASE
    for name, date in (("A later one", "2020-01-01"), ("Z earlier one", "2018-01-01")):
        bound = "assembly: SampleTower, bindings: {rotation: aps/2-BM/Rotary}, attach: false"
        text += f"  - {{name: {name}, {bound}, registered: {date}}}\n"
    other = await make_hutch(tmp_path)
    await other.apply(text)
    dates = {each["name"]: each["registered_at"][:4] for each in other.states("fixture")}
    assert dates == {"A later one": "2020", "Z earlier one": "2018", "Tower at 2-BM": "2016"}
    await same_again(other, await exported(other))


async def test_a_wire_may_end_at_a_port_with_an_arrow_in_its_name(tmp_path: Path):
    slot, wire = "      rotation: {families: [RotaryStage]}\n", "rotation.a->b -> drive.c.d->"
    more = "      drive: {families: [Camera], cardinality: ZeroOrOne}\n"
    text = changed(BASE, slot, f"{slot}{more}    wires: [{wire}]\n")
    hutch = await make_hutch(tmp_path)
    await hutch.apply(text)
    (found,) = hutch.state("assembly", "SampleTower")["required_wires"]
    assert (found["source_port_name"], found["target_port_name"]) == ("a->b", "c.d->")
    assert f"wires: [{wire}]" in text_of(await exported(hutch))
    await same_again(hutch, await exported(hutch))


async def test_a_record_that_came_meanwhile_is_told(hutch: Hutch):
    beamline = hutch.id("asset", "2-BM")
    del hutch.log.tables.documents[beamline]
    assert told(await exported(hutch))[Note.CHANGED_MEANWHILE] == ["?/Drive", "?/Rotary"]


async def test_a_moment_is_asked_of_a_server():
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if request.url.path == "/facilities":
            return httpx.Response(200, json={"items": [], "next": None})
        return httpx.Response(404, json={})

    async with RemoteFacility("http://cora.test", "t", (), httpx.MockTransport(answer)) as remote:
        assert await remote.get(FACILITY.kind, UUID(int=1), as_of="12") is None
        assert [each async for each in remote.listed(FACILITY.kind, {}, as_of="2024-01-01")] == []
        assert await remote.get(FACILITY.kind, UUID(int=1)) is None
    assert [url.params.get("as_of") for url in asked] == ["12", "2024-01-01", None]
