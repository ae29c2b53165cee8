"""What an instrument is said to be related to: another instrument, a document, an activity (PIDINST 12)."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import ConfigDict

from cora.equipment.identifiers import in_lower_case, normal_doi, normal_handle
from cora.equipment.values import IdentifierText, Name


class RelationType(StrEnum):
    """How an instrument is related to something else (PIDINST 12.2)."""

    IS_DESCRIBED_BY = "IsDescribedBy"
    IS_NEW_VERSION_OF = "IsNewVersionOf"
    IS_PREVIOUS_VERSION_OF = "IsPreviousVersionOf"
    HAS_COMPONENT = "HasComponent"
    IS_COMPONENT_OF = "IsComponentOf"
    REFERENCES = "References"
    HAS_METADATA = "HasMetadata"
    WAS_USED_IN = "WasUsedIn"
    IS_IDENTICAL_TO = "IsIdenticalTo"
    IS_ATTACHED_TO = "IsAttachedTo"


class RelatedIdentifierScheme(StrEnum):
    """What a related identifier is (PIDINST 12.1); SWHID is in the draft of 1.1 only."""

    ARK = "ARK"
    ARXIV = "arXiv"
    BIBCODE = "bibcode"
    DOI = "DOI"
    EAN13 = "EAN13"
    EISSN = "EISSN"
    HANDLE = "Handle"
    IGSN = "IGSN"
    ISBN = "ISBN"
    ISSN = "ISSN"
    ISTC = "ISTC"
    LISSN = "LISSN"
    PMID = "PMID"
    PURL = "PURL"
    RAID = "RAiD"
    RRID = "RRID"
    SWHID = "SWHID"
    UPC = "UPC"
    URL = "URL"
    URN = "URN"
    W3ID = "w3id"


# Case makes a difference in all others, or may make one: in URLs and what is made like them, in bibcodes and in SWHIDs.
_IGNORING_CASE = frozenset(
    {
        RelatedIdentifierScheme.DOI, RelatedIdentifierScheme.HANDLE, RelatedIdentifierScheme.IGSN,
        RelatedIdentifierScheme.RAID, RelatedIdentifierScheme.ISBN, RelatedIdentifierScheme.ISSN,
        RelatedIdentifierScheme.EISSN, RelatedIdentifierScheme.LISSN, RelatedIdentifierScheme.ISTC,
    }
)  # fmt: skip


@dataclass(frozen=True)
class RelatedIdentifier:
    """A relation, and the identifier of what is at its other end; `name` says what that is called."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    relation: RelationType
    value: IdentifierText
    scheme: RelatedIdentifierScheme
    name: Name | None = None

    def __post_init__(self) -> None:
        if self.scheme == RelatedIdentifierScheme.DOI:
            object.__setattr__(self, "value", normal_doi(self.value))
        elif self.scheme == RelatedIdentifierScheme.HANDLE:
            object.__setattr__(self, "value", normal_handle(self.value))

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for those that say the same, whatever the other is called."""
        return related_key(self.relation, self.scheme, self.value)


def related_key(relation: str, scheme: str, value: str) -> tuple[str, str, str]:
    """What makes a relation to an identifier unique inside one asset."""
    return relation, scheme, in_lower_case(value) if scheme in _IGNORING_CASE else value
