"""E-mail addresses are never in the history: none goes into it from a record of others, but as the contact of an owner,
which is kept apart and can be erased."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cora.equipment.pidinst.reading import ImportedRecord, NotUnderstood, Spot
from cora.equipment.pidinst.reading.quirks import persistent_identifier, tidied
from cora.equipment.pidinst.reading.record import Alternate, Code, Related, Thing

_ADDRESS = re.compile(
    r"(?:mailto:)?[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})*\.[^\W\d_]{2,63}", re.IGNORECASE
)
_PLACEHOLDER = "[e-mail address]"


def without_address(text: str) -> str:
    """The text with a placeholder for each e-mail address."""
    return _ADDRESS.sub(_PLACEHOLDER, text) if "@" in text or "%40" in text else text


def without_addresses(record: ImportedRecord) -> ImportedRecord:
    """The record with no address in all that an asset and what it is of are made from; what is left out is told in it.

    Contacts stay. So do DOIs and Handles, which may look like an address and are none.
    """
    clean = _Cleaner()
    own = record.identifier
    cleaned = replace(
        record,
        identifier=own and clean.code(own, record.at("identifier")),
        landing_page=clean.url(record.landing_page, record.at("landing_page")),
        name=clean.text(record.name, record.at("name")),
        description=clean.text(record.description, record.at("description")),
        owners=clean.things(record.owners),
        manufacturers=clean.things(record.manufacturers),
        model=next(iter(clean.things((record.model,) if record.model else ())), None),
        instrument_types=clean.things(record.instrument_types),
        measured_variables=clean.things(record.measured_variables),
        measurement_techniques=clean.things(record.measurement_techniques),
        related=tuple(clean.related(record.related)),
        alternates=tuple(clean.alternates(record.alternates)),
        subjects=clean.things(record.subjects),
    )
    return replace(cleaned, not_understood=(*record.not_understood, *clean.notes))


@dataclass
class _Cleaner:
    """Takes addresses out, and notes where."""

    notes: list[NotUnderstood] = field(default_factory=list[NotUnderstood])

    def text(self, text: str | None, spot: Spot) -> str | None:
        """A text without its addresses; None where it is nothing else."""
        bare = text and without_address(text)
        if bare == text:
            return text
        self._tell(spot, text)
        return tidied((bare or "").replace(_PLACEHOLDER, "")) and bare

    def url(self, url: str | None, spot: Spot) -> str | None:
        """A URL, if it holds no address."""
        if url is None or without_address(url) == url:
            return url
        self._tell(spot, url)
        return None

    def code(self, code: Code, spot: Spot) -> Code | None:
        """An identifier, if it holds no address."""
        told = f"{code.scheme} {code.value}"
        if without_address(told) == told or persistent_identifier(code) is not None:
            return code
        self._tell(spot, told)
        return None

    def things(self, things: Iterable[Thing]) -> tuple[Thing, ...]:
        """Those of which something is left."""
        cleaned = [
            replace(each, name=self.text(each.name, each.spot), code=each.code and self.code(each.code, each.spot))
            for each in things
        ]
        return tuple(each for each in cleaned if each.name is not None or each.code is not None)

    def related(self, all_related: Iterable[Related]) -> Iterable[Related]:
        """What it is related to, where the identifier holds no address."""
        for each in all_related:
            if (code := self.code(each.code, each.spot)) is not None:
                yield replace(each, code=code, name=self.text(each.name, each.spot))

    def alternates(self, alternates: Iterable[Alternate]) -> Iterable[Alternate]:
        """Other identifiers that hold no address."""
        for each in alternates:
            if self.code(Code(each.value, each.name), each.spot) is not None:
                yield each

    def _tell(self, spot: Spot, text: str | None) -> None:
        self.notes.append(NotUnderstood(spot, f"an e-mail address is not kept, but as the contact of an owner: {text}"))
