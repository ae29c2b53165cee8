"""The sheets and rolls that labels are printed on. All lengths are in millimetres."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Layout:
    """Where the labels are on a page, from its upper left corner. On a roll each label is a page.

    `source` is where the dimensions come from.
    """

    name: str
    title: str
    source: str
    width: float
    height: float
    columns: int
    rows: int
    page_width: float
    page_height: float
    left: float
    top: float
    pitch_x: float
    pitch_y: float

    @property
    def per_page(self) -> int:
        """How many labels a page has."""
        return self.columns * self.rows

    def corner(self, number: int) -> tuple[float, float]:
        """The upper left corner of a label of a page, counted from 0 along the rows."""
        row, column = divmod(number, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y


def _roll(name: str, title: str, source: str, width: float, height: float) -> Layout:
    return Layout(name, title, source, width, height, 1, 1, width, height, 0, 0, width, height)


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        layout.name: layout
        for layout in (
            Layout(
                name="avery-l4731",
                title="Avery Zweckform L4731, 189 of 25.4 x 10 mm on A4",
                source="25.4 x 10 mm and 189 on A4, as the maker says; 2.5 mm between columns, and centred",
                width=25.4,
                height=10.0,
                columns=7,
                rows=27,
                page_width=210.0,
                page_height=297.0,
                left=8.6,
                top=13.5,
                pitch_x=27.9,
                pitch_y=10.0,
            ),
            Layout(
                name="avery-l7160",
                title="Avery Zweckform L7160, 21 of 63.5 x 38.1 mm on A4",
                source="63.5 x 38.1 mm and 21 on A4, as the maker says; 2.54 mm between columns, and centred",
                width=63.5,
                height=38.1,
                columns=3,
                rows=7,
                page_width=210.0,
                page_height=297.0,
                left=7.21,
                top=15.15,
                pitch_x=66.04,
                pitch_y=38.1,
            ),
            _roll(
                "roll-62x29",
                "A roll of labels of 62 x 29 mm",
                "Brother DK-11209 (62 x 29 mm) and what is cut to it",
                62.0,
                29.0,
            ),
        )
    }
)
