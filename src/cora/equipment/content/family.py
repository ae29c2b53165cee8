"""What is said of a family, by `define_family` and `version_family` alike."""

from typing import Annotated

from pydantic import Field

from cora.equipment.values import Affordances, Description, Name, Term
from cora.kernel.slice import Command


class FamilyGiven(Command):
    """What a thing of this family is, lets one do, measures and by which technique."""

    name: Name
    description: Description | None = None
    affordances: Affordances = ()
    term: Term | None = None
    measured_variables: Annotated[tuple[Term, ...], Field(max_length=200)] = ()
    measurement_techniques: Annotated[tuple[Term, ...], Field(max_length=200)] = ()
