"""The authorities of the settings: wholly, not at all, or a word of what is missing."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.memory_log import MemoryCalls

from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.ports.authorities import Authorities, UnfitMinterError
from cora.equipment.wire import opened_minters
from cora.settings import Settings
from cora.surfaces.authorities import authorities_of

SECRET = "s3cret-as-can-be"
DATACITE = {"datacite_repository": "FACILITY.CORA", "datacite_prefix": "10.82433", "datacite_password": SECRET}
HANDLE = {
    "handle_url": "https://handle.example:8000/",
    "handle_prefix": "21.T11998",
    "handle_user": "300:21.T11998/CORA",
    "handle_secret": SECRET,
}
CERTIFIED = {**HANDLE, "handle_user": None, "handle_secret": "", "handle_certificate": "cora.pem"}


def read(**given: Any) -> Authorities:
    return authorities_of(Settings(**given))


def test_without_any_there_are_none() -> None:
    assert read() == Authorities()
    assert read(datacite_password="", datacite_prefix="", handle_user="") == Authorities()


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CORA_HANDLE_URL", "CORA_DATACITE_URL", "CORA_DATACITE_PREFIX", "CORA_AUTHORITY_CALLS"):
        monkeypatch.setenv(name, "")
    assert read() == Authorities()
    assert str(Settings().datacite_url) == "https://api.datacite.org/"


def test_both_may_be_set_up_and_neither_shows_its_secret() -> None:
    found = read(**DATACITE, **HANDLE, authority_calls=50, authority_contact="pids@facility.example")
    assert found.datacite is not None
    assert found.handle is not None
    assert (found.datacite.url, found.handle.url) == ("https://api.datacite.org", "https://handle.example:8000")
    assert (found.calls, found.contact) == (50, "pids@facility.example")
    assert found.datacite.password is not None
    assert found.datacite.password.get_secret_value() == SECRET
    assert SECRET not in f"{found!r} {found}{Settings(**DATACITE, **HANDLE)!r}"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"datacite_repository": "A.B"}, "set CORA_DATACITE_PREFIX, CORA_DATACITE_PASSWORD"),
        ({"datacite_api_key": SECRET}, "set CORA_DATACITE_REPOSITORY, CORA_DATACITE_PREFIX as well"),
        ({**DATACITE, "datacite_prefix": ""}, "set CORA_DATACITE_PREFIX as well"),
        ({**DATACITE, "datacite_api_key": "key"}, "not both"),
        ({**DATACITE, "datacite_prefix": "10.82433/x"}, "CORA_DATACITE_PREFIX does not look like 10.82433"),
        ({**DATACITE, "datacite_repository": "A B"}, "CORA_DATACITE_REPOSITORY does not look like"),
        ({**DATACITE, "datacite_url": "http://api.datacite.org"}, "CORA_DATACITE_URL must begin with https"),
        ({**DATACITE, "datacite_url": f"https://me:{SECRET}@api.datacite.org"}, "must be an address alone"),
        ({"handle_url": "https://handle.example"}, "set CORA_HANDLE_PREFIX, CORA_HANDLE_USER"),
        ({**HANDLE, "handle_secret": None}, "set CORA_HANDLE_SECRET as well"),
        ({**HANDLE, "handle_certificate": "cora.pem"}, "not both"),
        ({**HANDLE, "handle_user": "cora"}, "CORA_HANDLE_USER does not look like"),
        ({**HANDLE, "handle_admin": "0.NA/21"}, "CORA_HANDLE_ADMIN does not look like"),
        ({**HANDLE, "handle_prefix": "x"}, "CORA_HANDLE_PREFIX does not look like"),
        ({**HANDLE, "handle_pidinst_types": "Name"}, "CORA_HANDLE_PIDINST_TYPES"),
        ({**CERTIFIED, "handle_api": "epic"}, "no client certificate"),
        ({"authority_contact": "me (at) home"}, "CORA_AUTHORITY_CONTACT"),
    ],
)
def test_what_is_there_in_part_stops_the_server_with_what_is_missing(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UnfitMinterError) as error:
        read(**given)
    assert says in str(error.value)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_very_machine_may_be_spoken_to_in_plain_text(host: str) -> None:
    found = read(**{**DATACITE, "datacite_url": f"http://{host}:8000"}).datacite
    assert found is not None
    assert found.url == f"http://{host}:8000"


def test_epic_has_users_of_another_form_and_types_may_be_others() -> None:
    found = read(
        **{
            **HANDLE,
            "handle_api": "epic",
            "handle_user": "1015-01",
            "handle_pidinst_types": "Name=21.T1/a, Model=21.T1/b",
        }
    ).handle
    assert found is not None
    assert (found.user, found.pidinst_types) == ("1015-01", {"Name": "21.T1/a", "Model": "21.T1/b"})


async def test_the_minter_registers_what_is_set_up_and_without_any_it_is_the_stub() -> None:
    async with opened_minters(Authorities(), MemoryCalls()) as (stub, other):
        assert isinstance(stub, StubDoiMinter)
        assert other is stub
    async with opened_minters(read(**DATACITE), MemoryCalls()) as (minter, _):
        assert (minter.schemes, minter.test) == ({"DOI"}, False)
        assert minter.make_value("DOI", "abc") == "10.82433/abc"
    async with opened_minters(read(**DATACITE, **HANDLE), MemoryCalls()) as (minter, _):
        assert minter.schemes == {"DOI", "Handle"}
        assert minter.make_value("Handle", "abc") == "21.T11998/abc"
    test_system = read(**DATACITE, datacite_url="https://api.test.datacite.org")
    async with opened_minters(test_system, MemoryCalls()) as (minter, _):
        assert minter.test


async def test_a_certificate_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnfitMinterError, match="CORA_HANDLE_CERTIFICATE cannot be used"):
        unreadable = read(**{**CERTIFIED, "handle_certificate": str(tmp_path / "none.pem")})
        async with opened_minters(unreadable, MemoryCalls()):
            pass
