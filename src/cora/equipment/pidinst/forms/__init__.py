"""The forms that a record is told in. All are made from the one record; none derives anything from the domain."""

from cora.equipment.pidinst.forms.b2inst import B2INST
from cora.equipment.pidinst.forms.citing import BIBTEX, CITATION, CSL
from cora.equipment.pidinst.forms.datacite import DATACITE_JSON, DATACITE_XML
from cora.equipment.pidinst.forms.dublin_core import OAI_DC
from cora.equipment.pidinst.forms.form import Form, Loss
from cora.equipment.pidinst.forms.handle import HANDLE
from cora.equipment.pidinst.forms.pidinst import PIDINST_1_1_JSON, PIDINST_1_1_XML, PIDINST_JSON, PIDINST_XML
from cora.equipment.pidinst.forms.schema_org import SCHEMA_ORG
from cora.equipment.pidinst.published import PublishedRecord

FORMS: tuple[Form, ...] = (
    PIDINST_JSON,
    PIDINST_XML,
    PIDINST_1_1_JSON,
    PIDINST_1_1_XML,
    DATACITE_XML,
    DATACITE_JSON,
    OAI_DC,
    SCHEMA_ORG,
    B2INST,
    HANDLE,
    CSL,
    BIBTEX,
    CITATION,
)


def loss_of(form: Form, published: PublishedRecord) -> tuple[Loss, ...]:
    """What a form cannot tell of this very record."""
    return form.loss(published)
