"""The few pages for people beside the landing pages: what this is, and the API page."""

import json
from collections.abc import Awaitable, Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import structlog

from cora.surfaces.http.dispatch import Endpoint, Paths
from cora.surfaces.http.landing.markup import HTML, SECURITY, document
from cora.surfaces.http.messages import Reply, Request, json_reply
from cora.surfaces.http.older_openapi import as_openapi_3_0

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


def add_pages(paths: Paths, describe: Describe, is_ready: IsReady, *, is_harvested: bool) -> None:
    """Add the start page, the API page with its parts, and the two checks for operators.

    The start page tells of `/oai` where it `is_harvested`.
    """

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
    paths.add("GET", "/", _constant(_start_page(is_harvested), HTML, SECURITY))
    paths.add("GET", "/docs", _constant(_DOCS_PAGE, HTML, _DOCS_SECURITY))
    paths.add("GET", "/docs/start.js", _constant(_DOCS_START, b"text/javascript; charset=utf-8"))
    paths.add("GET", "/docs/openapi-3.0.json", Endpoint(older_openapi))
    for name, media_type in _DOCS_ASSETS.items():
        paths.add("GET", f"/docs/{name}", Endpoint(_docs_asset(name, media_type)))


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


def _start_page(is_harvested: bool) -> bytes:
    harvest = '<li><a href="/oai?verb=Identify">Their records for harvesters (OAI-PMH 2.0)</a></li>\n'
    return document(
        "cora",
        "<h1>cora</h1>\n"
        "<p>The equipment record of a research facility: which instruments exist, what they are made of, where they "
        "are bolted, in what state they are, who owns them, and under which persistent identifier they can be "
        "cited.</p>\n"
        "<ul>\n"
        '<li><a href="/docs">The API, to read and to try</a></li>\n'
        '<li><a href="/openapi.json">Its description (OpenAPI 3.1)</a></li>\n'
        "<li><code>/mcp</code>: the same commands and questions as tools for agents (MCP)</li>\n"
        '<li><a href="/sitemap.xml">The pages of all instruments that can be cited</a></li>\n'
        f"{harvest if is_harvested else ''}"
        '<li><a href="/readyz">Whether the database is reachable and migrated</a></li>\n'
        "</ul>\n"
        "<p>Records are read with a token: <code>Authorization: Bearer &lt;token&gt;</code>. The records of "
        "instruments that have a persistent identifier are open to everybody.</p>",
    )
