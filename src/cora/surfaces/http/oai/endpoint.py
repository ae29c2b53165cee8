"""Where the protocol is spoken: GET and POST at `/oai` (section 3.1.1), and the schema of our format beside it."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from cora.equipment.harvesting import Harvester
from cora.kernel.execute import Kernel
from cora.kernel.harvest import Harvest
from cora.surfaces.http.dispatch import Endpoint, Paths
from cora.surfaces.http.messages import Reply, Request
from cora.surfaces.http.oai.answering import Answering
from cora.surfaces.http.oai.formats import PIDINST_SCHEMA_PATH, pidinst_schema
from cora.surfaces.http.oai.site import Site

XML = b"text/xml; charset=utf-8"

_FORM = b"application/x-www-form-urlencoded"
_MOST_ARGUMENTS = 20
_UNREADABLE: Mapping[str, Sequence[str]] = {"verb": ()}


def add_oai(paths: Paths, kernel: Kernel, harvest: Harvest, site: Site) -> None:
    """Add the routes; they are for everybody."""
    answering = Answering(Harvester(kernel, harvest), site)

    async def answer(text: bytes) -> Reply:
        body = await answering.answer(_read(text))
        return Reply(200, body, XML, [(b"cache-control", b"no-cache")])

    async def asked_in_query(request: Request) -> Reply:
        return await answer(request.query_string)

    async def asked_in_body(request: Request) -> Reply:
        body = await request.body()
        sent_as = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        # A body of another type asks nothing, and a verb is missed.
        return await answer(b"&".join(filter(None, (request.query_string, body if sent_as == _FORM else b""))))

    async def schema(_request: Request) -> Reply:
        return Reply(200, pidinst_schema(), XML, [(b"cache-control", b"public, max-age=86400")])

    paths.add("GET", "/oai", Endpoint(asked_in_query))
    paths.add("POST", "/oai", Endpoint(asked_in_body))
    paths.add("GET", PIDINST_SCHEMA_PATH, Endpoint(schema))


def _read(text: bytes) -> Mapping[str, Sequence[str]]:
    try:
        # A character that stands for what is no UTF-8 is in no legal argument.
        pairs = parse_qsl(text.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_MOST_ARGUMENTS)
    except ValueError:
        # Too many of them: no verb can be told from it.
        return _UNREADABLE
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
