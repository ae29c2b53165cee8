"""Labels to print and stick on: a QR code with readable text beside it, one or a sheet of them. Knows nothing of
cora."""

from cora.labels.composing import Composed, Label, compose
from cora.labels.layouts import LAYOUTS, Layout
from cora.labels.pdf import as_pdf, as_sheets
from cora.labels.png import as_png
from cora.labels.svg import as_svg

__all__ = ["LAYOUTS", "Composed", "Label", "Layout", "as_pdf", "as_png", "as_sheets", "as_svg", "compose"]
