"""What the landing page of an identifier tells the world: plain values, from which a surface makes a page.

It holds no note, no setting and nobody's name, and an e-mail address only where
the record tells one: the reasons that people gave for what they did stay inside,
but the one for a withdrawal, which is given to be told.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cora.equipment.aggregates.persistent_id import PersistentId
from cora.equipment.pidinst.published import PublishedRecord, identifier_url
from cora.equipment.values import AgentIdentifier, Drawing


@dataclass(frozen=True)
class Neighbour:
    """Another record by its name; `persistent_id` only where the world may see that one too."""

    name: str
    id: UUID
    persistent_id: PersistentId | None = None
    note: str | None = None

    @property
    def identifier(self) -> str | None:
        """The identifier as a link; None where there is none, or where it resolves nowhere."""
        known = self.persistent_id
        return None if known is None or known.test else identifier_url(known.scheme, known.value)


@dataclass(frozen=True)
class FacilityTold:
    """The facility that something stands in."""

    name: str
    website: str | None
    identifier: AgentIdentifier | None


@dataclass(frozen=True)
class Slot:
    """The mount where an asset is installed."""

    code: str
    since: datetime | None


@dataclass(frozen=True)
class Standing:
    """How something is, in words, and since when as far as that is known."""

    words: str
    since: datetime | None = None


@dataclass(frozen=True)
class Milestone:
    """A public fact in the life of an asset or a fixture."""

    at: datetime
    words: str


@dataclass(frozen=True)
class Life:
    """The milestones, the newest first, and whether there are older ones than these."""

    milestones: tuple[Milestone, ...] = ()
    has_older: bool = False


@dataclass(frozen=True)
class LandingPage:
    """All that the page tells. `line` leads from the root of the facility down to the parent."""

    id: UUID
    persistent_id: PersistentId
    published: PublishedRecord
    facility: FacilityTold | None
    lifecycle: Standing
    condition: Standing | None
    line: tuple[Neighbour, ...]
    slot: Slot | None
    fixture: Neighbour | None
    components: tuple[Neighbour, ...]
    drawing: Drawing | None
    life: Life

    @property
    def name(self) -> str:
        """The name of the asset or fixture."""
        return self.published.record.name

    @property
    def is_withdrawn(self) -> bool:
        """Whether this is a tombstone."""
        return self.persistent_id.withdrawal is not None
