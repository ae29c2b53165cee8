"""Who is calling, and what their role allows."""

from dataclasses import dataclass
from enum import IntEnum

from cora.kernel.errors import ForbiddenError, UnauthenticatedError


class Role(IntEnum):
    """What a caller may do; each role includes those before it.

    `ANONYMOUS` is a caller without a token; no token has it.
    """

    ANONYMOUS = 0
    READER = 1
    OPERATOR = 2
    STEWARD = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        """The name used on every surface: `reader`, `operator`, `steward`, `admin`."""
        return self.name.lower()

    @classmethod
    def named(cls, label: str) -> "Role":
        """The role a token can have with this label. Raises `ValueError` for an unknown one."""
        for role in cls:
            if role.label == label and role is not cls.ANONYMOUS:
                return role
        labels = ", ".join(role.label for role in cls if role is not cls.ANONYMOUS)
        raise ValueError(f"there is no role {label!r}; the roles are {labels}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: the name that goes into every event, and a role."""

    name: str
    role: Role

    def require(self, needed: Role) -> None:
        """Raises `ForbiddenError`, or `UnauthenticatedError` without a token, unless the role includes `needed`."""
        if self.role < needed:
            if self.role is Role.ANONYMOUS:
                raise UnauthenticatedError
            raise ForbiddenError(needed=needed.label, role=self.role.label)


ANONYMOUS = Principal("anonymous", Role.ANONYMOUS)
