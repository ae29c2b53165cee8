"""The forms of a PIDINST record by content negotiation: at its landing page, and where the API tells the record.

Each form has a URL of its own, the route of the slice `get_pidinst_form`. Where
a client likes a form better than what a route gives by itself, it gets that
form, with its own URL in `Content-Location`.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from cora.equipment.pidinst.forms import FORMS
from cora.equipment.pidinst.record import PidinstRecord
from cora.kernel.slice import QuerySlice, Slice
from cora.surfaces.http.dispatch import Endpoint, Paths
from cora.surfaces.http.messages import JSON, Reply, Request

LANDING_PAGE = "/id/{record_id}"
FORM_OF_RECORD = f"{LANDING_PAGE}/{{form}}"

HTML = b"text/html"
VARY = (b"vary", b"Accept")

MEDIA_TYPES = tuple(media_type for form in FORMS for media_type in form.asked_for_as)
"""Those by which a form is asked for."""

_BY_MEDIA_TYPE = {media_type.encode("ascii"): form for form in FORMS for media_type in form.asked_for_as}

Render = Callable[[Request, str], Awaitable[Reply]]


def add_forms(paths: Paths, slices: Iterable[Slice]) -> None:
    """Let the landing pages and the records be negotiated. All these routes are there already."""
    form = paths.endpoint("GET", FORM_OF_RECORD)

    async def render(request: Request, name: str) -> Reply:
        return await form.handle(replace(request, values=(*request.values, name)))

    paths.wrap("GET", LANDING_PAGE, lambda page: _negotiated(page, (HTML,), render))
    for declared in slices:
        if isinstance(declared, QuerySlice) and declared.answer is PidinstRecord:
            paths.wrap("GET", declared.route.path, lambda record: _negotiated_record(record, render))


def _negotiated_record(record: Endpoint, render: Render) -> Endpoint:
    async def render_if_told(request: Request, name: str) -> Reply:
        # It refuses what the form, which is about any record, would not.
        await record.handle(request)
        return await render(request, name)

    # Who asks for a page first has a browser, which shows JSON better than the XML it asks for next.
    return _negotiated(record, (JSON, HTML), render_if_told)


def _negotiated(own: Endpoint, own_types: tuple[bytes, ...], render: Render) -> Endpoint:
    """An endpoint that gives a form to those who like one better. Who takes nothing of all this gets what it gave."""
    offered = (*own_types, *(each for each in _BY_MEDIA_TYPE if each not in own_types))

    async def handle(request: Request) -> Reply:
        liked = request.preferred(*offered)
        if liked in own_types:
            reply = await own.handle(request)
        else:
            form = _BY_MEDIA_TYPE[liked]
            reply = await render(request, form.name)
            if reply.status == 200:
                reply.media_type = liked + (b"; charset=utf-8" if liked.startswith(b"text/") else b"")
                reply.headers.append((b"content-location", _place(request, form.name)))
        reply.headers.append(VARY)
        return reply

    return replace(own, handle=handle)


def _place(request: Request, name: str) -> bytes:
    """The URL of a form of the record that was asked for, of the same moment."""
    path = FORM_OF_RECORD.format(record_id=request.values[0], form=name).encode("ascii")
    return path + b"?" + request.query_string if request.query_string else path
