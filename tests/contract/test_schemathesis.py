"""Requests made up from the API description: none meets a fault, and every answer is one that is described."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from schemathesis import checks as any_checks
from schemathesis.core.failures import AcceptedNegativeData, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks
from tests.contract.write_openapi import described
from tests.integration.beamline import build
from tests.integration.mcp_world import serving
from tests.integration.scenario import UNKNOWN, World
from tests.integration.surfaces import surfaces

from cora.kernel.principal import Role
from cora.settings import Settings
from cora.surfaces.start import opened


def unfit_is_rejected(context: Any, response: Any, case: Any) -> Any:
    """What is unfit is refused, but that a number in a query, where texts are meant, is a text like any other."""
    try:
        return checks.negative_data_rejection(context, response, case)
    except AcceptedNegativeData as accepted:
        told = str(accepted.message)
        if case.method == "GET" and "query: violates `type`" in told and "was array" in told:
            return None
        raise


CHECKS: list[Any] = [
    any_checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    unfit_is_rejected,
]
API: Any = schemathesis.openapi.from_dict(described())
OPERATIONS: list[Any] = [found.ok() for found in API.get_all_operations()]


def tried(examples: int) -> settings:
    """So many made-up requests for each operation, the same ones in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )


@dataclass(frozen=True)
class Served:
    """A server with a small beamline: its address, tokens, and the ids of its records by kind."""

    url: str
    sessions: dict[Role, requests.Session]
    ids: dict[str, list[str]]


@pytest.fixture(scope="module")
def served(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with _serving(module_database_url, tmp_path_factory.mktemp("cora")) as shown:
        yield shown


@contextmanager
def _serving(dsn: str, directory: Path) -> Generator[Served]:
    """A server in a thread of its own: the made-up requests come from code that does not wait for a loop."""
    ready: Future[tuple[Served, Callable[[], object]]] = Future()

    async def live() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        async with opened(Settings(data_dir=directory), dsn) as cora:
            async with surfaces(cora) as shown:
                ids = await _some_records(World(shown))
            for token in await cora.tokens.list():
                await cora.tokens.revoke(token.id)
            async with serving(cora) as server:
                sessions = {role: _session(bearer) for role, bearer in server.bearers.items()}
                ready.set_result((Served(server.url, sessions, ids), lambda: loop.call_soon_threadsafe(stop.set)))
                await stop.wait()

    with ThreadPoolExecutor(1) as thread:
        living = thread.submit(asyncio.run, live())
        living.add_done_callback(lambda done: None if ready.done() else ready.set_exception(_fault(done)))
        served, stop = ready.result()
        try:
            yield served
        finally:
            stop()
        living.result()


def _fault(done: "Future[None]") -> BaseException:
    return done.exception() or RuntimeError("the server stopped before it served")


def _session(bearer: str) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {bearer}"
    return session


async def _some_records(world: World) -> dict[str, list[str]]:
    made = await build(world)
    attached, _ = await world.attached()
    return {
        "facility": [],
        "family": sorted(made.families.values()),
        "role": sorted(made.roles.values()),
        "model": sorted(made.models.values()),
        "frame": sorted(made.frames.values()),
        "mount": sorted([*made.mounts.values(), await world.mount()]),
        "assembly": sorted(made.assemblies.values()),
        "asset": sorted([*made.assets.values(), attached, await world.asset(), await world.dead()]),
        "fixture": sorted([*made.fixtures.values(), await world.citable()]),
    }


_KINDS = {
    "parent_frame_id": "frame",
    "predecessor_frame_id": "frame",
    "to_parent_id": "asset",
    "controller_id": "asset",
    "presents_as_family_id": "family",
    "declared_family_ids": "family",
    "required_family_ids": "family",
    "family_ids": "family",
}


def _with_known_ids(value: Any, ids: dict[str, list[str]], name: str = "") -> Any:
    """A made-up value with the ids of records that exist in the place of half of its ids."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {key: _with_known_ids(item, ids, key) for key, item in members.items()}
    if isinstance(value, list):
        return [_with_known_ids(item, ids, name) for item in cast("list[Any]", value)]
    known = ids.get(_KINDS.get(name, name.removesuffix("_id")), [])
    if not known or not isinstance(value, str):
        return value
    try:
        number = int(UUID(value))
    except ValueError:
        return value
    return known[number // 2 % len(known)] if number % 2 else value


def _send(case: Any, served: Served, role: Role) -> None:
    case.path_parameters = _with_known_ids(dict(case.path_parameters or {}), served.ids)
    if isinstance(case.body, dict):
        case.body = _with_known_ids(case.body, served.ids)
    response = case.call(base_url=served.url, session=served.sessions[role])
    case.validate_response(response, checks=CHECKS)


def _label(operation: Any) -> str:
    return operation.label


def _make_up(operation: Any, served: Served, role: Role, examples: int) -> None:
    """Send requests that fit the description, and requests that do not."""
    fitting, unfit = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    sent: list[Any] = []

    @given(one_of(fitting, unfit))
    @tried(examples)
    def send(case: Any) -> None:
        sent.append(case)
        _send(case, served, role)

    send()
    assert sent


# Not `API.parametrize`: all its tests have the same name, and xdist runs one of a name.
@pytest.mark.parametrize("operation", OPERATIONS, ids=_label)
def test_what_an_admin_may_send(operation: Any, served: Served) -> None:
    _make_up(operation, served, Role.ADMIN, 8)


@pytest.mark.parametrize("operation", OPERATIONS, ids=_label)
@pytest.mark.parametrize("role", [Role.READER, Role.OPERATOR, Role.STEWARD], ids=lambda role: role.label)
def test_what_others_may_send(operation: Any, role: Role, served: Served) -> None:
    _make_up(operation, served, role, 2)


def test_every_operation_is_tried() -> None:
    described_ones = {f"{method.upper()} {path}" for path, place in described()["paths"].items() for method in place}
    labels = [_label(operation) for operation in OPERATIONS]
    assert len(labels) == len(set(labels))
    assert set(labels) == described_ones


def test_an_answer_that_is_not_described_is_seen(served: Served) -> None:
    changed = described()
    del changed["paths"]["/assets/{asset_id}/activate"]["post"]["responses"]["404"]
    api: Any = schemathesis.openapi.from_dict(changed)
    operation = api["/assets/{asset_id}/activate"]["POST"]
    case = operation.Case(path_parameters={"asset_id": UNKNOWN}, body={}, media_type="application/json")
    with pytest.raises(FailureGroup, match="404"):
        _send(case, served, Role.ADMIN)
