"""MCP over standard input and output, for a client that starts cora itself."""

from collections.abc import Awaitable, Callable

from mcp.server.stdio import stdio_server

from cora.equipment.wired import Equipment
from cora.kernel.documents import Documents
from cora.kernel.execute import Kernel
from cora.kernel.identity import new_id
from cora.kernel.principal import Principal, Role
from cora.surfaces.mcp.bounded import Caller
from cora.surfaces.mcp.resources import Resources
from cora.surfaces.mcp.server import Context, mcp_server
from cora.surfaces.mcp.tools import offered_tools


async def serve_stdio(
    kernel: Kernel, documents: Documents, equipment: Equipment, identify: Callable[[], Awaitable[Principal]]
) -> None:
    """Serve one client until it closes standard input.

    `identify` tells whom it acts as. It is asked for every message: a token
    may be revoked while the client goes on. Standard output carries the
    protocol and nothing else: while serving, what is printed otherwise goes
    to standard error. Raises `UnauthenticatedError` for the anonymous principal.
    """
    (await identify()).require(Role.READER)
    tools = offered_tools(kernel, documents, equipment.slices, equipment.views, equipment.doi_minter.schemes)

    async def caller_of(_context: Context) -> Caller:
        return Caller(await identify(), new_id().hex)

    server = mcp_server(tools, Resources(kernel, equipment.views), caller_of)
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())
