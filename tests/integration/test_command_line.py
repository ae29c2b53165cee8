"""The command line as a user runs it: processes, exit codes, what goes to which stream."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.architecture.source import REPOSITORY
from tests.integration.support.commands import Command, Ended, Forge
from typer.testing import CliRunner

from cora.surfaces.cli.main import app

CORA = Path(sys.executable).parent / "cora"
EXAMPLE = REPOSITORY / "examples" / "aps-2bm.yaml"
UNKNOWN = "00000000-0000-7000-8000-000000000000"


class Place:
    """A data directory, and commands run beside it."""

    def __init__(self, forge: Forge, directory: Path, **settings: str) -> None:
        self.forge = forge
        self.directory = directory
        own = {name: value for name, value in os.environ.items() if not name.startswith("CORA_")}
        self.environment = {**own, "CORA_DATA_DIR": str(directory), **settings}

    def cora(self, *arguments: str, **settings: str) -> Ended:
        """Run a command to its end."""
        return self.forge.run(arguments, {**self.environment, **settings})

    def answer(self, *arguments: str) -> Any:
        """The JSON that a command answers."""
        told = self.cora(*arguments, "--json")
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)

    @contextmanager
    def serving(self, command: str = "serve", **settings: str) -> "Generator[Served]":
        """A server, until it is told to stop."""
        port = free_port()
        started = self.forge.start([command], {**self.environment, "CORA_PORT": str(port), **settings})
        served = Served(started, f"http://127.0.0.1:{port}", self.directory)
        try:
            served.wait()
            yield served
        finally:
            started.send(signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        """Whether there is an embedded Postgres."""
        return (self.directory / "postgres" / "postmaster.pid").exists()


class Served:
    """A server process."""

    def __init__(self, process: Command, url: str, directory: Path) -> None:
        self.process = process
        self.url = url
        self.directory = directory

    def wait(self) -> None:
        """Until it answers. It may start Postgres first, and load the example."""
        until = time.monotonic() + 90
        while time.monotonic() < until:
            assert self.process.poll() is None, self.process.wait()
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError(self.url)

    def get(self, path: str) -> httpx.Response:
        """What the admin gets."""
        return httpx.get(self.url + path, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """What the admin is answered."""
        return httpx.post(self.url + path, json=body, headers={"Authorization": f"Bearer {self.token}"})

    @property
    def token(self) -> str:
        return (self.directory / "admin-token").read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Ask it to stop; what has become of it."""
        self.process.send(number)
        return self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def place(commands: Forge, tmp_path: Path) -> Place:
    return Place(commands, tmp_path / "cora data")


