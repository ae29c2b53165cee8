"""The tree of routes: literal before any, parameters in order, methods, double declarations."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cora.kernel.principal import Role
from cora.surfaces.http.dispatch import Endpoint, Paths
from cora.surfaces.http.messages import Reply, Request


async def _handle(_request: Request) -> Reply:
    return Reply(200, b"")


def _paths(*routes: str) -> Paths:
    paths = Paths()
    for route in routes:
        method, template = route.split(" ")
        paths.add(method, template, Endpoint(_handle))
    return paths


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/", ()),
        ("/assets", ()),
        ("/assets/1", ("1",)),
        ("/assets/search", ()),
        ("/assets/1/settings", ("1",)),
        ("/a/1/b/2", ("1", "2")),
        ("/assets/ü%20", ("ü%20",)),
    ],
)
def test_finds(path: str, values: tuple[str, ...]) -> None:
    paths = _paths(
        "GET /",
        "GET /assets",
        "GET /assets/{id}",
        "GET /assets/search",
        "PATCH /assets/{id}/settings",
        "GET /a/{x}/b/{y}",
    )
    found = paths.find(path)
    assert found is not None
    assert found[1] == values


@pytest.mark.parametrize(
    "path", ["", "/x", "/assets/", "/assets//settings", "/assets/1/2", "/a/1/b", "//", "/assets/1/"]
)
def test_finds_nothing(path: str) -> None:
    paths = _paths("GET /assets", "GET /assets/{id}", "PATCH /assets/{id}/settings", "GET /a/{x}/b/{y}")
    assert paths.find(path) is None


def test_tells_the_methods_of_a_path() -> None:
    paths = _paths("POST /assets", "GET /assets", "PATCH /assets/{id}")
    found, below = paths.find("/assets"), paths.find("/assets/1")
    assert found is not None
    assert found[0].allowed() == "GET, HEAD, POST"
    assert below is not None
    assert below[0].allowed() == "PATCH"


def test_refuses_a_route_declared_twice_also_under_another_name() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        _paths("GET /assets/{asset_id}", "GET /assets/{id}")


_SEGMENTS = st.sampled_from(["a", "b", "c", "{x}", "{y}"])


def _matching(templates: set[tuple[str, ...]], segments: list[str]) -> set[tuple[str, ...]]:
    """The same rule over the list of templates: in each place those with the very segment, else those with any."""
    for index, segment in enumerate(segments):
        longer = {template for template in templates if len(template) > index}
        literal = {template for template in longer if template[index] == segment}
        templates = literal or {template for template in longer if template[index] == "*"}
    return {template for template in templates if len(template) == len(segments)}


@given(
    st.sets(st.lists(st.sampled_from(["a", "b", "c", "*"]), min_size=1, max_size=3).map(tuple), min_size=1, max_size=6),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=3),
)
def test_finds_what_the_templates_say(templates: set[tuple[str, ...]], segments: list[str]) -> None:
    paths = Paths()
    for template in templates:
        paths.add(
            "GET", "/" + "/".join("{x}" if segment == "*" else segment for segment in template), Endpoint(_handle)
        )
    found = paths.find("/" + "/".join(segments))
    expected = _matching(templates, segments)
    assert (found is not None) == bool(expected)
    if found is not None:
        (template,) = expected
        assert found[1] == tuple(each for each, of in zip(segments, template, strict=True) if of == "*")


def test_something_can_be_put_around_an_endpoint() -> None:
    template = "/assets/{asset_id}/pidinst"
    paths = _paths(f"GET {template}")
    assert paths.endpoint("GET", template) == Endpoint(_handle)
    paths.wrap("GET", template, lambda endpoint: replace(endpoint, allow=Role.ADMIN))
    assert paths.endpoint("GET", template) == Endpoint(_handle, Role.ADMIN)
    for method, unknown in (("POST", template), ("GET", "/assets"), ("GET", "/nothing")):
        with pytest.raises(KeyError):
            paths.endpoint(method, unknown)
