"""Which endpoint answers a path and a method: one step down a tree for each segment of the path."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cora.kernel.principal import Role
from cora.surfaces.http.messages import Reply, Request

Handle = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a route is answered, and for whom. With `asks_nobody` the token is not even looked at."""

    handle: Handle
    allow: Role = Role.ANONYMOUS
    asks_nobody: bool = False


@dataclass(slots=True)
class Place:
    """A place in the tree: the endpoints of its path by method, and what lies below."""

    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    below: "dict[str, Place]" = field(default_factory=dict[str, "Place"])
    any_below: "Place | None" = None
    takes_rest: bool = False
    """Whether it stands for all the segments that are left."""

    def allowed(self) -> str:
        """The methods of this path, for the header `Allow`."""
        methods = set(self.endpoints)
        return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


class Paths:
    """All routes. A segment in braces takes any text, unless another route has that text in this place; the last one,
    with dots (`{path...}`), takes all that is left, slashes too."""

    def __init__(self) -> None:
        self._root = Place()

    def add(self, method: str, template: str, endpoint: Endpoint) -> None:
        """Add a route. Raises `ValueError` when there is one already."""
        place = self._root
        for segment in template.split("/")[1:]:
            if segment.startswith("{"):
                place.any_below = place.any_below or Place()
                place = place.any_below
                place.takes_rest = segment.endswith("...}")
            else:
                place = place.below.setdefault(segment, Place())
        if method in place.endpoints:
            raise ValueError(f"{method} {template} is declared twice")
        place.endpoints[method] = endpoint

    def endpoint(self, method: str, template: str) -> Endpoint:
        """The endpoint of a route. Raises `KeyError` when there is no such route."""
        return self._place(template).endpoints[method]

    def wrap(self, method: str, template: str, around: Callable[[Endpoint], Endpoint]) -> None:
        """Put something around the endpoint of a route. Raises `KeyError` when there is no such route."""
        place = self._place(template)
        place.endpoints[method] = around(place.endpoints[method])

    def _place(self, template: str) -> Place:
        place = self._root
        for segment in template.split("/")[1:]:
            below = place.any_below if segment.startswith("{") else place.below.get(segment)
            if below is None:
                raise KeyError(template)
            place = below
        return place

    def find(self, path: str) -> tuple[Place, tuple[str, ...]] | None:
        """The place of a path, with what stands where its template has braces; None when there is none."""
        place = self._root
        values: list[str] = []
        segments = path.split("/")
        for number, segment in enumerate(segments):
            if not number:
                continue
            following = place.below.get(segment)
            if following is None:
                if place.any_below is None or not segment:
                    return None
                following = place.any_below
                if following.takes_rest:
                    values.append("/".join(segments[number:]))
                    return following, tuple(values)
                values.append(segment)
            place = following
        return (place, tuple(values)) if place.endpoints else None
