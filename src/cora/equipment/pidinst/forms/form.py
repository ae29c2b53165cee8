"""What a form of a record is."""

from collections.abc import Callable
from dataclasses import dataclass

from cora.equipment.pidinst.published import PublishedRecord


@dataclass(frozen=True)
class Loss:
    """A property of a record that a form has no place for, or tells less exactly; named as PIDINST does."""

    property: str
    detail: str


@dataclass(frozen=True)
class Form:
    """One way to write a record down.

    `name` ends the URL of the form. It goes out as `media_type`; `asked_for_as`
    are the media types by which content negotiation finds it, the best first.
    """

    name: str
    title: str
    media_type: str
    asked_for_as: tuple[str, ...]
    render: Callable[[PublishedRecord], bytes]
    loss: Callable[[PublishedRecord], tuple[Loss, ...]]
