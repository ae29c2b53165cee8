"""`serve_stdio` in a process of its own: `python mcp_stdio_server.py <database> <schema> <role>`."""

import asyncio
import subprocess
import sys
from typing import Any

from cora.equipment.wire import Deps, wire_equipment
from cora.kernel.errors import Refusal
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.slice import CommandSlice, HandlerSlice
from cora.log.store import PostgresLog
from cora.surfaces.mcp.stdio import serve_stdio


class NoisyKernel(Kernel):
    """Prints while it works, and starts others that do: nothing of that may reach the client."""

    async def command(self, declared: CommandSlice | HandlerSlice, command: Any, call: Call) -> Answer:
        print("noise of this process", flush=True)
        subprocess.run([sys.executable, "-c", "print('noise of a child')"], check=True)  # noqa: ASYNC221
        return await super().command(declared, command, call)


async def main(dsn: str, schema: str, label: str) -> int:
    """Serve until standard input ends; 1 when the principal is refused."""
    principal = ANONYMOUS if label == "anonymous" else Principal("tester", Role.named(label))
    log = await PostgresLog.open(dsn, schema)
    try:
        equipment = wire_equipment(Deps("https://cora.example", log.leases, log.contacts))
        await serve_stdio(NoisyKernel(log, equipment), log, equipment, principal)
    except Refusal as refusal:
        print(refusal.code(), file=sys.stderr)
        return 1
    finally:
        await log.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
