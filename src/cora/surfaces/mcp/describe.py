"""What an agent is told of a tool: when to use it, what can go wrong, and what it does to the world."""

from collections.abc import Iterable
from typing import Any

from mcp_types import ToolAnnotations

from cora.kernel.aggregate import Aggregate
from cora.kernel.batch import BatchSlice
from cora.kernel.documents import filter_names
from cora.kernel.errors import AuthorityError, Refusal
from cora.kernel.slice import CommandSlice, HandlerSlice, QuerySlice, Slice

INSTRUCTIONS = """\
cora is the equipment record of a research facility: which instruments exist, what they are made of, where they are
bolted, in what state they are, who owns them, and under which persistent identifier the world can cite them.

The usual order of work is register_asset, activate_asset, register_frame, register_mount, install_asset,
define_assembly, register_fixture, attach_asset_to_fixture, assign_fixture_persistent_id; and backwards
detach_asset_from_fixture, retire_fixture, uninstall_asset, decommission_asset, decommission_mount, decommission_frame.

Records are named by id. Find ids with the list_ tools, look at one record with the get_ tools.
A command changes nothing silently: it is recorded, or it is refused. A refusal is an error result with a stable `code`,
a `detail` that says what to do first, and the ids concerned. Repeating a command is a conflict unless its description
says otherwise; give an `idempotency_key` when an answer may get lost, and send the same call again.
With `dry_run` a command answers what it would record, and records nothing.
Several changes that belong together are one batch: all of them, or none.
An error with code ConcurrencyConflict or Overloaded is worth trying again.
"""

# By the first word of the name: what ends a record, or can never be taken back.
_DESTRUCTIVE = frozenset({"decommission", "deprecate", "retire", "erase", "assign", "record", "batch"})
# By the first word of the name: where equal is no change (domain.md).
_IDEMPOTENT = frozenset({"describe", "set", "update", "bind", "install"})


def title(name: str) -> str:
    """The name of a tool as words: `Activate asset`."""
    return name.replace("_", " ").capitalize().replace("pidinst", "PIDINST")


def slice_description(declared: Slice) -> str:
    """The words of the slice, who may use it, and every refusal it can meet besides those of any call."""
    lines = [declared.doc]
    if not isinstance(declared, QuerySlice):
        lines.append(f"Needs the role {declared.allow.label} or a higher one.")
    refusals = list(declared.refuses)
    if isinstance(declared, HandlerSlice) or (isinstance(declared, CommandSlice) and not declared.creates):
        refusals.insert(0, declared.on.not_found)
    return "\n\n".join([*lines, *_refusals(refusals)])


def get_description(aggregate: Aggregate[Any]) -> str:
    """What `get_<kind>` is for."""
    kind = words(aggregate.kind)
    text = (
        f"One {kind} by its id, as it is now: its state, its version (for if_match) and its times. "
        f"Use it before changing a record, and to follow an id found in another one."
    )
    return "\n\n".join([text, *_refusals([aggregate.not_found])])


def list_description(aggregate: Aggregate[Any]) -> str:
    """What `list_<collection>` is for."""
    collection = words(aggregate.collection)
    narrowed = f" Narrow it by {_and(filter_names(aggregate))}." if aggregate.filters else ""
    ordered = f" Order it by {_and(aggregate.sorts)}, with - before the name for descending." if aggregate.sorts else ""
    return (
        f"A page of {collection}, oldest first. Use it to find ids.{narrowed}{ordered} "
        "`next` is the cursor of the next page, null on the last one; a page may hold fewer than `limit`."
    )


def reading() -> ToolAnnotations:
    """The annotations of a tool that changes nothing."""
    return ToolAnnotations(read_only_hint=True, open_world_hint=False)


def annotations(declared: Slice) -> ToolAnnotations:
    """What a tool does to the world, for clients that ask people before they call it."""
    if isinstance(declared, QuerySlice):
        return reading()
    verb = declared.name.partition("_")[0]
    does = declared.commands.values() if isinstance(declared, BatchSlice) else [declared]
    return ToolAnnotations(
        read_only_hint=False,
        destructive_hint=verb in _DESTRUCTIVE,
        idempotent_hint=verb in _IDEMPOTENT,
        open_world_hint=any(issubclass(refusal, AuthorityError) for each in does for refusal in each.refuses),
    )


def words(name: str) -> str:
    """The name of a kind or a collection in a sentence: `persistent id`."""
    return name.replace("_", " ").replace("-", " ")


def _refusals(refusals: Iterable[type[Refusal]]) -> list[str]:
    lines = [f"- {refusal.code()} ({refusal.status}): {refusal.title()}" for refusal in dict.fromkeys(refusals)]
    return ["\n".join(["What can go wrong:", *lines])] if lines else []


def _and(names: Iterable[str]) -> str:
    *first, last = sorted(names)
    return f"{', '.join(first)} or {last}" if first else last
