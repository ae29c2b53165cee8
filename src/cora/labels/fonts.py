"""The typeface of labels: Noto Sans, which has Latin, Greek and Cyrillic letters (SIL Open Font License)."""

from functools import cache
from importlib.resources import as_file, files
from typing import Any

from PIL import ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

NAME = "NotoSans"

_FILE = files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"
_MISSING = "\ufffd"


@cache
def face() -> Any:
    """The typeface for PDF, which also knows the widths."""
    with as_file(_FILE) as path:
        font: Any = TTFont(NAME, str(path))
    pdfmetrics.registerFont(font)
    return font


@cache
def of_pixels(size: int) -> ImageFont.FreeTypeFont:
    """The typeface for pictures, so many pixels high."""
    with as_file(_FILE) as path:
        return ImageFont.truetype(str(path), size)


def width_of(text: str, size: float) -> float:
    """How wide a text is in the unit of its size."""
    return float(face().stringWidth(text, 1000)) * size / 1000


def drawable(text: str) -> str:
    """The text with U+FFFD for what the typeface has no glyph for."""
    known = face().face.charToGlyph
    return "".join(each if ord(each) in known else _MISSING for each in text)
