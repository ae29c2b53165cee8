"""The HTTP surface of a wired context, as one FastAPI application."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from cora.equipment.ports.public_pages import NoPublicPages, PublicPages
from cora.equipment.wired import Equipment
from cora.kernel.documents import Documents
from cora.kernel.errors import MethodNotAllowedError, Refusal, UnknownPathError
from cora.kernel.execute import Kernel
from cora.kernel.harvest import Harvest
from cora.kernel.history import history_slices
from cora.kernel.principal import Role
from cora.kernel.tokens import Tokens
from cora.surfaces.http.dispatch import Paths
from cora.surfaces.http.endpoints import add_records, add_slices
from cora.surfaces.http.forms import add_forms
from cora.surfaces.http.labels import add_labels
from cora.surfaces.http.landing.endpoints import Landing, add_landing_pages
from cora.surfaces.http.messages import problem_reply
from cora.surfaces.http.oai.endpoint import add_oai
from cora.surfaces.http.oai.site import Site
from cora.surfaces.http.openapi import TITLE, openapi_document
from cora.surfaces.http.pages import add_pages
from cora.surfaces.http.surface import Surface

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


async def _always() -> bool:
    return True


@dataclass(frozen=True)
class HttpSettings:
    """What the server gives the surface beside the context.

    `is_ready` tells `/readyz` whether the database is reachable and migrated. `within` are further applications by
    their exact path, such as `/mcp`; they find `principal` and `request_id` in `scope["state"]`. `allow` is the least
    role of those that are not for everybody. `lifespan` is run around the serving. `pages` are those that search
    engines are told of. `harvest` is what harvesters walk along; without it there is no `/oai`. They are told to write
    to `contact`, and of the account `symbol` at DataCite; `oai_repository` stands in the identifiers of their records,
    in place of the public host.
    """

    is_ready: Callable[[], Awaitable[bool]] = _always
    within: Mapping[str, ASGIApp] = field(default_factory=dict[str, ASGIApp])
    allow: Mapping[str, Role] = field(default_factory=dict[str, Role])
    pages: PublicPages = field(default_factory=NoPublicPages)
    lifespan: Lifespan | None = None
    harvest: Harvest | None = None
    contact: str | None = None
    symbol: str | None = None
    oai_repository: str | None = None


def create_app(
    kernel: Kernel,
    documents: Documents,
    tokens: Tokens,
    equipment: Equipment,
    settings: HttpSettings | None = None,
) -> FastAPI:
    """The application; `app.state.equipment` is the wired context with its minter.

    FastAPI is the shell: the routes of the slices are answered before it, so that the way of a request is short.
    """
    settings = settings or HttpSettings()

    @cache
    def description() -> dict[str, Any]:
        return openapi_document(equipment.slices, equipment.views)

    paths = Paths()
    add_slices(paths, (*equipment.slices, *history_slices(equipment.views)), kernel)
    add_records(paths, equipment.views, kernel, documents)
    add_pages(paths, description, settings.is_ready, is_harvested=settings.harvest is not None)
    add_landing_pages(paths, Landing(kernel, equipment, settings.pages))
    add_forms(paths, equipment.slices)
    add_labels(paths, kernel)
    if settings.harvest is not None:
        site = Site(equipment.public_url, settings.contact, settings.symbol, settings.oai_repository)
        add_oai(paths, kernel, settings.harvest, site)
    app = FastAPI(
        title=TITLE,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=settings.lifespan,
        middleware=[Middleware(Surface, paths=paths, tokens=tokens, allow=settings.allow)],
        exception_handlers={HTTPException: _not_here},
    )
    for path, application in settings.within.items():
        app.router.routes.append(Route(path, application))
    app.openapi = description
    app.state.equipment = equipment
    return app


async def _not_here(request: StarletteRequest, error: Exception) -> Response:
    """A path that nobody has, as a problem."""
    path: str = request.scope["path"]
    refusal: Refusal = UnknownPathError(path)
    if isinstance(error, HTTPException) and error.status_code == 405:
        refusal = MethodNotAllowedError(path, request.method, (error.headers or {}).get("Allow", ""))
    reply = problem_reply(refusal, request.state.request_id)
    headers = {name.decode(): value.decode("latin-1") for name, value in reply.headers}
    return Response(reply.body, reply.status, headers, reply.media_type.decode())