@pytest.fixture(scope="module")
def database(commands: Forge, module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Commands on a database that is there already."""
    return Place(commands, tmp_path_factory.mktemp("cora"), CORA_DATABASE_URL=module_database_url)


def test_the_demo_shows_a_citable_fixture_and_finds_it_again(place: Place) -> None:
    with place.serving("demo") as served:
        listed = served.get("/fixtures?persistent_id=10.0000/cora-stub/aps-2bm-sample-tower").json()["items"]
        assert [each["state"]["name"] for each in listed] == ["Sample tower at 2-BM"]
        beamline = served.get("/assets/by-path/aps/2-BM").json()["id"]
        place.answer("call", "describe_asset", "--asset-id", beamline, "--description", "ours")
        before = place.answer("verify")
        stopped = served.stop()
    assert stopped.returncode == 0
    assert not place.is_running
    for shown in (served.url, served.token, "curl ", f"{served.url}/docs", f"{served.url}/mcp"):
        assert shown in stopped.stdout
    assert "Traceback" not in stopped.stderr
    assert served.token not in stopped.stderr
    assert (place.directory / "admin-token").stat().st_mode & 0o777 == 0o600
    with place.serving("demo") as served:
        assert place.answer("verify") == before
        assert served.get(f"/assets/{beamline}").json()["state"]["description"] == "ours"
        stopped = served.stop(signal.SIGINT)
    assert "nothing to change" in stopped.stdout
    assert stopped.returncode == 0


@pytest.fixture(scope="module")
def running(commands: Forge, tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Place, Served]]:
    """A server on its embedded Postgres, and the commands beside it."""
    place = Place(commands, tmp_path_factory.mktemp("cora") / "data")
    with place.serving() as served:
        yield place, served
        served.stop()
    assert not place.is_running


def test_commands_beside_a_server_share_its_database_and_leave_it_running(running: tuple[Place, Served]) -> None:
    place, served = running
    made = place.answer("call", "register_facility", "--code", "f1", "--name", "One")
    assert served.get(f"/facilities/{made['id']}").json()["state"]["name"] == "One"
    assert place.is_running


def test_a_second_server_on_the_port_is_told_and_the_first_goes_on(running: tuple[Place, Served]) -> None:
    place, served = running
    port = served.url.rpartition(":")[2]
    told = place.cora("serve", "--port", port)
    assert told.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in told.stderr
    assert "CORA_PORT" in told.stderr
    assert served.get("/facilities").status_code == 200


def test_a_token_is_printed_alone_works_and_ends(running: tuple[Place, Served]) -> None:
    place, served = running
    told = place.cora("token", "create", "--role", "reader", "--name", "Grace", "--expires", "2999-01-01")
    assert told.returncode == 0, told.stderr
    token = told.stdout.strip()
    assert told.stdout == f"{token}\n"
    reader = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{served.url}/assets", headers=reader).status_code == 200
    assert httpx.post(f"{served.url}/facilities", headers=reader, json={}).status_code == 403
    listed = {each["name"]: each for each in place.answer("token", "list")}
    assert listed["Grace"]["role"] == "reader"
    assert token not in json.dumps(listed)
    assert place.cora("token", "revoke", listed["Grace"]["id"]).returncode == 0
    time.sleep(1.1)
    assert httpx.get(f"{served.url}/assets", headers=reader).status_code == 401
    assert place.cora("token", "revoke", listed["Grace"]["id"]).returncode == 1


def test_a_killed_server_loses_nothing_and_the_next_one_takes_over(place: Place) -> None:
    with place.serving() as served:
        created = served.post("/facilities", {"code": "f1", "name": "One"})
        assert created.status_code == 201
        told = served.stop(signal.SIGKILL).stdout
        assert str(place.directory / "admin-token") in told
        assert served.token not in told
        assert place.is_running
    with place.serving(CORA_LOG_FORMAT="json") as served:
        assert len(served.get("/facilities").json()["items"]) == 1
        logged = served.stop().stderr
    assert not place.is_running
    lines = [json.loads(line) for line in logged.splitlines()]
    assert any(line["event"] == "request" and line["path"] == "/facilities" for line in lines)
    assert served.token not in logged
    assert place.answer("verify")["intact"] is True


def test_a_public_server_with_the_stub_minter_does_not_start(database: Place) -> None:
    told = database.cora("serve", CORA_PUBLIC_URL="https://instruments.example.org", CORA_PORT=str(free_port()))
    assert told.returncode == 1
    assert "CORA_ALLOW_TEST_IDENTIFIERS" in told.stderr


def test_a_misspelled_setting_is_told_with_the_nearest_one(database: Place) -> None:
    known = {"CORA_SERVER": "http://localhost", "CORA_TOKEN": "t", "CORA_TEST_PICTURES": "x", "CORA_LOG_FORMAT": "json"}
    told = database.cora("token", "list", CORA_PUBLSH="draft", CORA_QQQ="1", **known)
    assert told.returncode == 0
    warned = [line for line in told.stderr.splitlines() if "no setting" in line]
    assert warned == [
        "CORA_PUBLSH is no setting of cora and is ignored. Is CORA_PUBLISH meant?",
        "CORA_QQQ is no setting of cora and is ignored. The settings are in docs/reference/settings.md.",
    ]
    assert "no setting" not in told.stdout


def test_commands_that_start_at_once_on_nothing_all_find_the_same_database(place: Place) -> None:
    codes = [f"f{number}" for number in range(4)]
    calls = [
        place.forge.start(["call", "register_facility", "--code", code, "--name", code], place.environment)
        for code in codes
    ]
    for call in calls:
        ended = call.wait()
        assert ended.returncode == 0, ended.stderr
    assert not place.is_running
    listed = place.answer("call", "list_facilities", "--sort", "code")
    assert [each["state"]["code"] for each in listed["items"]] == codes
    assert len(place.answer("call", "list_roles")["items"]) == 4


def test_a_server_whose_database_is_gone_says_so_and_goes_on_when_it_is_back(place: Place) -> None:
    with place.serving() as served:
        postgres = place.directory / "postgres"
        settings, away = postgres / "postgresql.conf", postgres / "away"
        # It cannot be started again until its settings are back.
        settings.rename(away)
        os.kill(int((postgres / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        assert _becomes(503, f"{served.url}/readyz")
        assert httpx.get(f"{served.url}/healthz").status_code == 200
        away.rename(settings)
        assert _becomes(200, f"{served.url}/readyz")
        assert served.get("/facilities").status_code == 200
        assert served.stop().returncode == 0


def _becomes(status: int, url: str) -> bool:
    """Whether an address answers so within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if httpx.get(url, timeout=60).status_code == status:
            return True
        time.sleep(0.2)
    return False


def test_a_file_is_planned_applied_and_equal_afterwards(database: Place) -> None:
    planned = database.answer("plan", str(EXAMPLE))
    assert planned["problem_count"] == 0
    assert len(planned["steps"]) > 100
    rehearsed = database.answer("apply", "--dry-run", str(EXAMPLE))
    assert rehearsed["counts"] == planned["counts"]
    applied = database.cora("apply", str(EXAMPLE))
    assert applied.returncode == 0, applied.stderr
    assert "\x1b" not in applied.stdout + applied.stderr
    assert database.answer("plan", str(EXAMPLE))["steps"] == []
    again = database.cora("apply", str(EXAMPLE))
    assert (again.returncode, again.stdout.strip()) == (0, "Nothing to change.")


def test_a_file_with_problems_is_refused_with_their_lines(database: Place, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "cora: 1\nfacilities:\n  - {code: UPPER, name: x}\nassets:\n  - {name: a, facility: nowhere, tier: T}\n"
    )
    for command in ("plan", "apply"):
        told = database.cora(command, str(file))
        assert told.returncode == 1
        for line in (3, 5):
            assert f"{file}:{line}" in told.stderr


def test_a_command_is_called_by_name_as_the_user_of_the_machine(database: Place) -> None:
    owner = {"name": "Optics", "contact": "optics@example.org"}
    facility = database.answer("call", "register_facility", "--code", "cli", "--name", "A facility")
    options = ["--name", "Mirror", "--tier", "Device", "--facility-code", "cli", "--owners", json.dumps([owner])]
    made = database.answer("call", "register_asset", *options, "--occurred-at", "2020-01-01T00:00:00Z")
    assert made["occurred_at"] == "2020-01-01T00:00:00.000000Z"
    shown = database.answer("call", "get_asset", "--asset-id", made["id"])
    assert shown["state"] == made["state"]
    contact = made["state"]["owners"][0]["contact_id"]
    assert database.answer("call", "get_contact", "--contact-id", contact)["address"] == "optics@example.org"
    listed = database.answer("call", "list_facilities", "--code", "cli", "--limit", "1")
    assert [each["id"] for each in listed["items"]] == [facility["id"]]
    rehearsed = database.answer("call", "activate_asset", "--asset-id", made["id"], "--dry-run", "--if-match", "1")
    assert (rehearsed["dry_run"], rehearsed["version"]) == (True, 2)
    assert database.answer("call", "get_asset", "--asset-id", made["id"])["version"] == 1


def test_a_repetition_with_the_same_key_gets_the_first_answer(database: Place) -> None:
    call = ["call", "register_facility", "--code", "once", "--name", "Once", "--idempotency-key", "key-1"]
    assert database.answer(*call) == database.answer(*call)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["call", "activate_asset", "--asset-id", "x"], 1, "/asset_id"),
        (["call", "register_asset", "--name", "a", "--tier", "T", "--owners", "{"], 1, "/owners: is not JSON"),
        (["call", "register_facility", "--code", "A B", "--name", "x"], 1, "/code"),
        (["call", "register_facility", "--code", "a", "--name", "x", "--occurred-at", "now"], 1, "/Occurred-At"),
        (["call", "activate_asset"], 2, "--asset-id"),
        (["call", "activate_asset", "--colour", "red"], 2, "--colour"),
        (["call", "paint_asset"], 2, "paint_asset"),
        (["paint"], 2, "paint"),
        (["plan"], 2, "FILE"),
        (["token", "create", "--role", "king"], 2, "king"),
        (["token", "revoke", "x"], 2, "'id': must be a UUID"),
        (["serve", "--port", "x"], 2, "--port"),
        (["serve", "--port", "70000"], 2, "PORT"),
    ],
)
def test_what_is_wrong_is_told_before_a_database_is_opened(arguments: list[str], code: int, said: str) -> None:
    told = CliRunner().invoke(app, arguments)
    assert (told.exit_code, told.stdout) == (code, "")
    assert said in told.stderr


