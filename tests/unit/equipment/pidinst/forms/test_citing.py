"""References: what they say, and that no name can break out of one."""

import json
import re

from hypothesis import given
from tests.unit.equipment.pidinst.forms.records import FULL, LEAST, RECORDS, TEST, changed

from cora.equipment.pidinst import record as pidinst
from cora.equipment.pidinst.forms.citing import CSL, bibtex, citation, csl
from cora.equipment.pidinst.published import PublishedRecord


def test_a_citation() -> None:
    assert citation(FULL) == (
        "Aerotech & Söhne (2026). Sample tower at 2-BM. Argonne National Laboratory. (Instrument). "
        "https://doi.org/10.5438/08qf-ee96"
    )
    assert citation(LEAST).startswith("Tower. (1998). :unav. (Instrument). https://cora.test/id/")
    assert "author" not in csl(LEAST)
    assert "author" not in bibtex(LEAST)
    shown = PublishedRecord(TEST.record, TEST.publisher, 2026, resolves=False)
    assert citation(shown).endswith(
        "(DOI: 10.0000/cora-stub/tower) [Test identifier: it resolves nowhere and must not be cited.]"
    )


@given(RECORDS)
def test_a_citation_is_one_line(published: PublishedRecord) -> None:
    assert citation(published).isprintable()


def test_csl() -> None:
    told = json.loads(CSL.render(FULL))
    assert told == csl(FULL)
    assert told["author"] == [{"literal": "Aerotech & Söhne"}]
    assert told["issued"] == {"date-parts": [[2026]]}
    assert told["DOI"] == "10.5438/08qf-ee96"
    assert told["URL"] == "https://doi.org/10.5438/08qf-ee96"
    assert "DOI" not in csl(LEAST)


def test_bibtex() -> None:
    assert bibtex(FULL) == (
        "@misc{10.5438/08qf-ee96,\n"
        "  author = {{Aerotech \\& Söhne}},\n"
        "  title = {{Sample tower at 2-BM}},\n"
        "  publisher = {Argonne National Laboratory},\n"
        "  year = {2026},\n"
        "  type = {Instrument},\n"
        "  doi = {10.5438/08qf-ee96},\n"
        "  url = {https://doi.org/10.5438/08qf-ee96},\n"
        "  keywords = {Rotation stage, Goniometer, angle, torque, tomography, beamline optics, user facility},\n"
        "  abstract = {Turns samples. Slowly.}\n"
        "}\n"
    )


@given(RECORDS)
def test_bibtex_keeps_its_braces_in_balance(published: PublishedRecord) -> None:
    # Also those behind a backslash count: BibTeX does not read what stands between braces.
    told = bibtex(published)
    depth = 0
    for number, character in enumerate(told):
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth > 0 or not told[number:].strip("}\n") or number < len("@misc{"), told
    assert depth == 0
    assert re.fullmatch(r"@misc\{[A-Za-z0-9:./-]+,", told.splitlines()[0])


def test_special_characters_of_latex() -> None:
    told = bibtex(changed(name="50 % of #1_a {x} \\end $y$ ~^&"))
    braced = r"\textbraceleft{}x\textbraceright{} \textbackslash{}end"
    assert rf"title = {{{{50 \% of \#1\_a {braced} \$y\$ \textasciitilde{{}}\textasciicircum{{}}\&}}}}" in told


def test_a_keyword_with_a_comma_stays_one() -> None:
    subjects = (pidinst.Subject(subject_name="optics, x-ray"),)
    assert "{optics, x-ray}" in bibtex(changed(subjects=subjects))
