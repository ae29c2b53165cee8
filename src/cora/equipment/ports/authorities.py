"""What an authority for persistent identifiers is reached with: our accounts there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr

DATACITE_URL = "https://api.datacite.org"
DATACITE_TEST_HOST = "api.test.datacite.org"

CALLS = 300
"""How often an authority is called in five minutes at most: what DataCite asks of those who send much."""
LEFT_TO_PEOPLE = 0.2
"""The part of these calls that work in bulk leaves to those who wait for an answer."""


class UnfitMinterError(Exception):
    """The authorities that are set cannot be used, or do not go with this log; the server does not start."""


@dataclass(frozen=True)
class DataciteAccount:
    """A repository of DataCite (DataCite REST API, authentication): with its password or an API key, never both."""

    url: str
    repository: str
    prefix: str
    password: SecretStr | None = None
    api_key: SecretStr | None = None


@dataclass(frozen=True)
class HandleAccount:
    """An administrator of a Handle prefix: with user and secret, or with a client certificate.

    `api` says which interface the server speaks: that of Handle.Net or that of ePIC.
    `admin` administers each new Handle (`index:handle`); without it the prefix does (`200:0.NA/<prefix>`).
    `pidinst_types` replaces the types of PIDINST values by others, by the name of the property.
    """

    url: str
    prefix: str
    api: Literal["handle", "epic"] = "handle"
    user: str | None = None
    secret: SecretStr | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None
    admin: str | None = None
    pidinst_values: bool = False
    pidinst_types: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Authorities:
    """The authorities that are set up here; without any, identifiers come from the stub.

    `contact` is an e-mail address that they are told, so that they can write before they shut us out.
    """

    datacite: DataciteAccount | None = None
    handle: HandleAccount | None = None
    calls: int = CALLS
    contact: str | None = None

    def in_bulk(self) -> Self:
        """The same, called so seldom that calls are left when somebody waits for one."""
        return replace(self, calls=max(1, int(self.calls * (1 - LEFT_TO_PEOPLE))))
