"""Labels: what a scanner reads, what stands where, and that nothing is outside of its label."""

import re
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image
from pypdfium2 import PdfDocument

from cora.equipment.labelling import TEST_MARK, compact_url, label_text
from cora.labels import LAYOUTS, Composed, Label, Layout, as_pdf, as_png, as_sheets, as_svg, compose
from cora.labels.composing import QUIET, SMALLEST

POINTS = 72 / 25.4

PAGE = "https://cora.example.org/id/0198c0de-0000-7000-8000-000000000001"
DOI = ("DOI", "10.82433/08qf-ee96", False)
NUMBERS = [("SerialNumber", "ABRS-0042/17"), ("InventoryNumber", "APS-2BM-00817"), ("Other", "x")]
EVERY_LAYOUT = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)


def labelled(
    layout: Layout,
    identifier: tuple[str, str, bool] | None = DOI,
    name: str = "Laminography rotary stage \u03b8, Aerotech ABRS-250MP-M-AS",
    numbers: list[tuple[str, str]] = NUMBERS,
) -> Composed:
    told = label_text(name, PAGE, identifier, numbers)
    label = Label(told.code, told.identifiers, told.name, told.notes, told.mark)
    return compose(label, layout.width, layout.height)


def decoded(picture: bytes) -> list[str]:
    return [each.text for each in zxingcpp.read_barcodes(Image.open(BytesIO(picture)))]


def texts(label: Composed) -> list[str]:
    return [line.text for line in label.lines]


@pytest.mark.parametrize(
    ("scheme", "value", "expected"),
    [
        ("DOI", "10.82433/08qf-ee96", "HTTPS://DOI.ORG/10.82433/08QF-EE96"),
        ("DOI", "10.1234/a_b(c)#d+e", "HTTPS://DOI.ORG/10.1234/A%5FB%28C%29%23D%2BE"),
        ("DOI", "10.1234/\u00e9", "HTTPS://DOI.ORG/10.1234/%C3%A9"),
        ("Handle", "21.T11998/0000-001A-3905-1", "HTTPS://HDL.HANDLE.NET/21.T11998/0000-001A-3905-1"),
        ("Handle", "21.T11998/cora-1", "https://hdl.handle.net/21.T11998/cora-1"),
    ],
)
def test_links_are_as_compact_as_they_can_be(scheme: str, value: str, expected: str) -> None:
    assert compact_url(scheme, value) == expected


def test_a_doi_makes_a_code_of_25_modules() -> None:
    assert len(labelled(LAYOUTS["avery-l4731"]).modules) == 25


@EVERY_LAYOUT
@pytest.mark.parametrize(
    "identifier", [DOI, ("DOI", "10.0000/cora-stub/1", True), None, ("Handle", "21.T1/aB-c", False)]
)
def test_a_scanner_reads_what_was_meant(layout: Layout, identifier: tuple[str, str, bool] | None) -> None:
    picture = as_png(labelled(layout, identifier))
    assert decoded(picture) == [compact_url(*identifier[:2]) if identifier else PAGE]
    width, height = Image.open(BytesIO(picture)).size
    assert (width, height) == (round(layout.width * 300 / 25.4), round(layout.height * 300 / 25.4))


@EVERY_LAYOUT
def test_people_read_identifier_name_and_numbers(layout: Layout) -> None:
    told = texts(labelled(layout))
    assert told[0] in ("10.82433/08qf-ee96", "https://doi.org/10.82433/08qf-ee96")
    assert "Laminography" in told[1]
    assert told[-2:] == ["S/N ABRS-0042/17", "Inv. APS-2BM-00817"]
    bare = labelled(layout, None)
    assert "".join(texts(bare)).startswith(PAGE)
    assert any("Laminography" in each for each in texts(bare))


@EVERY_LAYOUT
def test_a_test_identifier_is_marked(layout: Layout) -> None:
    label = labelled(layout, ("DOI", "10.0000/cora-stub/1", True))
    assert [line.text for line in label.lines if line.inverse] == [TEST_MARK]
    assert not [line for line in labelled(layout).lines if line.inverse]


@EVERY_LAYOUT
@pytest.mark.parametrize(
    "numbers",
    [
        [("SerialNumber", "228849-02"), ("InventoryNumber", "ANL-APS-2026-0000123456-SECTOR2")],
        [("SerialNumber", "486060-01"), ("SerialNumber", "HEX300-230HL-E1-PL4-TAS/486060-01/2019")],
        [("SerialNumber", "S" * 70)],
        [("SerialNumber", "S" * 255), ("InventoryNumber", "APS-1")],
    ],
)
@pytest.mark.parametrize("name", ["PropagationDistanceDrive", "Laminography rotary stage " * 8])
def test_a_number_is_whole_or_not_there(layout: Layout, numbers: list[tuple[str, str]], name: str) -> None:
    told = texts(labelled(layout, name=name, numbers=numbers))
    said = "".join(told).replace(" ", "")
    for _, value in numbers:
        assert value in said or (len(value) == 255 and value[:9] not in said)
    for line in (line for line in told if line.endswith("\u2026")):
        assert line.rstrip("\u2026").strip() in name
    if name == "PropagationDistanceDrive" and layout.name != "avery-l4731":
        assert name in told, "no word is broken where there is room"


