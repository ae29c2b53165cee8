"""The PIDINST record of an asset or a fixture in one of its forms: as PIDINST, DataCite, Dublin Core, schema.org,
B2INST or a Handle record, or as a reference to cite. Open to everybody once it has a persistent identifier. `loss` says
what the form cannot tell of this record."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from cora.equipment.pidinst.forms import FORMS, Loss, loss_of
from cora.equipment.public import require_public
from cora.equipment.subject import SUBJECTS, Subject
from cora.equipment.wired import Equipment
from cora.kernel.errors import NotFoundError, UnauthenticatedError
from cora.kernel.principal import Principal, Role
from cora.kernel.reader import Reader
from cora.kernel.slice import Query, answers

FormName = Literal[
    "pidinst.json",
    "pidinst.xml",
    "pidinst-1.1.json",
    "pidinst-1.1.xml",
    "datacite.xml",
    "datacite.json",
    "oai-dc.xml",
    "schema-org.jsonld",
    "b2inst.json",
    "handle.json",
    "csl.json",
    "bibtex.bib",
    "citation.txt",
]

_FORMS = {form.name: form for form in FORMS}


class GetPidinstForm(Query):
    """Which record, and in which form."""

    record_id: Annotated[UUID, Field(description="An asset or a fixture.")]
    form: FormName


@dataclass(frozen=True)
class PidinstForm:
    """A record in a form."""

    form: str
    title: str
    media_type: str
    text: str
    loss: tuple[Loss, ...]


@answers(
    "GET /id/{record_id}/{form}",
    allow=Role.ANONYMOUS,
    refuses=(UnauthenticatedError, NotFoundError),
    writes=tuple(dict.fromkeys(form.media_type for form in FORMS)),
)
async def get_pidinst_form(query: GetPidinstForm, read: Reader, caller: Principal, wired: Equipment) -> PidinstForm:
    await require_public(query.record_id, caller, read)
    subject, state = await _found(query.record_id, read)
    if state is None:
        raise NotFoundError(query.record_id)
    published = await subject.published(state, read, wired)
    form = _FORMS[query.form]
    text = form.render(published).decode()
    return PidinstForm(form.name, form.title, form.media_type, text, loss_of(form, published))


async def _found(id: UUID, read: Reader) -> tuple[Subject, Any]:
    """What the record is, and its state; None for an id that is no record's, or one of another kind."""
    for subject in SUBJECTS.values():
        if (state := await read.get(subject.aggregate, id)) is not None:
            return subject, state
    return next(iter(SUBJECTS.values())), None
