"""What commands share: how errors are told, settings read and tables written."""

import asyncio
import errno
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import psycopg
import pytest
import typer

from cora.equipment.aggregates.asset.errors import AssetNotFoundError
from cora.equipment.wire import UnfitMinterError
from cora.facility_file import UnreachableError
from cora.kernel.errors import InvalidRequestError, OverloadedError, Violation
from cora.log.embedded import EmbeddedPostgresError
from cora.surfaces.cli.common import in_words, settings_from, show_json, show_table
from cora.surfaces.server import PortTakenError

ID = UUID("01a20ba5-7d78-755a-bce1-e6a466945413")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (AssetNotFoundError(ID), 1, ["AssetNotFound", str(ID)]),
        (OverloadedError(5), 1, ["Overloaded", "5 s"]),
        (InvalidRequestError((Violation("/a", "is wrong"), Violation("", "is worse"))), 1, ["/a: is", "request: is"]),
        (EmbeddedPostgresError("no [room] for Postgres"), 1, ["no [room] for Postgres"]),
        (UnfitMinterError("the stub"), 1, ["the stub"]),
        (PortTakenError("the port"), 1, ["the port"]),
        (UnreachableError("the server"), 1, ["the server"]),
        (asyncpg.InvalidCatalogNameError('database "x" does not exist'), 1, ["The database cannot be used", '"x"']),
        (psycopg.OperationalError("refused"), 1, ["The database cannot be used", "refused"]),
        (OSError(errno.ENOSPC, "No space left on device"), 1, ["No space left"]),
        (KeyboardInterrupt(), 130, ["Stopped."]),
        (asyncio.CancelledError(), 130, ["Stopped."]),
    ],
)
def test_what_a_user_can_cause_is_told_in_words(
    error: BaseException, code: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left, in_words():
        raise error
    told = capsys.readouterr()
    assert (left.value.exit_code, told.out) == (code, "")
    for part in said:
        assert part in told.err


def test_what_a_user_cannot_cause_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), in_words():
        raise ZeroDivisionError


def test_options_come_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORA_PORT", "9000")
    monkeypatch.setenv("CORA_DATA_DIR", "/from/environment")
    assert settings_from(port=None).port == 9000
    settings = settings_from(port=9001, data_dir=Path("/from/option"), host="::1")
    assert (settings.port, settings.data_dir) == (9001, Path("/from/option"))
    assert settings.address == settings.landing_url == "http://[::1]:9001"


@pytest.mark.parametrize("host", ["instruments.example.org", "2bm.example.org", "127.0.0.1", "localhost"])
def test_records_may_be_named_by_any_former_host(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("CORA_OAI_REPOSITORY", host.upper())
    assert settings_from().oai_repository == host
    monkeypatch.setenv("CORA_OAI_REPOSITORY", "")
    assert settings_from().oai_repository is None


@pytest.mark.parametrize(
    "wrong",
    ["https://cora.example.org", "cora.example.org:443", "oai:cora.example.org", "a b", "cora..org", "c\u00f6.org"],
)
def test_what_names_no_repository_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    monkeypatch.setenv("CORA_OAI_REPOSITORY", wrong)
    with pytest.raises(typer.Exit) as ended:
        settings_from()
    assert ended.value.exit_code == 2
    told = " ".join(capsys.readouterr().err.split())
    assert told == "CORA_OAI_REPOSITORY: must be a domain name alone, such as cora.example.org"


def test_columns_are_aligned_and_never_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    show_table(("id", "name"), [(str(ID), long), ("1", None)])
    head, first, second = capsys.readouterr().out.splitlines()
    assert first == f"{ID}  {long}"
    assert head == "id".ljust(36) + "  name"
    assert second == "1".ljust(36) + "  -"


def test_json_shows_times_as_answers_do(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"at": datetime(2026, 5, 3, 14, tzinfo=UTC), "name": "Röntgen"})
    assert capsys.readouterr().out == '{\n  "at": "2026-05-03T14:00:00Z",\n  "name": "Röntgen"\n}\n'
