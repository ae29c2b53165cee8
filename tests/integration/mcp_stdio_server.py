"""`serve_stdio` in a process of its own: `python mcp_stdio_server.py <database> <directory> <role>`."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from cora.kernel.errors import Refusal
from cora.kernel.execute import Answer, Call, Kernel
from cora.kernel.principal import ANONYMOUS, Principal, Role
from cora.kernel.slice import CommandSlice, HandlerSlice
from cora.settings import Settings
from cora.surfaces.logging import configure_logging
from cora.surfaces.mcp.stdio import serve_stdio
from cora.surfaces.start import opened


class NoisyKernel(Kernel):
    """Prints while it works, and starts others that do: nothing of that may reach the client."""

    async def command(self, declared: CommandSlice | HandlerSlice, command: Any, call: Call) -> Answer:
        print("noise of this process", flush=True)
        subprocess.run([sys.executable, "-c", "print('noise of a child')"], check=True)  # noqa: ASYNC221
        return await super().command(declared, command, call)


async def main(dsn: str, directory: str, label: str) -> int:
    """Serve until standard input ends; 1 when the principal is refused. The role may be a token instead."""
    async with opened(Settings(data_dir=Path(directory)), dsn) as cora:
        kernel = NoisyKernel(cora.log, cora.equipment)

        async def identify() -> Principal:
            if label.startswith("cora_"):
                return await cora.tokens.authenticate(label) or ANONYMOUS
            return ANONYMOUS if label == "anonymous" else Principal("tester", Role.named(label))

        try:
            await serve_stdio(kernel, cora.log, cora.equipment, identify)
        except Refusal as refusal:
            print(refusal.code(), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    configure_logging("console")
    sys.exit(asyncio.run(main(*sys.argv[1:])))
