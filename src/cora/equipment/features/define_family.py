"""Define a family: what a thing is, whoever made it, such as RotaryStage or Camera.

Names are anatomical, never those of vendors.
"""

from typing import Annotated

from pydantic import Field

from cora.equipment.aggregates.family import FAMILY, FamilyAlreadyExistsError, FamilyDefined
from cora.equipment.values import Affordances, Description, Name, Term
from cora.kernel.principal import Role
from cora.kernel.slice import Creation, decides


class DefineFamily(Creation):
    """What a thing of this family is, lets one do, measures and by which technique."""

    name: Name
    description: Description | None = None
    affordances: Affordances = ()
    term: Term | None = None
    measured_variables: Annotated[tuple[Term, ...], Field(max_length=200)] = ()
    measurement_techniques: Annotated[tuple[Term, ...], Field(max_length=200)] = ()


@decides("POST /families", on=FAMILY, allow=Role.STEWARD, refuses=(FamilyAlreadyExistsError,))
def define_family(command: DefineFamily) -> list[FamilyDefined]:
    return [
        FamilyDefined(
            command.name,
            command.description,
            command.affordances,
            command.term,
            command.measured_variables,
            command.measurement_techniques,
        )
    ]
