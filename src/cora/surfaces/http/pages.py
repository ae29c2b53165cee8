"""The few pages for people: what this is, the API page, and where an identifier leads."""

import json
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any
from uuid import UUID

import structlog

from cora.equipment.pidinst.record import PidinstRecord
from cora.kernel.errors import NotFoundError, UnauthenticatedError, UnknownPathError
from cora.kernel.execute import Kernel
from cora.kernel.principal import ANONYMOUS
from cora.kernel.slice import QuerySlice, Slice
from cora.surfaces.http.dispatch import Endpoint, Paths
from cora.surfaces.http.messages import Reply, Request, json_reply
from cora.surfaces.http.older_openapi import as_openapi_3_0

HTML = b"text/html; charset=utf-8"

_DOCS_ASSETS = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}
_DOCS_START = b"""SwaggerUIBundle({
  url: "/docs/openapi-3.0.json", dom_id: "#api", deepLinking: true, docExpansion: "none",
  persistAuthorization: false, presets: [SwaggerUIBundle.presets.apis]
});
"""
_DOCS_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>cora: API</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</body></html>
"""
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a}"
    "code{font-size:.95em}dt{font-weight:600;margin-top:.8rem}dd{margin:0;white-space:pre-line}"
    ".notice{border:2px solid #b35900;padding:.6rem .9rem;margin:1.2rem 0}"
)
_SECURITY = [
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
# The API page sets styles from its script.
_DOCS_SECURITY = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"connect-src 'self'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
]

_logger: Any = structlog.get_logger("cora.http")

Describe = Callable[[], dict[str, Any]]
IsReady = Callable[[], Awaitable[bool]]


def add_pages(paths: Paths, kernel: Kernel, slices: Iterable[Slice], describe: Describe, is_ready: IsReady) -> None:
    """Add the start page, the API page with its parts, the landing pages, and the two checks for operators."""

    # Made when it is first asked for: it is large, and most processes never show it.
    @cache
    def description() -> bytes:
        return json.dumps(describe()).encode()

    @cache
    def older_description() -> bytes:
        return json.dumps(as_openapi_3_0(describe())).encode()

    async def openapi(_request: Request) -> Reply:
        return Reply(200, description())

    async def older_openapi(_request: Request) -> Reply:
        return Reply(200, older_description())

    async def ready(_request: Request) -> Reply:
        try:
            is_it = await is_ready()
        except Exception:
            # Whatever keeps the check from being made: nobody should be sent here now.
            _logger.warning("not ready", exc_info=True)
            is_it = False
        return json_reply({"ready": is_it}, 200 if is_it else 503)

    paths.add("GET", "/openapi.json", Endpoint(openapi))
    paths.add("GET", "/healthz", _constant(b'{"alive":true}', asks_nobody=True))
    paths.add("GET", "/readyz", Endpoint(ready, asks_nobody=True))
    paths.add("GET", "/", _constant(_start_page().encode(), HTML, _SECURITY))
    paths.add("GET", "/docs", _constant(_DOCS_PAGE, HTML, _DOCS_SECURITY))
    paths.add("GET", "/docs/start.js", _constant(_DOCS_START, b"text/javascript; charset=utf-8"))
    paths.add("GET", "/docs/openapi-3.0.json", Endpoint(older_openapi))
    for name, media_type in _DOCS_ASSETS.items():
        paths.add("GET", f"/docs/{name}", Endpoint(_docs_asset(name, media_type)))
    records = [each for each in slices if isinstance(each, QuerySlice) and each.answer is PidinstRecord]
    paths.add("GET", "/id/{record_id}", Endpoint(_landing_page(kernel, records)))


def _constant(
    body: bytes, media_type: bytes = b"application/json", headers: Any = (), *, asks_nobody: bool = False
) -> Endpoint:
    async def handle(_request: Request) -> Reply:
        return Reply(200, body, media_type, list(headers))

    return Endpoint(handle, asks_nobody=asks_nobody)


def _docs_asset(name: str, media_type: bytes) -> Callable[[Request], Awaitable[Reply]]:
    async def handle(_request: Request) -> Reply:
        return Reply(200, _read_asset(name), media_type, [(b"cache-control", b"public, max-age=86400")])

    return handle


@cache
def _read_asset(name: str) -> bytes:
    return (_swagger_ui() / name).read_bytes()


@cache
def _swagger_ui() -> Traversable:
    vendored = files("swagger_ui_bundle") / "vendor"
    return max(vendored.iterdir(), key=lambda version: version.name)


def _landing_page(kernel: Kernel, records: list[QuerySlice]) -> Callable[[Request], Awaitable[Reply]]:
    async def handle(request: Request) -> Reply:
        try:
            id = UUID(request.values[0])
        except ValueError:
            raise UnknownPathError(request.path) from None
        for declared in records:
            (name,) = declared.route.path_fields
            query = declared.request.model_validate({name: id})
            # Asked as by anybody, so that only what has an identifier is shown.
            try:
                record = await kernel.query(declared, query, ANONYMOUS)
            except (UnauthenticatedError, NotFoundError):
                continue
            link = declared.route.path.replace(f"{{{name}}}", str(id))
            return Reply(200, _record_page(record, link).encode(), HTML, [*_SECURITY])
        raise UnknownPathError(request.path)

    return handle


def _page(title: str, content: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body>\n{content}\n</body></html>\n"
    )


def _start_page() -> str:
    return _page(
        "cora",
        "<h1>cora</h1>\n"
        "<p>The equipment record of a research facility: which instruments exist, what they are made of, where they "
        "are bolted, in what state they are, who owns them, and under which persistent identifier they can be "
        "cited.</p>\n"
        "<ul>\n"
        '<li><a href="/docs">The API, to read and to try</a></li>\n'
        '<li><a href="/openapi.json">Its description (OpenAPI 3.1)</a></li>\n'
        "<li><code>/mcp</code>: the same commands and questions as tools for agents (MCP)</li>\n"
        '<li><a href="/readyz">Whether the database is reachable and migrated</a></li>\n'
        "</ul>\n"
        "<p>Records are read with a token: <code>Authorization: Bearer &lt;token&gt;</code>. The records of "
        "instruments that have a persistent identifier are open to everybody.</p>",
    )


def _record_page(record: PidinstRecord, link: str) -> str:
    shown = [
        ("Identifier", f"{record.identifier.identifier} ({record.identifier.identifier_type})"),
        ("Owner", ", ".join(owner.owner_name for owner in record.owners)),
        ("Manufacturer", ", ".join(maker.manufacturer_name for maker in record.manufacturers)),
        ("Model", record.model.model_name if record.model else ""),
        ("Instrument type", ", ".join(each.instrument_type_name for each in record.instrument_types)),
        ("Description", record.description or ""),
        *((date.date_type, date.date) for date in record.dates),
    ]
    notice = (
        '<p class="notice">This shows a test identifier, made for trying things out. It resolves nowhere and must not '
        "be cited.</p>\n"
        if record.test
        else ""
    )
    facts = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in shown if text)
    return _page(
        record.name,
        f"<h1>{escape(record.name)}</h1>\n{notice}<dl>\n{facts}\n</dl>\n"
        f'<p><a href="{escape(link)}">The PIDINST record (JSON)</a></p>',
    )
