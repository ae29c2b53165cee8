"""A tool as the server offers it."""

from dataclasses import dataclass

from mcp_types import Tool

from cora.kernel.principal import Role
from cora.surfaces.mcp.bounded import Run


@dataclass(frozen=True)
class Offered:
    """A tool, the least role it is offered to, and what it does. `hint` says how to ask for what an answer that was too
    long left out."""

    tool: Tool
    allow: Role
    run: Run
    hint: str = ""
