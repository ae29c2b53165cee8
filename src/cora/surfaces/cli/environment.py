"""Environment variables that look like settings of cora and are none: misspelled, nobody would ever notice them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

import typer
from typer.core import TyperGroup

from cora.settings import Settings

PREFIX = "CORA_"
OF_TESTS = ("CORA_TEST", "CORA_MODEL_", "CORA_WRITE_")
"""What names of variables begin with that only the tests of cora read."""


def known_names(app: typer.Typer) -> set[str]:
    """The names of all settings, and of the variables that options of commands read."""
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    waiting = [typer.main.get_command(app)]
    while waiting:
        each = waiting.pop()
        for parameter in each.params:
            given = parameter.envvar
            names.update([given] if isinstance(given, str) else given or ())
        if isinstance(each, TyperGroup):
            waiting += each.commands.values()
    return names


def unknown(environment: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The variables that are settings by their prefix and that nothing reads, each with the nearest name that is."""
    names = {name.removeprefix(PREFIX): name for name in sorted(known)}
    for name in sorted(environment):
        wanted = name.upper()
        own = wanted.removeprefix(PREFIX)
        if wanted.startswith(PREFIX) and own not in names and not wanted.startswith(OF_TESTS):
            near = get_close_matches(own, names, 1)
            yield name, names[near[0]] if near else None
