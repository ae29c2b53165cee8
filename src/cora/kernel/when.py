"""Which moment a question is about (domain.md, two clocks)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class When:
    """`as_of`, a time or a log position: what the record said then. `true_at`: what, by all that was known then, was
    true in the hutch at that time. None for both is now."""

    as_of: datetime | int | None = None
    true_at: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Whether the question is about the present."""
        return self.as_of is None and self.true_at is None


NOW = When()
