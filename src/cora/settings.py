"""What a cora process is set to: environment variables with the prefix CORA_."""

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment; options of the command line come before it."""

    model_config = SettingsConfigDict(env_prefix="CORA_", extra="ignore")

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

    @property
    def landing_url(self) -> str:
        """What landing pages start with, without a slash at the end."""
        return str(self.public_url or self.address).rstrip("/")

    @property
    def address(self) -> str:
        """Where the server listens, as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"
