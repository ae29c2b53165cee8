"""Define a role: a functional contract such as Detector or Positioner, with the affordances it requires and allows.

Families and assemblies then say that they present as it. Four roles are there from the start.
"""

from dataclasses import dataclass
from uuid import UUID

from cora.equipment.aggregates.role import (
    ROLE,
    RoleAffordanceOverlapError,
    RoleAlreadyExistsError,
    RoleDefined,
    role_id,
)
from cora.equipment.values import Affordance, Affordances, Docstring, Name, SignalTypes
from cora.kernel import principal
from cora.kernel.reader import Reader
from cora.kernel.slice import Command, decides


class DefineRole(Command):
    """What a thing in this role must and may let one do, and which signals it gives and takes."""

    name: Name
    docstring: Docstring
    required_affordances: Affordances = ()
    optional_affordances: Affordances = ()
    produces: SignalTypes = ()
    consumes: SignalTypes = ()


@dataclass(frozen=True)
class Context:
    """Whether there is a role of this name."""

    exists: bool


def identify(command: DefineRole) -> UUID:
    return role_id(command.name)


async def load_context(command: DefineRole, read: Reader) -> Context:
    return Context(exists=await read.exists(identify(command)))


@decides(
    "POST /roles",
    on=ROLE,
    allow=principal.Role.STEWARD,
    refuses=(RoleAlreadyExistsError, RoleAffordanceOverlapError),
    loads=load_context,
    identify=identify,
)
def define_role(command: DefineRole, context: Context) -> list[RoleDefined]:
    if context.exists:
        raise RoleAlreadyExistsError(command.name, identify(command))
    overlap = sorted(set(command.required_affordances) & set(command.optional_affordances))
    if overlap:
        raise RoleAffordanceOverlapError(tuple(overlap))
    return [
        RoleDefined(
            command.name,
            command.docstring,
            command.required_affordances,
            command.optional_affordances,
            command.produces,
            command.consumes,
        )
    ]


SEEDED_ROLES = (
    DefineRole(
        name="Detector",
        docstring="Turns radiation or light into images.",
        required_affordances=(Affordance.IMAGEABLE,),
        optional_affordances=(
            Affordance.BINNABLE,
            Affordance.COOLABLE,
            Affordance.STREAMABLE,
            Affordance.TRIGGERABLE,
        ),
        produces=("Frame", "Image"),
        consumes=("TriggerIn",),
    ),
    DefineRole(
        name="Positioner",
        docstring="Moves something to a position and knows its limits.",
        required_affordances=(Affordance.HOMEABLE, Affordance.LIMITABLE),
        optional_affordances=(
            Affordance.CAPTURABLE,
            Affordance.FOLLOWING,
            Affordance.INDEXABLE,
            Affordance.LEADING,
            Affordance.POSABLE,
            Affordance.ROTATABLE,
            Affordance.TRANSLATABLE,
        ),
        produces=("EncoderPosition",),
        consumes=("PositionCommand",),
    ),
    DefineRole(
        name="Controller",
        docstring="Drives other equipment and can be told apart from its like.",
        required_affordances=(Affordance.IDENTIFIABLE,),
        optional_affordances=(Affordance.PULSING, Affordance.REPORTABLE),
        produces=("ControlOut",),
        consumes=("ControlIn",),
    ),
    DefineRole(
        name="Sensor",
        docstring="Reports a measured value.",
        required_affordances=(Affordance.REPORTABLE,),
        optional_affordances=(Affordance.STREAMABLE, Affordance.TRIGGERABLE),
        produces=("Reading",),
        consumes=("TriggerIn",),
    ),
)
"""The roles that every database has from its first start."""
