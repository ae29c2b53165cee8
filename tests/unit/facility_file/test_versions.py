"""Facilities, families, models and assemblies whose content differs: revised, versioned, renamed."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.facility_file.hutch import BASE, Hutch, changed, line_of, make_hutch


@pytest.fixture(params=[False, True], ids=["direct", "remote"])
async def hutch(tmp_path: Path, request: pytest.FixtureRequest) -> Hutch:
    return await make_hutch(tmp_path, remote=request.param)


@pytest.fixture
async def filled(hutch: Hutch) -> Hutch:
    await hutch.apply(BASE)
    return hutch


async def applied(hutch: Hutch, text: str, *words: str) -> None:
    """The text takes these steps, which are applied, and afterwards none."""
    assert await hutch.steps(text) == list(words)
    await hutch.apply(text)
    assert await hutch.steps(text) == []


CHANGES: list[tuple[str, str, list[str], tuple[str, str], dict[str, Any]]] = [
    (
        "name: Advanced Photon Source}",
        "name: APS, website: https://aps.example}",
        ["revise facility 'aps': name, website"],
        ("facility", "aps"),
        {"name": "APS", "website": "https://aps.example"},
    ),
    (
        "affordances: [Imageable]",
        "affordances: [Imageable, Coolable]\n    description: sees",
        ["make version '2' of family 'Camera': description, affordances"],
        ("family", "Camera"),
        {"affordances": ["Coolable", "Imageable"], "description": "sees", "status": "Versioned", "version": "2"},
    ),
    (
        "affordances: [Imageable]",
        "affordances: [Imageable]\n    version: 2024-A",
        ["make version '2024-A' of family 'Camera'"],
        ("family", "Camera"),
        {"affordances": ["Imageable"], "version": "2024-A"},
    ),
    (
        "    affordances: [Rotatable, Homeable, Limitable]\n    presents_as: [Positioner]\n",
        "    affordances: [Rotatable]\n    presents_as: []\n",
        [
            "family 'RotaryStage' no longer says that it presents as role 'Positioner'",
            "make version '2' of family 'RotaryStage': affordances",
        ],
        ("family", "RotaryStage"),
        {"affordances": ["Rotatable"], "presents_as": []},
    ),
    (
        "    affordances: [Imageable]\n",
        "    affordances: [Imageable, Homeable, Limitable]\n    presents_as: [Positioner]\n",
        [
            "make version '2' of family 'Camera': affordances",
            "family 'Camera' says that it presents as role 'Positioner'",
        ],
        ("family", "Camera"),
        {"affordances": ["Homeable", "Imageable", "Limitable"], "version": "2"},
    ),
    (
        "name: ABRS-250,",
        "name: ABRS, version: B, website: https://aerotech.example,",
        ["make version 'B' of model 'Aerotech/ABRS-250MP': name (was 'ABRS-250'), website"],
        ("model", "ABRS"),
        {"website": "https://aerotech.example", "status": "Versioned", "version": "B"},
    ),
    (
        "part_number: ABRS-250MP,",
        'part_number: ABRS-250MP, identifier: {scheme: RRID, value: "RRID:SCR_1"}, version: C,',
        ["make version 'C' of model 'Aerotech/ABRS-250MP': identifier"],
        ("model", "ABRS-250"),
        {"identifier": {"scheme": "RRID", "value": "RRID:SCR_1"}, "version": "C"},
    ),
    (
        "part_number: ABRS-250MP,",
        "part_number: ABRS-250MP, further_manufacturers: [{name: Huber, identifier: {scheme: Wikidata, value: q1}}, "
        "{name: APS}],",
        ["make version '2' of model 'Aerotech/ABRS-250MP': further_manufacturers"],
        ("model", "ABRS-250"),
        {
            "manufacturer": {"name": "Aerotech", "identifier": None},
            "further_manufacturers": [
                {"name": "Huber", "identifier": {"scheme": "Wikidata", "value": "Q1"}},
                {"name": "APS", "identifier": None},
            ],
        },
    ),
    (
        "      rotation: {families: [RotaryStage]}",
        "      rotation: {families: [Camera], cardinality: ZeroOrOne}\n    drawing: {system: EDMS, number: 1}",
        ["make version '2' of assembly 'SampleTower': drawing, slots"],
        ("assembly", "SampleTower"),
        {"drawing": {"system": "EDMS", "number": "1", "revision": None}, "status": "Versioned", "version": "2"},
    ),
    (
        "    presents_as_family: Tower\n",
        "    presents_as_family: Camera\n    version: 2024-A\n    presents_as: [Positioner]\n",
        [
            "make version '2024-A' of assembly 'SampleTower': presents_as_family",
            "assembly 'SampleTower' says that it presents as role 'Positioner'",
        ],
        ("assembly", "SampleTower"),
        {"version": "2024-A"},
    ),
]


@pytest.mark.parametrize(("old", "new", "words", "record", "state"), CHANGES)
async def test_what_differs_is_changed(
    filled: Hutch, old: str, new: str, words: list[str], record: tuple[str, str], state: dict[str, Any]
):
    await applied(filled, changed(BASE, old, new), *words)
    found = filled.state(*record)
    assert {name: found[name] for name in state} == state


async def test_what_a_version_leaves_out_stays(filled: Hutch):
    before = {kind: filled.states(kind) for kind in ("family", "model", "assembly")}
    text = "cora: 1\nfamilies: [{name: RotaryStage, description: turns}]\nmodels: [{manufacturer: {name: Aerotech}, "
    text += "part_number: ABRS-250MP, description: turns}]\nassemblies: [{name: SampleTower, wires: ['a.b -> a.c']}]\n"
    ((line, problem),) = await filled.problems(text)
    assert (line, "which the assembly does not have" in problem) == (4, True)
    text = text.replace("a.b -> a.c", "rotation.b -> rotation.c")
    await applied(
        filled,
        text,
        "make version '2' of family 'RotaryStage': description",
        "make version '2' of model 'Aerotech/ABRS-250MP': description",
        "make version '2' of assembly 'SampleTower': wires",
    )
    for kind, states in before.items():
        for old in states:
            new = filled.state(kind, old["name"])
            now = {name for name in old if old[name] != new[name]}
            assert now <= {"status", "version", "description", "required_wires", "content_hash"}


async def test_the_number_of_a_version_goes_on(filled: Hutch):
    for number, description in ((2, "sees"), (3, "sees all"), (4, "sees")):
        text = changed(BASE, "[Imageable]", f"[Imageable]\n    description: {description}")
        await applied(filled, text, f"make version '{number}' of family 'Camera': description")


async def test_without_a_number_to_go_on_from_the_file_must_name_the_version(filled: Hutch):
    first = changed(BASE, "[Imageable]", "[Imageable]\n    version: 2024-A\n    description: sees")
    await filled.apply(first)
    text = changed(changed(first, "    version: 2024-A\n", ""), "description: sees", "description: sees all")
    ((line, problem),) = await filled.problems(text)
    assert line == line_of(text, "description: sees all")
    assert "other than in version '2024-A': 'description'; say with 'version'" in problem
    # A change of content is recorded as the version that is given, also when it was given before.
    again = changed(first, "description: sees", "description: sees all")
    await applied(filled, again, "make version '2024-A' of family 'Camera': description")


async def test_what_is_new_has_the_version_that_the_file_gives(hutch: Hutch):
    text = changed(BASE, "  - name: Tower\n", "  - name: Tower\n    version: '3'\n")
    text = changed(text, "name: ABRS-250,", "name: ABRS-250, version: B,")
    text = changed(text, "    presents_as_family: Tower\n", "    presents_as_family: Tower\n    version: 2024-A\n")
    steps = await hutch.steps(text)
    for definition, tag in (("family 'Tower'", "3"), ("model 'Aerotech/ABRS-250MP'", "B"),
                            ("assembly 'SampleTower'", "2024-A")):  # fmt: skip
        assert steps.index(f"define {definition}") < steps.index(f"make version '{tag}' of {definition}")
    await hutch.apply(text)
    assert await hutch.steps(text) == []
    assert [hutch.state("family", "Tower")[name] for name in ("version", "status")] == ["3", "Versioned"]
    assert hutch.state("model", "ABRS-250")["version"] == "B"
    assert hutch.state("assembly", "SampleTower")["version"] == "2024-A"


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        (
            "affordances: [Rotatable, Homeable, Limitable]",
            "affordances: [Rotatable]",
            "affordances: [Rotatable]",
            "which requires Homeable, Limitable; keep these",
        ),
        ("affordances: [Imageable]", "affordances: [Imagable]", "affordances: [Imagable]", "'Imagable' is not known"),
        (
            "affordances: [Imageable]",
            f"affordances: [Imageable]\n    version: {'v' * 101}",
            "    version:",
            "'version': must have at most 100 characters",
        ),
        ("families: [RotaryStage]}\nframes", "families: []}\nframes", "key: abrs", "at least 1 is needed"),
        (
            "presents_as_family: Tower",
            "presents_as_family: Tower\n    parameter_overrides_schema: {type: thing}",
            "parameter_overrides_schema",
            "'parameter_overrides_schema/type'",
        ),
        ("name: Advanced Photon Source", "name: APS, website: aps.gov", "code: aps", "'website'"),
        ("name: Advanced Photon Source", "name: APS, was: anl", "code: aps", "no command changes the code"),
    ],
)
async def test_a_change_that_the_rules_forbid_is_told_at_its_key(
    filled: Hutch, old: str, new: str, key: str, says: str
):
    text = changed(BASE, old, new)
    ((line, problem),) = await filled.problems(text)
    assert line == line_of(text, key)
    assert says in problem


async def test_a_revision_brings_the_contact_along(filled: Hutch):
    first = changed(BASE, "name: Advanced Photon Source}", "name: APS, contact: office@aps.example}")
    await applied(filled, first, "revise facility 'aps': name, contact")
    await applied(
        filled,
        "cora: 1\nfacilities: [{code: aps, website: https://aps.example}]\n",
        "revise facility 'aps': website",
    )
    contact_id = filled.state("facility", "aps")["contact_id"]
    assert await filled.facility.address(contact_id) == "office@aps.example"
    await applied(filled, "cora: 1\nfacilities: [{code: aps, contact: null}]\n", "revise facility 'aps': contact")
    assert filled.state("facility", "aps")["contact_id"] is None
    assert "office@" not in json.dumps([event.data for event in filled.log.events])


async def test_the_families_of_a_model_are_added_and_removed(filled: Hutch):
    text = changed(BASE, "families: [RotaryStage]}\nframes", "families: [Camera]}\nframes")
    text = changed(text, "        families: [RotaryStage]\n", "")
    await applied(
        filled,
        text,
        "add family 'Camera' to model 'Aerotech/ABRS-250MP'",
        "remove family 'RotaryStage' from model 'Aerotech/ABRS-250MP'",
    )
    model = filled.state("model", "ABRS-250")
    assert model["declared_family_ids"] == [str(filled.id("family", "Camera"))]
    assert (model["status"], model["version"]) == ("Defined", None)
    # With a version, they are part of its content.
    versioned = changed(
        BASE, "families: [RotaryStage]}\nframes", "families: [RotaryStage, Camera], version: 5}\nframes"
    )
    await applied(filled, versioned, "make version '5' of model 'Aerotech/ABRS-250MP': families")


async def test_the_identifier_of_a_manufacturer_that_is_left_out_stays(filled: Hutch):
    known = "manufacturer: {name: Aerotech, identifier: {scheme: ROR, value: '03yrm5c26'}}"
    text = changed(BASE, "manufacturer: {name: Aerotech}", known)
    await applied(filled, text, "make version '2' of model 'Aerotech/ABRS-250MP': manufacturer")
    assert await filled.steps(BASE) == []
    cleared = changed(BASE, "manufacturer: {name: Aerotech}", "manufacturer: {name: Aerotech, identifier: null}")
    await applied(filled, cleared, "make version '3' of model 'Aerotech/ABRS-250MP': manufacturer")


async def test_further_manufacturers_that_are_left_out_stay(filled: Hutch):
    further = "further_manufacturers: [{name: Huber}, {name: APS}],"
    text = changed(BASE, "part_number: ABRS-250MP,", f"part_number: ABRS-250MP, {further}")
    await applied(filled, text, "make version '2' of model 'Aerotech/ABRS-250MP': further_manufacturers")
    assert await filled.steps(BASE) == []
    described = changed(BASE, "part_number: ABRS-250MP,", "part_number: ABRS-250MP, description: turns,")
    await applied(filled, described, "make version '3' of model 'Aerotech/ABRS-250MP': description")
    assert [each["name"] for each in filled.state("model", "ABRS-250")["further_manufacturers"]] == ["Huber", "APS"]
    # Their order is told, so it counts.
    turned = changed(text, further, "further_manufacturers: [{name: APS}, {name: Huber}],")
    await applied(filled, turned, "make version '4' of model 'Aerotech/ABRS-250MP': further_manufacturers")
    repeated = changed(text, further, "further_manufacturers: [{name: AEROTECH}],")
    ((line, problem),) = await filled.problems(repeated)
    assert "'further_manufacturers'" in problem
    assert "the manufacturer 'AEROTECH' is named twice; leave one of them out" in problem
    assert repeated.splitlines()[line - 1].startswith("  - {key: abrs")
    cleared = changed(text, further, "further_manufacturers: [],")
    await applied(filled, cleared, "make version '5' of model 'Aerotech/ABRS-250MP': further_manufacturers")


async def test_definitions_get_other_names(filled: Hutch):
    text = changed(BASE, "  - name: RotaryStage\n", "  - name: Goniometer\n    was: RotaryStage\n")
    text = text.replace("[RotaryStage]", "[Goniometer]")
    text = changed(text, "part_number: ABRS-250MP,", "part_number: ABRS-250MP-M, was: ABRS-250MP,")
    text = changed(text, "  - name: SampleTower\n", "  - name: Tower 2\n    was: sampletower\n")
    text = changed(text, "    assembly: SampleTower\n", "    assembly: Tower 2\n")
    ids = filled.id("family", "RotaryStage"), filled.id("model", "ABRS-250"), filled.id("assembly", "SampleTower")
    await applied(
        filled,
        text,
        "make version '2' of family 'Goniometer': name (was 'RotaryStage')",
        "make version '2' of model 'Aerotech/ABRS-250MP-M': part_number",
        "make version '2' of assembly 'Tower 2': name (was 'SampleTower')",
    )
    renamed = filled.id("family", "Goniometer"), filled.id("model", "ABRS-250"), filled.id("assembly", "Tower 2")
    assert renamed == ids
    back = changed(
        text, "part_number: ABRS-250MP-M, was: ABRS-250MP,", "part_number: ABRS-250MP, was: Aerotech/ABRS-250MP-M,"
    )
    await applied(filled, back, "make version '3' of model 'Aerotech/ABRS-250MP': part_number")


async def test_the_older_name_may_be_given_to_another(filled: Hutch):
    text = changed(BASE, "  - name: RotaryStage\n", "  - name: Goniometer\n    was: RotaryStage\n")
    text = text.replace("[RotaryStage]", "[Goniometer]")
    text = changed(text, "  - name: Tower\n", "  - name: Tower\n  - name: rotarystage\n")
    await applied(
        filled,
        text,
        "make version '2' of family 'Goniometer': name (was 'RotaryStage')",
        "define family 'rotarystage'",
    )


async def test_an_older_name_is_no_name_any_more(filled: Hutch):
    text = changed(BASE, "  - name: RotaryStage\n", "  - name: Goniometer\n    was: RotaryStage\n")
    found = await filled.problems(text)
    assert len(found) == 3
    assert all("family 'RotaryStage' is not known" in problem for _, problem in found)


async def test_an_older_name_is_told_once(filled: Hutch):
    text = "cora: 1\nfamilies:\n  - {name: A, was: Camera}\n  - {name: B, was: camera}\n"
    assert await filled.problems(text) == [(4, "family 'B': another entry has the same 'was'")]


async def test_an_asset_becomes_one_asset(filled: Hutch):
    old = "      - name: Rotary\n"
    new = "      - {name: Theta, tier: Device, was: Rotary}\n      - name: Phi\n        was: aps/2-BM/rotary\n"
    text = changed(BASE, old, new)
    told = dict(await filled.problems(text))
    assert "asset 'Phi': another entry has the same 'was'" in told[line_of(text, "was: aps/2-BM/rotary")]


async def test_names_that_are_passed_on_are_a_problem(filled: Hutch):
    text = "cora: 1\nfamilies:\n  - {name: Camera, was: Tower}\n  - {name: Eye, was: Camera}\n"
    ((line, problem),) = await filled.problems(text)
    assert line == 3
    assert "another entry gives this name up; rename that one first" in problem


async def test_the_older_name_of_a_model_is_a_part_number(filled: Hutch):
    text = changed(BASE, "part_number: ABRS-250MP,", "part_number: ABRS-250MP, was: a/b/c,")
    ((line, problem),) = await filled.problems(text)
    assert line == line_of(text, "was: a/b/c")
    assert "'was' is the older part number of the model" in problem


async def test_a_deprecated_definition_is_found_by_no_name(filled: Hutch):
    await filled.run("deprecate_family", family_id=filled.id("family", "Tower"), reason="superseded")
    text = "cora: 1\nfamilies: [{name: Tower}]\n"
    await applied(filled, text, "define family 'Tower'")
    assert [family["status"] for family in filled.states("family") if family["name"] == "Tower"] == [
        "Deprecated",
        "Defined",
    ]


async def test_what_a_deprecated_family_is_needed_for_is_a_problem(filled: Hutch):
    """The model declares it still, so the model gets no version until it declares another."""
    await filled.run("deprecate_family", family_id=filled.id("family", "RotaryStage"), reason="superseded")
    text = "cora: 1\nmodels: [{manufacturer: {name: Aerotech}, part_number: ABRS-250MP, description: turns}]\n"
    ((line, problem),) = await filled.problems(text)
    assert (line, problem) == (
        2,
        "model 'Aerotech/ABRS-250MP': Family 'RotaryStage' is deprecated; choose another.",
    )
