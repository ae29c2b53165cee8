"""Random commands through the real log, each predicted by a plain model of domain.md.

`CORA_MODEL_RUNS` sets how many stories are told, `CORA_MODEL_FIRST` the number of the first: others than the suite's
are found with a number that nobody has used.
"""

import os
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.conftest import in_database, new_database
from tests.model.commands import COMMANDS
from tests.model.draws import ARGUMENTS
from tests.model.machine import Recorded
from tests.model.past import Past, Version
from tests.model.server import Server, serving
from tests.model.world import Refused, State, World

from cora.kernel.slice import CommandSlice, HandlerSlice

RUNS = 40
STEPS_OF_A_RUN = 60


@pytest.fixture(scope="module")
def server(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with serving(module_database_url, tmp_path_factory.mktemp("cora")) as server:
        yield server


@pytest.fixture
def second_database_url(postgres: str, template: str) -> Generator[str]:
    """The address of another empty database."""
    with new_database(postgres, template) as name:
        yield in_database(postgres, name)


def test_every_command_has_its_plain_model(server: Server) -> None:
    """A new slice without its model here would go unnoticed otherwise."""
    commands = {name for name, declared in server.slices.items() if isinstance(declared, CommandSlice | HandlerSlice)}
    assert commands == set(COMMANDS)
    assert set(ARGUMENTS) == set(COMMANDS)


def tell(server: Server, story: int, phases: tuple[Phase, ...] = tuple(Phase)) -> None:
    """One story, and its shortest version if it fails. Raises `AssertionError`."""
    Recorded.server = server
    # Each is a search of its own: one long search varies what it tried before more than it tries new things.
    run_state_machine_as_test(
        seed(story)(Recorded),
        settings=settings(
            max_examples=2,
            stateful_step_count=STEPS_OF_A_RUN,
            deadline=None,
            database=None,
            phases=phases,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


def test_what_is_recorded_is_what_the_model_says(server: Server) -> None:
    first = int(os.environ.get("CORA_MODEL_FIRST", "0"))
    for story in range(first, first + int(os.environ.get("CORA_MODEL_RUNS", RUNS))):
        tell(server, story)


def _forgets(decide: Callable[[World, State], None], code: str) -> Callable[[World, State], None]:
    """The plain model of a command without one of its refusals."""

    def forgetful(world: World, given: State) -> None:
        try:
            decide(world, given)
        except Refused as refused:
            if refused.code != code:
                raise

    return forgetful


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("decommission_asset", "AssetIsInstalled"),
        ("uninstall_asset", "MountHasFixtureBoundAsset"),
        ("withdraw_persistent_id", "PersistentIdCannotWithdraw"),
    ],
)
def test_a_rule_that_only_one_side_keeps_is_noticed(database_url: str, tmp_path: Path, name: str, code: str) -> None:
    planned = COMMANDS[name]
    forgetful = replace(planned, decide=_forgets(planned.decide, code))
    with serving(database_url, tmp_path) as server, patch.dict(COMMANDS, {name: forgetful}):
        with pytest.raises(AssertionError, match="it must be accepted"):
            for story in range(20):
                tell(server, story, phases=(Phase.generate,))


def test_a_past_that_was_another_is_noticed(database_url: str, tmp_path: Path) -> None:
    right = Past.at

    def a_version_late(past: Past, id: str, position: int | None, moment: datetime | None) -> Version | None:
        return right(past, id, None if position is None else position - 1, moment)

    with serving(database_url, tmp_path) as server, patch.object(Past, "at", a_version_late):
        with pytest.raises(AssertionError, match="as_of"):
            for story in range(20):
                tell(server, story, phases=(Phase.generate,))


def test_what_came_about_is_exported_and_applied_as_the_same_file(
    database_url: str, second_database_url: str, tmp_path: Path
) -> None:
    with serving(database_url, tmp_path) as server:
        for story in range(3):
            tell(server, story, phases=(Phase.generate,))
        exported = server.exported()
    with serving(second_database_url, tmp_path) as empty:
        empty.apply(exported, tmp_path / "facility.yaml")
        assert empty.exported() == exported
        assert empty.verified().intact