@EVERY_LAYOUT
def test_a_long_name_has_the_room_that_is_there(layout: Layout) -> None:
    name = " ".join(f"word{number}" for number in range(24))
    told = " ".join(texts(labelled(layout, name=name, numbers=[])))
    assert (name in told) == (layout.name != "avery-l4731")


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200)


@EVERY_LAYOUT
@settings(max_examples=25, deadline=None)
@given(name=TEXTS, value=TEXTS, number=TEXTS, test=st.booleans())
def test_nothing_is_outside_of_a_label(layout: Layout, name: str, value: str, number: str, test: bool) -> None:
    label = labelled(layout, ("DOI", f"10.1234/{value}", test), name, [("SerialNumber", number)])
    side = label.module * (len(label.modules) + 2 * QUIET)
    assert side <= layout.height + 1e-9
    for line in label.lines:
        assert line.size >= SMALLEST
        assert line.x >= side - 1e-9
        assert line.x + line.width <= layout.width
        _, top, _, height = line.bar
        assert top >= 0
        assert top + height <= layout.height
    assert etree.fromstring(as_svg(label)) is not None


def test_a_drawing_is_in_millimetres_and_holds_text() -> None:
    label = labelled(LAYOUTS["roll-62x29"])
    drawing = etree.fromstring(as_svg(label))
    assert (drawing.get("width"), drawing.get("height"), drawing.get("viewBox")) == ("62mm", "29mm", "0 0 62 29")
    assert [each.text for each in drawing.iter("{*}text")] == texts(label)
    (path,) = drawing.iter("{*}path")
    dark = sum(float(each) for each in re.findall(r"h([0-9.]+)v", path.get("d") or "")) / label.module
    assert round(dark) == sum(sum(row) for row in label.modules)


@pytest.mark.parametrize(
    ("name", "number", "width", "height"), [("avery-l4731", 189, 25.4, 10.0), ("avery-l7160", 21, 63.5, 38.1)]
)
def test_sheets_have_the_geometry_of_their_maker(name: str, number: int, width: float, height: float) -> None:
    layout = LAYOUTS[name]
    assert (layout.per_page, layout.width, layout.height) == (number, width, height)
    assert (layout.page_width, layout.page_height) == (210.0, 297.0)
    right = layout.page_width - layout.corner(number - 1)[0] - width
    bottom = layout.page_height - layout.corner(number - 1)[1] - height
    assert right == pytest.approx(layout.left, abs=0.02)
    assert bottom == pytest.approx(layout.top, abs=0.02)


@EVERY_LAYOUT
def test_labels_do_not_overlap(layout: Layout) -> None:
    assert layout.pitch_x >= layout.width
    assert layout.pitch_y >= layout.height
    corners = [layout.corner(number) for number in range(layout.per_page)]
    assert len(set(corners)) == layout.per_page
    assert all(x + layout.width <= layout.page_width and y + layout.height <= layout.page_height for x, y in corners)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_a_sheet_begins_where_it_should() -> None:
    layout = LAYOUTS["avery-l7160"]
    label = labelled(layout)
    drawn: list[int] = []
    for start, number, expected in ((1, 21, 1), (1, 22, 2), (21, 1, 1), (21, 2, 2), (5, 40, 3)):
        assert pages(as_sheets([label] * number, layout, start, drawn.append)) == expected
    assert drawn[-1] == 40
    assert pages(as_pdf(label)) == 1
    for start in (0, 22):
        with pytest.raises(ValueError, match="1 to 21"):
            as_sheets([label], layout, start)


@EVERY_LAYOUT
def test_each_label_is_printed_in_its_place(layout: Layout) -> None:
    wanted = [f"10.1234/{number:04}" for number in range(layout.per_page)]
    sheet = as_sheets([labelled(layout, ("DOI", value, False)) for value in wanted], layout)
    page: Any = PdfDocument(sheet)[0]
    assert page.get_size() == pytest.approx((layout.page_width * POINTS, layout.page_height * POINTS), abs=0.01)
    picture: Image.Image = page.render(scale=400 / 72, grayscale=True).to_pil()
    dots = 400 / 25.4
    for number, value in enumerate(wanted):
        x, y = (each * dots for each in layout.corner(number))
        one = picture.crop((int(x), int(y), int(x + layout.width * dots), int(y + layout.height * dots)))
        assert [each.text for each in zxingcpp.read_barcodes(one)] == [compact_url("DOI", value)], number
    # Between the labels, and around them, there is nothing.
    for number in range(layout.per_page):
        x, y = (each * dots for each in layout.corner(number))
        picture.paste(255, (int(x), int(y), int(x + layout.width * dots) + 1, int(y + layout.height * dots) + 1))
    assert picture.getextrema() == (255, 255)


def test_the_same_labels_are_the_same_file() -> None:
    layout = LAYOUTS["avery-l4731"]
    assert as_sheets([labelled(layout)] * 3, layout) == as_sheets([labelled(layout)] * 3, layout)
