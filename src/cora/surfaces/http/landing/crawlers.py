"""What search engines ask for first: `robots.txt`, and `sitemap.xml` (sitemaps.org, protocol 0.9), an index of itself
in parts where it would be longer than the protocol allows."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC
from urllib.parse import urlsplit
from uuid import UUID

from cora.equipment.pidinst.derive import landing_page
from cora.equipment.ports.public_pages import PublicPage, PublicPages
from cora.kernel.errors import Violation
from cora.kernel.requests import invalid
from cora.surfaces.http.messages import Reply, Request

MOST_IN_ONE = 50_000
AT_ONCE = 1000
CACHED = (b"cache-control", b"public, max-age=600")

_BEGIN = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = b'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XML = b"application/xml"


def robots(public_url: str) -> bytes:
    """Who looks for pages finds them, and leaves the API alone."""
    below = urlsplit(public_url).path.rstrip("/")
    return (
        f"User-agent: *\nAllow: {below}/id/\nAllow: {below}/sitemap.xml\nAllow: {below}/$\nDisallow: {below}/\n\n"
        f"Sitemap: {public_url}/sitemap.xml\n"
    ).encode()


async def sitemap(request: Request, pages: PublicPages, public_url: str, most: int = MOST_IN_ONE) -> Reply:
    """All public landing pages, or the index of its parts, of which `from` asks for one."""
    asked = request.query().get("from")
    if asked is not None:
        return _reply(_urls(pages, _start(asked), most, public_url))
    starts = await pages.starts(most)
    if len(starts) > 1:
        return _reply(_index(starts, public_url))
    return _reply(_urls(pages, None, most, public_url))


def _start(asked: Sequence[str]) -> UUID:
    try:
        (text,) = asked
        return UUID(text)
    except ValueError:
        raise invalid([Violation("/from", "is not the start of a part of this sitemap")]) from None


def _reply(pieces: AsyncGenerator[bytes]) -> Reply:
    return Reply(200, b"", _XML, [CACHED], pieces)


async def _index(starts: Sequence[UUID], public_url: str) -> AsyncGenerator[bytes]:
    yield _BEGIN + b"<sitemapindex " + _NAMESPACE + b">\n"
    for start in starts:
        yield f"<sitemap><loc>{_escaped(public_url)}/sitemap.xml?from={start}</loc></sitemap>\n".encode()
    yield b"</sitemapindex>\n"


async def _urls(pages: PublicPages, start: UUID | None, most: int, public_url: str) -> AsyncGenerator[bytes]:
    yield _BEGIN + b"<urlset " + _NAMESPACE + b">\n"
    left = most
    after: UUID | None = None
    while left > 0:
        found = await pages.some(start, after, min(left, AT_ONCE))
        yield "".join(_url(each, public_url) for each in found).encode()
        if len(found) < min(left, AT_ONCE):
            break
        left -= len(found)
        after = found[-1][0]
    yield b"</urlset>\n"


def _url(page: PublicPage, public_url: str) -> str:
    _, subject_id, changed_at = page
    changed = ""
    if changed_at is not None:
        changed = f"<lastmod>{changed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</lastmod>"
    return f"<url><loc>{_escaped(landing_page(public_url, subject_id))}</loc>{changed}</url>\n"


def _escaped(url: str) -> str:
    return url.replace("&", "&amp;").replace("<", "&lt;")
