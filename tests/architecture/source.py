"""What the checks of the architecture share: modules of a source tree as syntax."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "src"


@dataclass(frozen=True)
class Module:
    """One file: its dotted name, its path and its syntax."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def imports(self) -> set[str]:
        """Every module or name that it imports, in full: `from a import b` is `a.b`."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions at the top of the file."""
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def modules(root: Path, package: str) -> dict[str, Module]:
    """The modules of a package, those inside it included, by name."""
    found: dict[str, Module] = {}
    for path in sorted(root.joinpath(*package.split(".")).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path, ast.parse(path.read_text()))
    return found


def called(node: ast.AST) -> str:
    """The name of what is called, or of the decorator: `replace` of `dataclasses.replace(...)`."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def closure(start: set[str], known: dict[str, Module]) -> set[str]:
    """The modules that are reached from some by imports, those themselves included."""
    reached: set[str] = set()
    waiting = set(start)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for imported in known[name].imports:
            module = imported if imported in known else imported.rpartition(".")[0]
            if module in known and module not in reached:
                waiting.add(module)
    return reached
