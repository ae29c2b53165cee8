"""What a cora process is set to: environment variables with the prefix CORA_."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Any host that a server can have had in its identifiers: also one that is no domain name by the letter.
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class Settings(BaseSettings):
    """Read from the environment, where an empty one is as good as none; options of the command line come before it."""

    model_config = SettingsConfigDict(env_prefix="CORA_", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(
        default=Path(".cora"), description="Where the embedded Postgres keeps its data and the first token lies."
    )
    database_url: str | None = Field(
        default=None, description="A Postgres to use instead of the embedded one, version 15 or later: postgresql://..."
    )
    host: str = Field(default="127.0.0.1", description="The address the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port the server listens on.")
    public_url: HttpUrl | None = Field(
        default=None, description="Where the public reaches this server; landing pages of identifiers start with it."
    )
    allow_test_identifiers: bool = Field(
        default=False, description="Allow the stub minter on a public server, and test identifiers beside real ones."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines are written to stderr."
    )

    publish: Literal["draft", "findable"] = Field(
        default="findable",
        description="What an assignment ends with: an identifier that the world can find, or a `draft` to publish.",
    )
    publish_contacts: bool = Field(
        default=False,
        description="Tell the world and the authorities the e-mail addresses of owners, as `ownerContact` of a record.",
    )
    datacite_url: HttpUrl = Field(
        default=HttpUrl("https://api.datacite.org"),
        description="The API of DataCite; `https://api.test.datacite.org` is its test system, whose DOIs are tests.",
    )
    datacite_repository: str | None = Field(
        default=None, description="The repository at DataCite that DOIs are registered for, as in `FACILITY.CORA`."
    )
    datacite_password: SecretStr | None = Field(
        default=None, description="The password of the repository; or give an API key."
    )
    datacite_api_key: SecretStr | None = Field(
        default=None, description="An API key of the repository, in place of its password."
    )
    datacite_prefix: str | None = Field(
        default=None, description="The prefix of new DOIs, as in `10.82433`; the repository must have it."
    )
    handle_url: HttpUrl | None = Field(
        default=None, description="The Handle server that Handles are registered at, without `/api/handles`."
    )
    handle_api: Literal["handle", "epic"] = Field(
        default="handle", description="The interface of the Handle server: `handle` is that of Handle.Net, or `epic`."
    )
    handle_prefix: str | None = Field(default=None, description="The prefix of new Handles, as in `21.T11998`.")
    handle_user: str | None = Field(
        default=None, description="Who registers Handles: `300:21.T11998/CORA`, or the user name at ePIC."
    )
    handle_secret: SecretStr | None = Field(default=None, description="The secret of that user.")
    handle_certificate: Path | None = Field(
        default=None, description="A client certificate (PEM) in place of user and secret; not at ePIC."
    )
    handle_certificate_key: Path | None = Field(
        default=None, description="The key of the client certificate, where it is not in the same file."
    )
    handle_admin: str | None = Field(
        default=None, description="Who administers new Handles, as `index:handle`; else `200:0.NA/<prefix>`."
    )
    handle_pidinst_values: bool = Field(
        default=False, description="Write the PIDINST record into each Handle, beside its URL."
    )
    handle_pidinst_types: str | None = Field(
        default=None, description="Other types of PIDINST values than those of the cookbook: `Name=21.T11148/...,...`."
    )
    authority_calls: int = Field(
        default=300, ge=1, description="How often all processes together call an authority in five minutes at most."
    )
    authority_contact: str | None = Field(
        default=None,
        description="An e-mail address that the authorities are told, in the User-Agent, and harvesters, at `/oai`.",
    )
    oai_repository: str | None = Field(
        default=None,
        description="The domain name in the identifiers of records at `/oai`; left out, the host of `CORA_PUBLIC_URL`.",
    )

    @field_validator("oai_repository")
    @classmethod
    def _as_host(cls, name: str | None) -> str | None:
        """A host as it stands in identifiers, which are told apart by case."""
        if not name:
            return None
        if not _HOST.fullmatch(name):
            raise ValueError("must be a domain name alone, such as cora.example.org")
        return name.lower()

    @property
    def landing_url(self) -> str:
        """What landing pages start with, without a slash at the end."""
        return str(self.public_url or self.address).rstrip("/")

    @property
    def address(self) -> str:
        """Where the server listens, as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"
