"""A label as PNG, at 300 dots per inch; its modules have whole dots, so that every edge is sharp."""

from io import BytesIO

from PIL import Image, ImageDraw

from cora.labels.composing import Composed
from cora.labels.fonts import of_pixels

DPI = 300
_SCALE = 4
"""Text is drawn larger and made smaller, which reads better than dots alone."""


def as_png(label: Composed) -> bytes:
    """The picture, in shades of grey."""
    dots = DPI / 25.4
    size = (round(label.width * dots), round(label.height * dots))
    large = Image.new("L", (size[0] * _SCALE, size[1] * _SCALE), 255)
    draw = ImageDraw.Draw(large)
    for line in label.lines:
        if line.inverse:
            x, y, width, height = (each * dots * _SCALE for each in line.bar)
            draw.rectangle((x, y, x + width, y + height), fill=0)
        font = of_pixels(round(line.size * dots * _SCALE))
        at = (line.x * dots * _SCALE, line.y * dots * _SCALE)
        draw.text(at, line.text, fill=255 if line.inverse else 0, font=font, anchor="ls")
    picture = large.resize(size, Image.Resampling.BOX)
    _draw_code(ImageDraw.Draw(picture), label, dots)
    file = BytesIO()
    picture.save(file, "PNG", dpi=(DPI, DPI), optimize=True)
    return file.getvalue()


def _draw_code(draw: ImageDraw.ImageDraw, label: Composed, dots: float) -> None:
    module = max(1, int(label.module * dots))
    # What is left of the room of the code goes around it.
    rest = (label.module * dots - module) * len(label.modules) / 2
    left, top = round(label.code_x * dots + rest), round(label.code_y * dots + rest)
    for row, modules in enumerate(label.modules):
        for column, dark in enumerate(modules):
            if dark:
                x, y = left + column * module, top + row * module
                draw.rectangle((x, y, x + module - 1, y + module - 1), fill=0)