def test_what_is_refused_goes_to_stderr(database: Place, tmp_path: Path) -> None:
    for arguments, said in (
        (["call", "activate_asset", "--asset-id", UNKNOWN], "AssetNotFound"),
        (["call", "list_assets", "--limit", "0"], "limit"),
        (["apply", str(tmp_path / "nowhere.yaml")], "nowhere.yaml"),
    ):
        told = database.cora(*arguments)
        assert told.returncode == 1
        assert said in told.stderr
        assert "Traceback" not in told.stderr


def test_settings_that_are_wrong_are_named(database: Place) -> None:
    told = database.cora("verify", CORA_LOG_FORMAT="xml", CORA_PORT="many")
    assert told.returncode == 2
    assert "CORA_LOG_FORMAT" in told.stderr
    assert "CORA_PORT" in told.stderr


def test_a_database_that_does_not_answer_is_told(database: Place) -> None:
    told = database.cora("verify", CORA_DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    assert told.returncode == 1
    assert "cannot be used" in told.stderr
    assert "Traceback" not in told.stderr


def test_migrate_says_what_it_applied(place: Place) -> None:
    first = subprocess.run([CORA, "migrate"], env=place.environment, capture_output=True, text=True, check=False)
    assert (first.returncode, first.stderr) == (0, "")
    assert "0001_log" in first.stdout
    assert "up to date" in place.cora("migrate").stdout
    assert not place.is_running


def test_verify_names_the_first_difference(database: Place) -> None:
    made = database.answer("call", "register_facility", "--code", "forged", "--name", "Before")
    with psycopg.connect(database.environment["CORA_DATABASE_URL"]) as connection:
        connection.execute(
            "update cora.document set body = jsonb_set(body, '{name}', '\"After\"') where id = %s", (made["id"],)
        )
    told = database.cora("verify")
    assert told.returncode == 1
    assert made["id"] in told.stderr
    assert json.loads(database.cora("verify", "--json").stdout)["intact"] is False


@pytest.mark.parametrize("command", ["serve", "demo", "plan", "apply", "call", "token", "verify", "migrate", "mcp"])
def test_every_command_helps(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0
    assert f" {command} " in told.stdout.splitlines()[0]


@pytest.mark.parametrize("line", (REPOSITORY / "docs" / "reference" / "surface.txt").read_text().splitlines()[2:])
def test_every_slice_and_read_can_be_called_by_its_name(line: str) -> None:
    name = line.partition(" | ")[0]
    told = CliRunner().invoke(app, ["call", name, "--help"])
    assert told.exit_code == 0
    assert told.stdout.startswith(f"Usage: cora call {name} ")
