"""The identifiers that records carry, and how a record is found by one: each stands for a target of references."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from uuid import NAMESPACE_DNS, UUID, uuid5

from cora.equipment.assigned_identifier import AssignedIdentifier
from cora.equipment.identifiers import in_lower_case, normal_doi, normal_handle
from cora.equipment.paths import tidy
from cora.equipment.related_identifier import RelatedIdentifier, RelationType
from cora.equipment.values import AlternateIdentifier, IdentifierScheme, folded
from cora.kernel.aggregate import FoundBy

_TARGETS = uuid5(NAMESPACE_DNS, "cora.identifier")


def identifier_references(
    relation: str,
    alternates: Iterable[AlternateIdentifier],
    persistent: AssignedIdentifier | None,
    related: Iterable[RelatedIdentifier] = (),
) -> Iterable[FoundBy]:
    """What a record with these identifiers is found by."""
    for each in alternates:
        yield FoundBy(relation, _alternate(each.value))
    if persistent is not None:
        yield FoundBy(relation, _persistent(persistent.value))
    for each in identical(related):
        yield FoundBy(relation, _persistent(each.value))


def identical(related: Iterable[RelatedIdentifier]) -> Iterator[RelatedIdentifier]:
    """The other DOIs and Handles of the same instrument."""
    for each in related:
        if each.relation is RelationType.IS_IDENTICAL_TO and each.scheme in list(IdentifierScheme):
            yield each


def sought(text: str) -> tuple[UUID, ...]:
    """The targets that a text may mean: an identifier given by people, ignoring case, and a DOI or a Handle in any of
    the ways they are written, ignoring ASCII case."""
    targets = [_alternate(tidy(text))]
    for normal in (normal_doi, normal_handle):
        try:
            targets.append(_persistent(normal(text)))
        except ValueError:
            continue
    return tuple(dict.fromkeys(targets))


def as_kept(text: str) -> str:
    """A DOI or a Handle in the form that records hold, however it is written; any other text as it is."""
    for normal in (normal_doi, normal_handle):
        try:
            return normal(text)
        except ValueError:
            continue
    return text


def is_sought(
    targets: Iterable[UUID], identifier: AlternateIdentifier | AssignedIdentifier | RelatedIdentifier
) -> bool:
    """Whether an identifier is one of those that were sought."""
    of = _alternate if isinstance(identifier, AlternateIdentifier) else _persistent
    return of(identifier.value) in targets


# A command needs them for what was and for what will be, and for every event of a record.
@lru_cache(20_000)
def _alternate(value: str) -> UUID:
    return uuid5(_TARGETS, f"alternate:{folded(value)}")


@lru_cache(20_000)
def _persistent(value: str) -> UUID:
    return uuid5(_TARGETS, f"persistent:{in_lower_case(value)}")
