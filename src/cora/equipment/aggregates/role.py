"""A role: a functional contract that families and assemblies say they fulfil."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

from cora.equipment.values import Affordance
from cora.kernel.aggregate import Aggregate, Event, Fact, Filter
from cora.kernel.errors import ConflictError, InvalidError, NotFoundError
from cora.kernel.search import Text, Weight, texts_within

_ROLES = uuid5(NAMESPACE_DNS, "cora.role")


def role_id(name: str) -> UUID:
    """The id of a role: it follows from the name, so it is the same in every database."""
    return uuid5(_ROLES, name.lower())


@dataclass(frozen=True)
class Role:
    """What a thing in this role must and may let one do, and which signals it gives and takes."""

    id: UUID
    name: str
    docstring: str
    required_affordances: tuple[Affordance, ...] = ()
    optional_affordances: tuple[Affordance, ...] = ()
    produces: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()

    def missing_in(self, affordances: Iterable[Affordance]) -> tuple[Affordance, ...]:
        """What the role requires and is not among these affordances, in order."""
        return tuple(sorted(set(self.required_affordances).difference(affordances)))


@dataclass(frozen=True)
class RoleDefined(Event):
    """A role was defined."""

    name: str
    docstring: str
    required_affordances: tuple[Affordance, ...] = ()
    optional_affordances: tuple[Affordance, ...] = ()
    produces: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()


@dataclass(eq=False)
class RoleNotFoundError(NotFoundError):
    """There is no such role."""

    says = "There is no role {id}."


@dataclass(eq=False)
class RoleAlreadyExistsError(ConflictError):
    """A role is defined once only."""

    says = "There is a role {name!r} already, {role_id}; names are equal ignoring case."
    name: str
    role_id: UUID


@dataclass(eq=False)
class RoleAffordanceOverlapError(InvalidError):
    """An affordance is either required or optional."""

    says = "Both required and optional: {affordances}; name each once."
    affordances: tuple[str, ...]


def evolve(role: Role | None, event: RoleDefined, fact: Fact) -> Role:
    """The role after an event."""
    return Role(
        fact.id, event.name, event.docstring, event.required_affordances, event.optional_affordances,
        event.produces, event.consumes,
    )  # fmt: skip


def _texts(role: Role) -> Iterable[Text]:
    yield Text("name", role.name, Weight.OWN)
    yield from texts_within("produces", role.produces)
    yield from texts_within("consumes", role.consumes)
    yield Text("docstring", role.docstring, Weight.PROSE)


ROLE = Aggregate(
    kind="role",
    collection="roles",
    state=Role,
    events=(RoleDefined,),
    evolve=evolve,
    not_found=RoleNotFoundError,
    texts=_texts,
    filters={"name": Filter(("name",)), "required_affordances": Filter(("required_affordances",), many=True)},
    sorts={"name": ("name",)},
)
