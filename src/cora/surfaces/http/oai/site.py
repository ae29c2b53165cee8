"""This server as harvesters see it: where it is, how it names its records, and whom to write to."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

# What the schemas of the protocol take for a domain and for an e-mail address.
_DOMAIN = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*)+")
_MAIL = re.compile(r"\S+@(\S+\.)+\S+")
_NOT_IN_HOST = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Site:
    """`public_url` is without a slash at the end; `contact` is an e-mail address, `symbol` the account at DataCite.
    `named` is what the repository is called in identifiers, where that is not the host of the public address.
    """

    public_url: str
    contact: str | None = None
    symbol: str | None = None
    named: str | None = None

    @property
    def base_url(self) -> str:
        """Where the protocol is spoken."""
        return f"{self.public_url}/oai"

    @property
    def host(self) -> str:
        """The host of the public address, of such characters as may stand in identifiers."""
        return _NOT_IN_HOST.sub("-", urlsplit(self.public_url).hostname or "").strip("-") or "localhost"

    @property
    def repository(self) -> str:
        """The repository identifier, which stands in the identifiers of all records."""
        return self.named or self.host

    @property
    def has_domain(self) -> bool:
        """Whether the repository identifier is one that the guidelines for `oai-identifier` take."""
        return _DOMAIN.fullmatch(self.repository) is not None

    @property
    def name(self) -> str:
        """What the repository is called."""
        return f"Instruments at {self.host}"

    @property
    def admin_email(self) -> str:
        """Whom to write to: nobody, where no address is set."""
        if self.contact is not None and _MAIL.fullmatch(self.contact):
            return self.contact
        return f"noreply@{self.host}" if "." in self.host else f"noreply@{self.host}.invalid"

    def identifier(self, id: UUID) -> str:
        """The identifier of a record in the protocol; none that resolves."""
        return f"oai:{self.repository}:{id}"

    def id_of(self, identifier: str) -> UUID | None:
        """The record of an identifier; None for one that is not of here."""
        try:
            id = UUID(identifier.rpartition(":")[2])
        except ValueError:
            return None
        return id if self.identifier(id) == identifier else None
