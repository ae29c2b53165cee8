"""Labels of records, from their states as the API shows them: so they are the same here and behind a server."""

from collections.abc import Mapping
from typing import Any

from cora.equipment.labelling import label_text
from cora.labels import Composed, Label, Layout, compose


def label_of(state: Mapping[str, Any], page: str, layout: Layout, *, withdrawn: bool = False) -> Composed:
    """The label of an asset or a fixture; `page` is its landing page, `withdrawn` says whether its identifier was."""
    known = state.get("persistent_id")
    identifier = (known["scheme"], known["value"], known["test"]) if known else None
    alternates = [(each["kind"], each["value"]) for each in state.get("alternate_identifiers") or ()]
    told = label_text(state["name"], page, identifier, alternates, withdrawn=withdrawn)
    return compose(Label(told.code, told.identifiers, told.name, told.notes, told.mark), layout.width, layout.height)
