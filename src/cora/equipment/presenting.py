"""Which roles families and assemblies say they fulfil: what their commands share."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cora.equipment.aggregates.role import ROLE, Role, RoleNotFoundError
from cora.kernel.reader import Reader
from cora.kernel.slice import Command


class PresentsAs(Command):
    """The role."""

    role_id: UUID


@dataclass(frozen=True)
class NamedRole:
    """The role, if there is one of this id."""

    role: Role | None


async def load_role(command: PresentsAs, _presenting: Any, read: Reader) -> NamedRole:
    """Read the role that is named."""
    return NamedRole(await read.get(ROLE, command.role_id))


def require_role(command: PresentsAs, named: NamedRole) -> Role:
    """The role. Raises `RoleNotFoundError` where there is none."""
    if named.role is None:
        raise RoleNotFoundError(command.role_id)
    return named.role
