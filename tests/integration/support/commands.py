"""`cora` commands as processes of their own, forked from one that has everything imported: `python commands.py`.

A command starts in a fraction of the time that Python takes to import what it
needs. Otherwise it is what the shell would start: a process with arguments,
environment, exit code and standard output of its own, that can be killed.
The forge takes orders on standard input, a line of JSON each, and answers with one.
"""

import atexit
import gc
import json
import os
import select
import subprocess
import sys
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from signal import SIGKILL, Signals
from tempfile import TemporaryDirectory
from typing import Any


@dataclass(frozen=True)
class Ended:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


class Command:
    """A command that was started."""

    def __init__(self, forge: "Forge", pid: int, streams: Sequence[Path]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._forge = forge
        self._ends = os.pidfd_open(pid)
        self._streams = streams

    def poll(self, seconds: float = 0.0) -> int | None:
        """Its exit code, negative for the signal that killed it; None while it runs, waited for this long."""
        if self.returncode is None and select.select([self._ends], [], [], seconds)[0]:
            self.returncode = self._forge.order(reap=self.pid)
            os.close(self._ends)
        return self.returncode

    def wait(self, seconds: float = 120.0) -> Ended:
        """What it has written when it ended. Raises `TimeoutError`."""
        code = self.poll(seconds)
        if code is None:
            raise TimeoutError(f"the command with pid {self.pid} does not end")
        out, err = (stream.read_text() for stream in self._streams)
        return Ended(code, out, err)

    def send(self, number: Signals) -> None:
        """Send a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Forge:
    """Starts commands."""

    def __init__(self, process: "subprocess.Popen[str]", directory: Path) -> None:
        self._process = process
        self._directory = directory
        self._started = 0

    def start(self, arguments: Sequence[str | Path], environment: Mapping[str, str]) -> Command:
        """Start a command with this environment and no other. It has nothing to read on standard input."""
        self._started += 1
        streams = [self._directory / f"{self._started}.{name}" for name in ("out", "err")]
        words = [str(word) for word in arguments]
        order = {"run": words, "environment": dict(environment), "streams": [str(stream) for stream in streams]}
        return Command(self, self.order(**order), streams)

    def run(self, arguments: Sequence[str | Path], environment: Mapping[str, str]) -> Ended:
        """Run a command to its end."""
        return self.start(arguments, environment).wait()

    def order(self, **order: Any) -> int:
        """The answer to an order."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def forge() -> Generator[Forge]:
    """Ready to start commands. Those that still run are killed in the end."""
    pipe = subprocess.PIPE
    with (
        TemporaryDirectory(prefix="cora-commands-") as directory,
        subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True) as process,
    ):
        yield Forge(process, Path(directory))


def fork(order: dict[str, Any]) -> int:
    """The process of a new command."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in zip((1, 2), order["streams"], strict=True):
            os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), number)
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = ["cora", *order["run"]]
        import_module("cora.surfaces.cli.main").main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Take orders until standard input ends."""
    for module in ("cora.surfaces.cli.main", "cora.surfaces.cli.serving", "cora.surfaces.cli.call", "uvloop"):
        import_module(module)
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    running: set[int] = set()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            if "run" in order:
                answer = fork(order)
                running.add(answer)
            else:
                _, status = os.waitpid(order["reap"], 0)
                answer = os.waitstatus_to_exitcode(status)
                running.remove(order["reap"])
            print(answer, file=answers, flush=True)
    finally:
        for pid in running:
            os.kill(pid, SIGKILL)


if __name__ == "__main__":
    main()
