"""The authorities that are set up, opened with the process and closed with it."""

import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import quote

import httpx

from cora.equipment.adapters.authority_web import PAUSES, basic, opened_client
from cora.equipment.adapters.budget import CallBudget
from cora.equipment.adapters.by_scheme import BySchemeMinter
from cora.equipment.adapters.datacite import Datacite, Describe
from cora.equipment.adapters.epic import EpicServer
from cora.equipment.adapters.handle import HandleServer
from cora.equipment.adapters.stub_doi_minter import StubDoiMinter
from cora.equipment.ports.authorities import Authorities, DataciteAccount, HandleAccount, UnfitMinterError
from cora.equipment.ports.calls import Calls
from cora.equipment.ports.doi_minter import DoiMinter, Minters
from cora.equipment.values import IdentifierScheme


@asynccontextmanager
async def opened_authorities(authorities: Authorities, calls: Calls, describe: Describe) -> AsyncGenerator[Minters]:
    """All authorities as one minter, once for those who wait and once for work in bulk; the stub, which is for trying
    things out, where none is set up.

    Each authority has a budget of its own; `calls` counts those of all processes. Raises `UnfitMinterError` for a
    client certificate that cannot be used.
    """
    async with (
        _opened_all(authorities, calls, describe) as for_people,
        _opened_all(authorities.in_bulk(), calls, describe) as in_bulk,
    ):
        if for_people:
            yield Minters(BySchemeMinter(for_people), BySchemeMinter(in_bulk))
        else:
            stub = StubDoiMinter()
            yield Minters(stub, stub)


@asynccontextmanager
async def _opened_all(
    authorities: Authorities, calls: Calls, describe: Describe
) -> AsyncGenerator[dict[str, DoiMinter]]:
    found: dict[str, DoiMinter] = {}
    async with AsyncExitStack() as stack:
        if authorities.datacite is not None:
            opened = opened_datacite(authorities.datacite, authorities, calls, describe)
            found[IdentifierScheme.DOI] = await stack.enter_async_context(opened)
        if authorities.handle is not None:
            found[IdentifierScheme.HANDLE] = await stack.enter_async_context(
                opened_handle(authorities.handle, authorities, calls)
            )
        yield found


@asynccontextmanager
async def opened_datacite(
    account: DataciteAccount,
    authorities: Authorities,
    calls: Calls,
    describe: Describe,
    *,
    pauses: Sequence[float] = PAUSES,
) -> AsyncGenerator[Datacite]:
    """DataCite, for as long as it is used."""
    secret = account.password or account.api_key
    auth, secrets = basic(account.repository, secret.get_secret_value()) if secret else (None, ())
    async with opened_client(account.url, contact=authorities.contact, auth=auth) as client:
        budget = CallBudget(calls, account.url, authorities.calls)
        yield Datacite(account, client, budget, describe, secrets=secrets, pauses=pauses)


@asynccontextmanager
async def opened_handle(
    account: HandleAccount, authorities: Authorities, calls: Calls, *, pauses: Sequence[float] = PAUSES
) -> AsyncGenerator[HandleServer | EpicServer]:
    """A Handle server, for as long as it is used."""
    auth: httpx.Auth | None = None
    secrets: tuple[str, ...] = ()
    tls = None
    headers: dict[str, str] = {}
    if account.certificate is not None:
        tls = ssl.create_default_context()
        try:
            tls.load_cert_chain(account.certificate, account.certificate_key)
        except OSError as error:
            raise UnfitMinterError(f"CORA_HANDLE_CERTIFICATE cannot be used: {error}") from error
        headers["Authorization"] = 'Handle clientCert="true"'
    elif account.user is not None and account.secret is not None:
        # The colon of `index:handle` would end the user name (Handle.Net HTTP JSON API, 4.1 of the reference).
        user = quote(account.user, safe="/") if account.api == "handle" else account.user
        auth, secrets = basic(user, account.secret.get_secret_value())
    make = HandleServer if account.api == "handle" else EpicServer
    async with opened_client(account.url, contact=authorities.contact, auth=auth, headers=headers, tls=tls) as client:
        budget = CallBudget(calls, account.url, authorities.calls)
        yield make(account, client, budget, secrets=secrets, pauses=pauses)
