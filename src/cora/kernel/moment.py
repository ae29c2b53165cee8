"""Times: always UTC, always written with microseconds, so that equal times are equal text."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer

# The log gives the time and the position of an event under its lock, when its
# text is already written. Until then these stand for them. A control character
# cannot come from a user: the edge refuses it, and JSON escapes a backslash.
UNRECORDED = datetime.min.replace(tzinfo=UTC)
RECORDED_MARK = '"\\u0001"'
POSITION_MARK = '"\\u0003"'


def moment_text(moment: datetime) -> str:
    """`2026-05-03T14:00:00.000000Z`, or the mark of a time not yet given by the log."""
    if moment == UNRECORDED:
        return "\u0001"
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


Moment = Annotated[AwareDatetime, PlainSerializer(moment_text, return_type=str)]


def sealed(text: str, *, recorded_at: datetime, position: int) -> str:
    """The text with its marks replaced by what the log gave."""
    return text.replace(RECORDED_MARK, f'"{moment_text(recorded_at)}"').replace(POSITION_MARK, str(position))
