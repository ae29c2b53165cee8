"""A label as SVG, in millimetres; its text is text."""

from lxml import etree

from cora.labels.composing import Composed

_SVG = "http://www.w3.org/2000/svg"
_FACES = "'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif"


def as_svg(label: Composed) -> bytes:
    """The drawing. Whatever typeface is there, a line is as wide as it was composed."""
    root = etree.Element(etree.QName(_SVG, "svg"), nsmap={None: _SVG})  # pyright: ignore[reportArgumentType]
    root.set("width", f"{_text(label.width)}mm")
    root.set("height", f"{_text(label.height)}mm")
    root.set("viewBox", f"0 0 {_text(label.width)} {_text(label.height)}")
    _add(root, "rect", width=label.width, height=label.height, fill="white")
    _add(root, "path", d=_code(label), fill="black")
    for line in label.lines:
        if line.inverse:
            x, y, width, height = line.bar
            _add(root, "rect", x=x, y=y, width=width, height=height, fill="black")
        text = _add(root, "text", x=line.x, y=line.y, fill="white" if line.inverse else "black")
        text.set("font-family", _FACES)
        text.set("font-size", _text(line.size))
        text.set("textLength", _text(line.width))
        text.set("lengthAdjust", "spacingAndGlyphs")
        text.text = line.text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _code(label: Composed) -> str:
    """The dark modules, a run of them in a row as one rectangle: so that no fine lines show between them."""
    pieces: list[str] = []
    for row, modules in enumerate(label.modules):
        y, column = label.code_y + row * label.module, 0
        while column < len(modules):
            end = column
            while end < len(modules) and modules[end]:
                end += 1
            if end > column:
                x, width = label.code_x + column * label.module, (end - column) * label.module
                pieces.append(f"M{_text(x)} {_text(y)}h{_text(width)}v{_text(label.module)}h{_text(-width)}z")
            column = end + 1
    return "".join(pieces)


def _add(parent: etree._Element, name: str, **attributes: float | str) -> etree._Element:
    told = {key: value if isinstance(value, str) else _text(value) for key, value in attributes.items()}
    return etree.SubElement(parent, etree.QName(_SVG, name), told)


def _text(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")
