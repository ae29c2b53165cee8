"""A tree of assets, or of frames with their mounts, as indented lines."""

import sys
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from cora.surfaces.cli.words import Data, words

# A pipe has no width, and nothing is to be cut off.
_WIDE = 10_000
_STYLES = {"Degraded": "yellow", "Faulted": "red", "Maintenance": "yellow"}
_USUAL = ("Active", "Nominal")


def show_tree(found: Data) -> None:
    """A tree on stdout, as its answer has it."""
    root: Data = found["root"]
    tree = Tree(_label(root, found["path"]), highlight=False)
    _grow(tree, root)
    Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(tree)


def _grow(tree: Tree, node: Data) -> None:
    for mount in node.get("mounts", ()):
        tree.add(_mount(mount))
    for child in node["children"]:
        _grow(tree.add(_label(child, child["name"])), child)
    hidden = node["children_count"] - len(node["children"])
    if hidden > 0:
        tree.add(Text(f"{hidden:,} more below", style="dim"))
    mounts = node.get("mounts_count", 0) - len(node.get("mounts", ()))
    if mounts > 0:
        tree.add(Text(f"{mounts:,} more mounts", style="dim"))


def _label(node: Data, name: str) -> Text:
    text = Text(name, style="bold")
    if "tier" in node:
        text.append(f"  {node['tier']}", style="not bold")
        _say_how_it_is(text, node)
        if node["mount"] is not None:
            text.append(f", in {node['mount']['slot_code']}", style="not bold")
        _say_identifier(text, node)
        return text
    if node["placement"] is not None:
        text.append(f"  {words(node['placement'])}", style="not bold")
    return text


def _mount(mount: Data) -> Text:
    text = Text(mount["slot_code"])
    asset: dict[str, Any] | None = mount["installed_asset"]
    if asset is None:
        return text.append(": empty", style="dim")
    text.append(": ").append(asset["name"], style="bold")
    _say_how_it_is(text, asset)
    _say_identifier(text, asset)
    return text


def _say_how_it_is(text: Text, node: Data) -> None:
    """What is not as usual."""
    for state in (node["lifecycle"], node["condition"]):
        if state not in _USUAL:
            text.append(f", {state}", style=f"not bold {_STYLES.get(state, '')}".strip())


def _say_identifier(text: Text, node: Data) -> None:
    if node["persistent_id"] is not None:
        text.append(f", {words(node['persistent_id'])}", style="not bold")
