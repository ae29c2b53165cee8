"""What the answer to a rehearsal shows of the request to an authority."""

from dataclasses import fields
from typing import Any

from pydantic import BaseModel, Field

from cora.equipment.pidinst.forms.form import Loss
from cora.equipment.ports.doi_minter import Preview


class Previewed(BaseModel):
    """What the answer to a rehearsal carries besides the usual."""

    payload: Any = Field(default=None, description="Only in a dry run: the request that the authority would be sent.")
    problems: tuple[str, ...] = Field(
        default=(), description="Only in a dry run: what the schema of the authority says against the payload."
    )
    loss: tuple[Loss, ...] = Field(
        default=(), description="Only in a dry run: what of the record the payload does not tell."
    )


def shown(preview: Preview | None) -> dict[str, Any]:
    """The members of `Previewed`; none where nothing is rehearsed."""
    return {each.name: getattr(preview, each.name) for each in fields(preview)} if preview else {}


def members_of(answer: BaseModel) -> str:
    """The members that an answer carries besides the usual, as JSON text with a leading comma."""
    told = answer.model_dump_json(exclude_unset=True)[1:-1]
    return f",{told}" if told else ""
