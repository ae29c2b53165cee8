"""What an agent is told of a tool: when to use it, what can go wrong, and what it does to the world."""

from collections.abc import Iterable, Sequence
from typing import Any

from mcp_types import Tool, ToolAnnotations

from cora.kernel.batch import BatchSlice
from cora.kernel.documents import filter_names
from cora.kernel.errors import AuthorityError, Refusal
from cora.kernel.showing import View
from cora.kernel.slice import ActSlice, CommandSlice, HandlerSlice, QuerySlice, SharedTool, Slice, refusals_of

Views = Sequence[View[Any]]
"""Kinds of records, as people see them."""

INSTRUCTIONS = """\
cora is the equipment record of a research facility: which instruments exist, what they are made of, where they are
bolted, in what state they are, who owns them, and under which persistent identifier the world can cite them.

The usual order of work is register_asset, activate_asset, register_frame, register_mount, install_asset,
define_assembly, register_fixture, attach_asset_to_fixture, assign_fixture_persistent_id; and backwards
detach_asset_from_fixture, retire_fixture, uninstall_asset, decommission_asset, decommission_mount, decommission_frame.

Reading takes few tools, each for all kinds of records. search finds records by words of theirs, find_by_identifier
leads from a serial number or DOI to its record, list finds records by what is known of them, get shows one with what
stands beside it, tree what stands below it, history what happened to it. All but search tell what was, with `as_of` or
`true_at`. get_moment tells what measured something, diff what changed, list_events what is new. Where a tool asks for a
record it takes its id, or what people call it: an asset is aps/2-BM/camera. Commands take ids only.
An answer that would be too long holds less: a page has fewer records than its `limit`, with `next` as the cursor of the
rest; otherwise it says `truncated`, and in `more` what is left out and how to ask for it. Records are also resources,
which are always whole: cora://assets/{id}.

A command changes nothing silently: it is recorded, or it is refused. A refusal is an error result with a stable `code`,
a `detail` that says what to do first, and the ids concerned. Repeating a command is a conflict unless its description
says otherwise; give an `idempotency_key` when an answer may get lost, and send the same call again.
With `dry_run` a command answers what it would record, and records nothing.
Several changes that belong together are one batch: all of them, or none.
An error with code ConcurrencyConflict or Overloaded is worth trying again.
"""


def tool_of(declared: Slice) -> str:
    """The name of the tool of a slice."""
    shared = declared.tool if isinstance(declared, QuerySlice) else None
    return shared.name if shared else declared.name


def title(name: str) -> str:
    """The name of a tool as words: `Activate asset`."""
    return name.replace("_", " ").capitalize().replace("pidinst", "PIDINST")


def slice_description(declared: Slice) -> str:
    """The words of the slice, who may use it, and every refusal it can meet besides those of any call."""
    lines = [declared.doc]
    if not isinstance(declared, QuerySlice):
        lines.append(f"Needs the role {declared.allow.label} or a higher one.")
    return "\n\n".join([*lines, *_refusals(refusals_of(declared))])


def shared_description(shared: SharedTool, slices: Sequence[QuerySlice]) -> str:
    """What a tool for several kinds asks, and every refusal it can meet."""
    refusals = [refusal for declared in slices for refusal in declared.refuses]
    return "\n\n".join([shared.doc, *_refusals(refusals)])


def get_description(views: Views) -> str:
    """What `get` is for."""
    text = (
        "One record, as it is or as it was: its state, its version (for if_match), its times, and beside it what "
        "people want to know with it, such as its path, where it is installed and its neighbours by name. Use it "
        "before changing a record, and to follow an id found in another one."
    )
    return "\n\n".join([text, *_refusals(view.aggregate.not_found for view in views)])


def list_description(views: Views) -> str:
    """What `list` is for, and by what each kind can be narrowed and ordered."""
    lines = [
        "A page of the records of a kind, oldest first, as they are or as they were. Use it to find records by what is "
        "known of them. `next` is the cursor of the next page, null on the last one; a page may hold fewer than "
        "`limit`. A time is narrowed by its two ends, such as registered_at_from and registered_at_to.",
        "The filters of each kind, and after a semicolon what it is sorted by:",
    ]
    for view in views:
        aggregate = view.aggregate
        narrowed = ", ".join(filter_names(aggregate)) or "none"
        lines.append(f"- {aggregate.kind}: {narrowed}; {', '.join(sorted(aggregate.sorts)) or 'none'}")
    trees = " and ".join(view.aggregate.kind for view in views if view.aggregate.tree)
    lines.append(f"`under` is for: {trees}. What can go wrong: InvalidRequest (422), which says what there is.")
    return "\n".join(lines)


def called(views: Views) -> str:
    """How a record of each kind is named in an argument."""
    by_key: dict[str, list[str]] = {}
    for view in views:
        if view.key is not None:
            by_key.setdefault(words(view.key.name), []).append(words(view.aggregate.kind))
    names = "; ".join(f"{key} ({', '.join(kinds)})" for key, kinds in by_key.items())
    return f"its id, or what people call it: {names}"


def reading() -> ToolAnnotations:
    """The annotations of a tool that changes nothing."""
    return ToolAnnotations(read_only_hint=True, open_world_hint=False)


def annotations(declared: Slice) -> ToolAnnotations:
    """What a tool does to the world, for clients that ask people before they call it."""
    if isinstance(declared, QuerySlice):
        return reading()
    does = declared.commands.values() if isinstance(declared, BatchSlice) else [declared]
    return ToolAnnotations(
        read_only_hint=False,
        destructive_hint=any(each.ends for each in does if isinstance(each, CommandSlice | HandlerSlice | ActSlice)),
        # Whether a repetition is refused, changes nothing or is recorded again is in the words of each.
        open_world_hint=any(issubclass(refusal, AuthorityError) for each in does for refusal in each.refuses),
    )


_LESS = {
    "limit": "a smaller `limit`",
    "depth": "a smaller `depth`, or for what stands `under` it with list",
    "fields": "only some `fields`",
    "expand": "less to `expand`",
    "beside": "`beside` false",
}
"""How the arguments that there are make an answer shorter."""


def how_to_ask_for_more(tool: Tool) -> str:
    """How to see what was left out of an answer that was too long."""
    if tool.annotations is None or not tool.annotations.read_only_hint:
        return "That is left out of this answer only; look at the records with get, list and history."
    takes = [said for name, said in _LESS.items() if name in tool.input_schema["properties"]]
    less = f"Ask again with {' or '.join(takes)}. " if takes else ""
    return f"{less}A whole record is a resource, such as cora://assets/{{id}}."


def words(name: str) -> str:
    """The name of a kind or a collection in a sentence: `persistent id`."""
    return name.replace("_", " ").replace("-", " ")


def _refusals(refusals: Iterable[type[Refusal]]) -> list[str]:
    lines = [f"- {refusal.code()} ({refusal.status}): {refusal.title()}" for refusal in dict.fromkeys(refusals)]
    return ["\n".join(["What can go wrong:", *lines])] if lines else []
