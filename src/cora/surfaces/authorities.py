"""The authorities that the settings name: wholly, or the server does not start."""

import ipaddress
import re

from pydantic import HttpUrl

from cora.equipment.ports.authorities import Authorities, DataciteAccount, HandleAccount, UnfitMinterError
from cora.settings import Settings

_DOI_PREFIX = re.compile(r"10\.[0-9]{4,9}(\.[0-9]+)*")
_HANDLE_PREFIX = re.compile(r"[0-9]+(\.[A-Za-z0-9]+)*")
_INDEXED_HANDLE = re.compile(r"[0-9]+:[^\s/]+/\S+")
_MAIL = re.compile(r"[^\s()<>@,;]+@[^\s()<>@,;]+")


def authorities_of(settings: Settings) -> Authorities:
    """Our accounts at the authorities. Raises `UnfitMinterError` that tells what is missing or wrong."""
    if settings.authority_contact and not _MAIL.fullmatch(settings.authority_contact):
        raise UnfitMinterError("CORA_AUTHORITY_CONTACT is not an e-mail address.")
    return Authorities(
        datacite=_datacite(settings),
        handle=_handle(settings),
        calls=settings.authority_calls,
        contact=settings.authority_contact or None,
    )


def _datacite(settings: Settings) -> DataciteAccount | None:
    repository, prefix = settings.datacite_repository, settings.datacite_prefix
    password, api_key = settings.datacite_password, settings.datacite_api_key
    if not (repository or prefix or password or api_key):
        return None
    if not repository or not prefix or not (password or api_key):
        _say_missing(
            "DataCite",
            CORA_DATACITE_REPOSITORY=bool(repository),
            CORA_DATACITE_PREFIX=bool(prefix),
            **{"CORA_DATACITE_PASSWORD (or CORA_DATACITE_API_KEY)": bool(password or api_key)},
        )
    if password and api_key:
        raise UnfitMinterError("Set CORA_DATACITE_PASSWORD or CORA_DATACITE_API_KEY, not both.")
    return DataciteAccount(
        url=_url("CORA_DATACITE_URL", settings.datacite_url),
        repository=_fits("CORA_DATACITE_REPOSITORY", repository, re.compile(r"[^\s:]+"), "FACILITY.CORA"),
        prefix=_fits("CORA_DATACITE_PREFIX", prefix, _DOI_PREFIX, "10.82433"),
        password=password or None,
        api_key=api_key or None,
    )


def _handle(settings: Settings) -> HandleAccount | None:
    url, prefix, user, secret = (
        settings.handle_url,
        settings.handle_prefix,
        settings.handle_user,
        settings.handle_secret,
    )
    certificate = settings.handle_certificate
    if not (url or prefix or user or secret or certificate):
        return None
    if url is None or not prefix or not (certificate or (user and secret)):
        _say_missing(
            "the Handle server",
            CORA_HANDLE_URL=url is not None,
            CORA_HANDLE_PREFIX=bool(prefix),
            **{
                "CORA_HANDLE_USER (or CORA_HANDLE_CERTIFICATE)": bool(user or certificate),
                "CORA_HANDLE_SECRET": bool(secret or certificate),
            },
        )
    if certificate and (user or secret):
        raise UnfitMinterError("Set CORA_HANDLE_USER and CORA_HANDLE_SECRET, or CORA_HANDLE_CERTIFICATE, not both.")
    if settings.handle_api == "epic" and certificate:
        raise UnfitMinterError("ePIC takes no client certificate; set CORA_HANDLE_USER and CORA_HANDLE_SECRET.")
    if settings.handle_api == "handle" and user:
        _fits("CORA_HANDLE_USER", user, _INDEXED_HANDLE, "300:21.T11998/CORA")
    if settings.handle_admin:
        _fits("CORA_HANDLE_ADMIN", settings.handle_admin, _INDEXED_HANDLE, "200:0.NA/21.T11998")
    return HandleAccount(
        url=_url("CORA_HANDLE_URL", url),
        prefix=_fits("CORA_HANDLE_PREFIX", prefix, _HANDLE_PREFIX, "21.T11998"),
        api=settings.handle_api,
        user=user or None,
        secret=secret or None,
        certificate=certificate,
        certificate_key=settings.handle_certificate_key,
        admin=settings.handle_admin or None,
        pidinst_values=settings.handle_pidinst_values,
        pidinst_types=_types(settings.handle_pidinst_types),
    )


def _say_missing(whom: str, **given: bool) -> None:
    missing = ", ".join(name for name, is_given in given.items() if not is_given)
    raise UnfitMinterError(f"What is needed to register at {whom} is set in part; set {missing} as well, or nothing.")


def _fits(name: str, value: str | None, pattern: re.Pattern[str], example: str) -> str:
    if value is None or not pattern.fullmatch(value):
        raise UnfitMinterError(f"{name} does not look like {example}.")
    return value


def _url(name: str, url: HttpUrl | None) -> str:
    """The address, without a slash at the end. A secret is sent in plain text to this very machine only."""
    if url is None or url.username or url.password or url.query or url.fragment:
        raise UnfitMinterError(f"{name} must be an address alone: no user, no password, no query.")
    if url.scheme != "https" and not _is_loopback(url.host or ""):
        raise UnfitMinterError(f"{name} must begin with https://, as secrets are sent there.")
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _types(text: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in (text or "").split(","):
        name, equals, type = each.strip().partition("=")
        if each.strip() and not (equals and name and type):
            raise UnfitMinterError("CORA_HANDLE_PIDINST_TYPES does not look like Name=21.T11148/...,Model=....")
        if each.strip():
            found[name] = type
    return found
