"""Labels as PDF: one on a page of its size, or many on the pages of a layout."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from cora.labels.composing import Composed
from cora.labels.fonts import NAME, face
from cora.labels.layouts import Layout


def as_pdf(label: Composed) -> bytes:
    """One label, on a page of its size."""
    sheet = BytesIO()
    canvas = _canvas(sheet, label.width, label.height)
    _draw(canvas, label, 0, 0, label.height)
    canvas.showPage()
    canvas.save()
    return sheet.getvalue()


def as_sheets(
    labels: Iterable[Composed], layout: Layout, start: int = 1, drawn: Callable[[int], None] = lambda _: None
) -> bytes:
    """Labels on as many pages as it takes, from the `start`-th place of the first page on, counted from 1.

    `drawn` is told how many are drawn. Raises `ValueError` for a start that is no place of the page.
    """
    if not 1 <= start <= layout.per_page:
        raise ValueError(f"the places of {layout.name} are 1 to {layout.per_page}")
    sheets = BytesIO()
    canvas = _canvas(sheets, layout.page_width, layout.page_height)
    place = start - 1
    for number, label in enumerate(labels, 1):
        if place == layout.per_page:
            canvas.showPage()
            place = 0
        x, y = layout.corner(place)
        _draw(canvas, label, x, y, layout.page_height)
        place += 1
        drawn(number)
    canvas.showPage()
    canvas.save()
    return sheets.getvalue()


def _canvas(file: BytesIO, width: float, height: float) -> Any:
    face()
    # Invariant: the same labels are the same file.
    canvas: Any = Canvas(file, pagesize=(width * mm, height * mm), invariant=True)
    canvas.setTitle("Labels")
    # As it is, or the labels would not be where the sheet has them.
    canvas.setViewerPreference("PrintScaling", "None")
    return canvas


def _draw(canvas: Any, label: Composed, x: float, y: float, page_height: float) -> None:
    """Draw a label with its upper left corner there; PDF counts from below."""

    def box(left: float, top: float, width: float, height: float) -> None:
        canvas.rect((x + left) * mm, (page_height - y - top - height) * mm, width * mm, height * mm, stroke=0, fill=1)

    canvas.setFillGray(0)
    path = canvas.beginPath()
    for row, modules in enumerate(label.modules):
        for column, dark in enumerate(modules):
            if dark:
                left = x + label.code_x + column * label.module
                bottom = page_height - y - label.code_y - (row + 1) * label.module
                path.rect(left * mm, bottom * mm, label.module * mm, label.module * mm)
    canvas.drawPath(path, stroke=0, fill=1)
    for line in label.lines:
        if line.inverse:
            box(*line.bar)
        canvas.setFillGray(1 if line.inverse else 0)
        canvas.setFont(NAME, line.size * mm)
        canvas.drawString((x + line.x) * mm, (page_height - y - line.y) * mm, line.text)
        canvas.setFillGray(0)
