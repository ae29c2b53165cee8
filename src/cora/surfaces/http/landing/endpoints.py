"""The endpoints of the landing pages: for people, for machines that follow links, and for search engines.

A landing page is the same for everybody, whoever asks: what has no public
identifier has none, also for those who may read its record.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from cora.equipment.landing.page import LandingPage
from cora.equipment.landing.read import Past, read_landing_page
from cora.equipment.pidinst.derive import landing_page as landing_page_url
from cora.equipment.pidinst.forms import FORMS
from cora.equipment.ports.public_pages import PublicPages
from cora.equipment.wired import Equipment
from cora.kernel.errors import InvalidRequestError, NotFoundError, UnknownPathError, Violation
from cora.kernel.execute import Kernel
from cora.kernel.reader import Reader
from cora.kernel.requests import invalid
from cora.kernel.when import When
from cora.surfaces.http.dispatch import Endpoint, Paths
from cora.surfaces.http.endpoints import asked_moment
from cora.surfaces.http.forms import FORM_OF_RECORD, LANDING_PAGE
from cora.surfaces.http.landing.crawlers import CACHED, robots, sitemap
from cora.surfaces.http.landing.markup import HTML, SECURITY, SECURITY_WITH_COPY
from cora.surfaces.http.landing.page import landing_page, missing_page, refused_page
from cora.surfaces.http.landing.signposting import LINKSET, LINKSET_NAME, header_of, header_of_form, linkset
from cora.surfaces.http.messages import Headers, Reply, Request

# Whoever withdraws an identifier sees it withdrawn a minute later at most, wherever the page was kept.
PUBLIC = (b"cache-control", b"public, max-age=60")

_NAMED = b"text/html"
_FORM_NAMES = frozenset(form.name for form in FORMS)


@dataclass(frozen=True)
class Landing:
    """What the endpoints are made from."""

    kernel: Kernel
    wired: Equipment
    pages: PublicPages


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it goes out."""

    body: bytes
    link: bytes
    tag: bytes


class ShownPages:
    """Pages as they were shown last: making one costs as much as reading what it tells, and mostly it is the same.

    What was made is used again only for equal content, so it is never stale.
    """

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._known: dict[UUID, tuple[LandingPage, Shown]] = {}

    def shown(self, page: LandingPage, when: When) -> Shown:
        """A page; those of the past are made each time."""
        known = self._known.get(page.id)
        if known is not None and when.is_now and known[0] == page:
            return known[1]
        body = landing_page(page, when)
        made = Shown(body, header_of(page, when), _tag(body))
        if when.is_now:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[page.id] = (page, made)
        return made


def add_landing_pages(paths: Paths, landing: Landing) -> None:
    """Add the landing pages with all that belongs to them. The forms are there already."""
    url = landing.wired.public_url
    pages = ShownPages()

    async def for_people(request: Request) -> Reply:
        try:
            page, when = await _read(request, landing)
        except (UnknownPathError, InvalidRequestError) as refusal:
            if not request.accepts(_NAMED):
                raise
            is_missing = isinstance(refusal, UnknownPathError)
            body = missing_page() if is_missing else refused_page(refusal.detail())
            return Reply(refusal.status, body, HTML, [*SECURITY])
        shown = pages.shown(page, when)
        return _kept(request, shown.body, shown.tag, HTML, [*SECURITY_WITH_COPY, (b"link", shown.link)])

    async def for_machines(request: Request) -> Reply:
        page, when = await _read(request, landing)
        body = linkset(page, when)
        return _kept(request, body, _tag(body), LINKSET.encode("ascii"), [])

    async def for_crawlers(_request: Request) -> Reply:
        return Reply(200, robots(url), b"text/plain; charset=utf-8", [CACHED])

    async def of_all(request: Request) -> Reply:
        return await sitemap(request, landing.pages, url)

    async def for_who_adds_a_slash(request: Request) -> Reply:
        query = b"?" + request.query_string if request.query_string else b""
        try:
            place = f"../{UUID(request.values[0])}".encode("ascii") + query
        except ValueError:
            return await for_people(request)
        return Reply(308, b"", headers=[(b"location", place)])

    paths.add("GET", LANDING_PAGE, Endpoint(for_people))
    paths.add("GET", f"{LANDING_PAGE}/", Endpoint(for_who_adds_a_slash))
    paths.add("GET", f"{LANDING_PAGE}/{LINKSET_NAME}", Endpoint(for_machines))
    paths.add("GET", "/robots.txt", Endpoint(for_crawlers))
    paths.add("GET", "/sitemap.xml", Endpoint(of_all))
    paths.wrap("GET", FORM_OF_RECORD, lambda form: replace(form, handle=_describing(form.handle, url)))


def _describing(
    handle: Callable[[Request], Awaitable[Reply]], public_url: str
) -> Callable[[Request], Awaitable[Reply]]:
    """A form that says which page it describes."""

    async def describing(request: Request) -> Reply:
        if request.values[1] not in _FORM_NAMES and request.accepts(_NAMED):
            return Reply(404, missing_page(), HTML, [*SECURITY])
        reply = await handle(request)
        if reply.status in (200, 304):
            # It answered, so this is the id of a record, and the moment can be read.
            page = landing_page_url(public_url, UUID(request.values[0]))
            reply.headers.append((b"link", header_of_form(page, asked_moment(request.query(), []))))
        return reply

    return describing


async def _read(request: Request, landing: Landing) -> tuple[LandingPage, When]:
    """The page that is asked for, and of which moment it is. Raises `UnknownPathError`."""
    try:
        id = UUID(request.values[0])
    except ValueError:
        raise UnknownPathError(request.path) from None
    errors: list[Violation] = []
    asked = request.query()
    when = asked_moment(asked, errors)
    if errors:
        raise invalid(errors)

    async def ask(read: Reader) -> LandingPage | None:
        return await read_landing_page(id, read, Past(landing.kernel.events, when), landing.wired)

    try:
        page = await landing.kernel.see(ask, when)
    except NotFoundError:
        page = None
    if page is None:
        raise UnknownPathError(request.path)
    return page, when


def _tag(body: bytes) -> bytes:
    return b'"%s"' % sha256(body).hexdigest()[:32].encode("ascii")


def _kept(request: Request, body: bytes, tag: bytes, media_type: bytes, headers: Headers) -> Reply:
    """An answer that may be kept for a while and is then asked for by its tag."""
    headers = [*headers, (b"etag", tag), PUBLIC]
    known = request.headers.get(b"if-none-match", b"").split(b",")
    if any(each.strip().removeprefix(b"W/") in (tag, b"*") for each in known):
        return Reply(304, b"", headers=headers)
    return Reply(200, body, media_type, headers)
