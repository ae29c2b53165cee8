"""E-mail addresses: given in a command, kept in a table of their own, never in an event.

In a command an address becomes a `Contact` with a fresh id. The decision
copies the id into its event; the log stores the address beside the history,
where it can be erased.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, NewType
from uuid import UUID

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cora.kernel.identity import new_id

ContactId = NewType("ContactId", str)
"""What events and documents hold: text, because a contact is not a record."""

_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")


@dataclass(frozen=True)
class Contact:
    """An e-mail address on its way in, with the id it will be known by."""

    id: UUID
    address: str

    @property
    def contact_id(self) -> ContactId:
        """The id as events hold it."""
        return ContactId(str(self.id))

    @classmethod
    def given(cls, address: Any) -> "Contact":
        """A contact for an address. Raises `ValueError` when it is not an e-mail address."""
        if isinstance(address, Contact):
            return address
        if not isinstance(address, str) or len(address) > 254 or not _ADDRESS.fullmatch(address.strip()):
            raise ValueError("is not an e-mail address (name@host)")
        return cls(new_id(), address.strip())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.given,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda contact: contact.address, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": 254}


@cache
def brings_contacts(command: type[BaseModel]) -> bool:
    """Whether a command has a place for an e-mail address."""
    return '"email"' in json.dumps(command.model_json_schema())


def contacts_in(value: Any) -> Iterable[Contact]:
    """Every e-mail address that came with a command."""
    if isinstance(value, Contact):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from contacts_in(getattr(value, name))
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from contacts_in(getattr(value, each.name))
    elif isinstance(value, tuple | list):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from contacts_in(item)
