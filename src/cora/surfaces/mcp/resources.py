"""Records as resources: `cora://assets/{id}`, and by what people call them. Each is whole, with what is beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from mcp_types import ResourceTemplate

from cora.kernel.errors import NotFoundError
from cora.kernel.execute import Kernel
from cora.kernel.reader import Reader
from cora.kernel.requests import require_fit
from cora.kernel.showing import Envelope, NaturalKey, View, locate, show
from cora.surfaces.mcp.describe import Views, words

SCHEME = "cora://"
MEDIA_TYPE = "application/json"


@dataclass(eq=False)
class ResourceNotFoundError(NotFoundError):
    """There is no such resource."""

    says = "There is no resource {id}; resources/templates/list shows how their addresses are formed."


@dataclass(frozen=True)
class Resources:
    """The records that can be read as resources."""

    kernel: Kernel
    views: Views

    def templates(self) -> list[ResourceTemplate]:
        """How the addresses of all resources are formed."""
        return [template for view in self.views for template in _templates(view)]

    async def read(self, uri: str) -> str:
        """A record with what is beside it, as JSON text. Raises the `Refusal` it meets."""
        require_fit(uri)
        view, key, name = self._named(uri)

        async def ask(read: Reader) -> Envelope:
            id = await locate(view.aggregate, key, name, "uri", read)
            return await show(view.aggregate, id, read, view.beside)

        return (await self.kernel.see(ask)).body

    def _named(self, uri: str) -> tuple[View[Any], NaturalKey | None, str]:
        """The kind of the record, by what it is named (None: by its id), and its name."""
        scheme, _, path = uri.partition("//")
        collection, _, name = unquote(path).partition("/")
        for view in self.views:
            if scheme + "//" != SCHEME or view.aggregate.collection != collection:
                continue
            if view.key is not None and name.startswith(by := _by(view.key)):
                return view, view.key, name.removeprefix(by)
            if _is_id(name):
                return view, None, name
        raise ResourceNotFoundError(uri)


def _templates(view: View[Any]) -> Iterator[ResourceTemplate]:
    aggregate, kind = view.aggregate, words(view.aggregate.kind)
    yield ResourceTemplate(
        name=aggregate.kind,
        uri_template=f"{SCHEME}{aggregate.collection}/{{id}}",
        description=f"One {kind} with what is beside it.",
        mime_type=MEDIA_TYPE,
    )
    if view.key is not None:
        # With a plus, slashes stay as they are.
        name = f"{{{'+' if view.key.has_slashes else ''}{view.key.name}}}"
        yield ResourceTemplate(
            name=f"{aggregate.kind}_by_{view.key.name}",
            uri_template=f"{SCHEME}{aggregate.collection}/{_by(view.key)}{name}",
            description=f"One {kind} by its {words(view.key.name)}, with what is beside it.",
            mime_type=MEDIA_TYPE,
        )


def _by(key: NaturalKey) -> str:
    return f"by-{key.name.replace('_', '-')}/"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
