"""A PIDINST record with what a publication of it says besides: who publishes it, since which year, and what the draft
of PIDINST 1.1 adds."""

from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from cora.equipment.identifiers import is_test_value
from cora.equipment.pidinst.record import Identifier, PidinstRecord
from cora.equipment.values import AgentIdentifier, IdentifierScheme, PersistentIdentifier, Term

UNAVAILABLE = ":unav"
"""DataCite's code for a value that is mandatory and cannot be told."""

_RESOLVERS = {IdentifierScheme.DOI: "https://doi.org/", IdentifierScheme.HANDLE: "https://hdl.handle.net/"}
# What a path may hold as it is, without the plus sign, which some read as a space.
_SAFE_IN_PATH = "/:;()*,=!$&'@~"


@dataclass(frozen=True)
class Publisher:
    """Who keeps the record and answers for it: the facility."""

    name: str
    identifier: AgentIdentifier | None = None


UNKNOWN_PUBLISHER = Publisher(UNAVAILABLE)


@dataclass(frozen=True)
class PublishedRecord:
    """All that a form of the record is made from.

    `publication_year` is the year in which the identifier was reserved, before
    that the year in which the instrument began. `resolves` is false while
    there is no identifier, and for a test identifier. `measured_quantities`
    are the measured variables with their identifiers (PIDINST 1.1, property 15).
    `further_model_identifier` is the identifier of a model whose part number the record tells.
    `withdrawn` is why the identifier was withdrawn; no authority is told it in the record.
    """

    record: PidinstRecord
    publisher: Publisher
    publication_year: int
    resolves: bool
    measured_quantities: tuple[Term, ...] = ()
    further_model_identifier: AgentIdentifier | None = None
    withdrawn: Annotated[str | None, Field(exclude=True)] = None

    @property
    def doi(self) -> str | None:
        """The identifier of the record, where that is a DOI."""
        own = self.record.identifier
        return own.identifier if own.identifier_type == IdentifierScheme.DOI else None

    @property
    def is_test(self) -> bool:
        """Whether its own identifier is a test, and not only one that is shown beside it."""
        return self.record.test and not self.resolves and self.record.identifier.identifier_type in _RESOLVERS

    @property
    def uri(self) -> str:
        """What stands for the instrument where a URI is asked for: the identifier if it resolves, else the page."""
        own = self.record.identifier
        return (identifier_url(own.identifier_type, own.identifier) if self.resolves else None) or (
            self.record.landing_page
        )

    def under(
        self, identifier: PersistentIdentifier, *, landing_page: str, year: int | None = None, test: bool = False
    ) -> "PublishedRecord":
        """The same under an identifier that is reserved but not assigned yet: what an authority is told.

        `year` is when it was reserved, where that is not in the log yet.
        """
        record = self.record.model_copy(
            update={
                "identifier": Identifier(identifier=identifier.value, identifier_type=identifier.scheme),
                "landing_page": landing_page,
                "test": self.record.test or test,
            }
        )
        year = year or self.publication_year
        return replace(self, record=record, publication_year=year, resolves=not test, withdrawn=None)


def identifier_url(scheme: str, value: str) -> str | None:
    """The link of a DOI or a Handle at its resolver; None for other schemes, and for what was made for trying out."""
    resolver = next((url for known, url in _RESOLVERS.items() if known == scheme), None)
    if resolver is None or is_test_value(scheme, value):
        return None
    return resolver + quote(value, safe=_SAFE_IN_PATH)


def agent_url(scheme: str, value: str) -> str | None:
    """The link of an organisation or a person by an identifier of a known scheme; None for other schemes."""
    match scheme:
        case "ROR" | "ORCID" | "URL":
            return value
        case "Wikidata":
            return f"https://www.wikidata.org/entity/{quote(value)}"
        case "ISNI":
            return f"https://isni.org/isni/{quote(value)}"
        case "GRID":
            return f"https://www.grid.ac/institutes/{quote(value)}"
        case _:
            return identifier_url(scheme, value)
