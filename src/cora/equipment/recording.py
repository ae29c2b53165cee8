"""Recording an identifier that a record has already, for assets and fixtures alike."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationInfo, field_validator

from cora.equipment.aggregates.persistent_id import PERSISTENT_ID, PersistentIdMinted, PersistentIdReserved
from cora.equipment.assigned_identifier import IdentifierOrigin
from cora.equipment.identifiers import is_test_value
from cora.equipment.subject import Standing, Subject, pass_gates, standing_of
from cora.equipment.values import IdentifierScheme, PersistentIdentifier
from cora.kernel.aggregate import Event
from cora.kernel.identity import new_id
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, On

_IDENTIFIER = TypeAdapter(PersistentIdentifier)


class RecordPersistentId(Command):
    """The identifier that the record has already."""

    scheme: IdentifierScheme
    value: Annotated[
        str, Field(description="The DOI or Handle, with or without its resolver.", examples=["10.5072/sample-tower"])
    ]

    @field_validator("value")
    @classmethod
    def _is_of_its_scheme(cls, value: str, given: ValidationInfo) -> str:
        if "scheme" not in given.data:
            return value
        return _IDENTIFIER.validate_python({"scheme": given.data["scheme"], "value": value}).value

    @property
    def identifier(self) -> PersistentIdentifier:
        """Scheme and value as one."""
        return PersistentIdentifier(self.scheme, self.value)


@dataclass(frozen=True)
class Recording:
    """How the record stands, and the id of the stream that its identifier gets."""

    standing: Standing
    persistent_id_id: UUID


async def load_recording(subject: Subject, state: Any, read: Reader) -> Recording:
    """What the decision needs. Completeness is none of it: nothing is minted."""
    standing = await standing_of(subject, state, read, to_be_minted=False)
    id = new_id()
    read.assume_new(id)
    return Recording(standing, id)


def record_identifier(recording: Recording, identifier: PersistentIdentifier) -> list[Event | On]:
    """The identifier's own stream, which owns it from now on, and that the record has it: recorded together.

    The stream goes from reserved to minted at once. No landing page is kept:
    the identifier leads where it did.
    """
    standing = recording.standing
    pass_gates(standing)
    scheme, value, origin = identifier.scheme, identifier.value, IdentifierOrigin.RECORDED
    test = is_test_value(scheme, value)
    reserved = PersistentIdReserved(
        scheme=scheme,
        value=value,
        landing_page=None,
        subject_kind=standing.subject.kind,
        subject_id=standing.id,
        origin=origin,
        test=test,
    )
    return [
        On(PERSISTENT_ID, recording.persistent_id_id, reserved),
        On(PERSISTENT_ID, recording.persistent_id_id, PersistentIdMinted()),
        standing.subject.assigned(scheme, value, origin, test),
    ]
