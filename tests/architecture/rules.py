"""The rules of the architecture that a linter does not know. Each looks at a source tree and says what breaks it."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .source import Module, called, closure, modules

FEATURES = "cora.equipment.features"
AGGREGATES = "cora.equipment.aggregates"

# A decision is made of these and of nothing else: no clock, no chance, no input or output.
_PURE_PACKAGES = {
    "collections", "contextlib", "cora.equipment", "cora.kernel", "dataclasses", "datetime", "decimal", "enum",
    "functools", "hashlib", "idutils", "ipaddress", "itertools", "json", "jsonschema_rs", "math", "operator",
    "pydantic", "pydantic_core", "re", "rfc8785", "types", "typing", "unicodedata", "urllib.parse", "uuid",
}  # fmt: skip
_IMPURE_IMPORTS = {
    "cora.equipment.adapters", "cora.equipment.wire", "cora.kernel.execute", "uuid.uuid1", "uuid.uuid4",
}  # fmt: skip
_IMPURE_CALLS = {
    "exec", "eval", "getnode", "input", "now", "open", "print", "read_text", "today", "urlopen", "utc_now", "utcnow",
    "uuid1", "uuid4", "write_text",
}  # fmt: skip

# What a decision is given; the asynchronous functions that load it may make an id.
_GIVEN_TO_DECISIONS = {"new_id"}

_PACKAGE_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("anaconda", "org"),
        ("unpkg", "com"), ("jsdelivr", "net"), ("cdnjs", "cloudflare"), ("proxy", "golang"), ("crates", "io"),
    )
)  # fmt: skip
_INDEX_OPTION = re.compile("--(?:extra-)?" + "index-url[ =]|--find" + "-links[ =]|https?://[^ ]*/" + "simple/")


def impure_deciders(root: Path) -> Iterator[str]:
    """Deciders and aggregates, and all they import, that could do more than decide."""
    known = modules(root, "cora.equipment")
    decide = {name for name, module in known.items() if any(_deciders(module))}
    aggregates = {name for name in known if name.startswith(f"{AGGREGATES}.")}
    for name in sorted(closure(decide | aggregates, known)):
        module = known[name]
        for imported in sorted(module.imports):
            if any(_within(imported, impure) for impure in _IMPURE_IMPORTS):
                yield f"{name} imports {imported}"
            elif not any(_within(imported, pure) for pure in _PURE_PACKAGES):
                yield f"{name} imports {imported}, which is not known to be pure"
        loading = {id(part) for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFunctionDef)
                   for part in ast.walk(node)}  # fmt: skip
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            is_given = called(node) in _GIVEN_TO_DECISIONS and id(node) not in loading
            if is_given or called(node) in _IMPURE_CALLS:
                yield f"{name}:{node.lineno} calls {called(node)}"
        for function in _deciders(module):
            if isinstance(function, ast.AsyncFunctionDef):
                yield f"{name} decides in an async function"


def misnamed_slices(root: Path) -> Iterator[str]:
    """Files of features that do not hold exactly the slice and the request that their names say."""
    for module in _features(root):
        stem = module.path.stem
        sorts = ("decides", "handles", "answers", "acts")
        declared = [function.name for function in module.functions() if _declares(function, *sorts)]
        if declared != [stem]:
            yield f"{module.path.name} declares {', '.join(declared) or 'no slice'}, not {stem}"
        request = "".join(part.capitalize() for part in stem.split("_"))
        if not any(isinstance(node, ast.ClassDef) and node.name == request for node in module.tree.body):
            yield f"{module.path.name} has no request named {request}"


def unpaired_slices(root: Path, tests: Path) -> Iterator[str]:
    """Commands without their test file, deciders whose test file holds no property, and questions nobody tests."""
    known = {path: Module(path.stem, path, ast.parse(path.read_text())) for path in tests.rglob("*.py")}
    tested = {imported for test in known.values() for imported in test.imports}
    for module in _features(root):
        stem = module.path.stem
        path = tests / "equipment" / "features" / f"test_{stem}.py"
        if any(_declares(function, "answers") for function in module.functions()):
            if not any(_within(imported, module.name) for imported in tested):
                yield f"{stem} is imported by no test"
        elif path not in known:
            yield f"{stem} has no {path.name}"
        elif not any(_within(imported, module.name) for imported in known[path].imports):
            yield f"{path.name} does not import {stem}"
        elif any(_deciders(module)) and not any(_declares(test, "given") for test in known[path].functions()):
            yield f"{path.name} has no property test"


def touched_identifiers(root: Path) -> Iterator[str]:
    """Whatever could clear or reassign a persistent identifier of a record."""
    for name, module in modules(root, AGGREGATES).items():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.match_case):
                kinds = {called(p.cls) for p in ast.walk(node.pattern) if isinstance(p, ast.MatchClass)}
                assigns = bool(kinds) and all(kind.endswith("PersistentIdAssigned") for kind in kinds)
                for value in _given_identifiers(node.body):
                    if not assigns or (isinstance(value, ast.Constant) and value.value is None):
                        yield f"{name}:{value.lineno} sets persistent_id for {', '.join(sorted(kinds))}"
        inside = {id(value) for case in ast.walk(module.tree) if isinstance(case, ast.match_case)
                  for value in _given_identifiers(case.body)}  # fmt: skip
        for value in _given_identifiers(module.tree.body):
            if id(value) not in inside:
                yield f"{name}:{value.lineno} sets persistent_id outside of the event that assigns it"


def stray_kernels(root: Path, allowed: str = "cora.surfaces.start") -> Iterator[str]:
    """Kernels built elsewhere than in the one start-up, and stand-ins for the log in what is shipped."""
    for name, module in modules(root, "cora").items():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and called(node) == "Kernel" and name != allowed:
                yield f"{name}:{node.lineno} builds a Kernel"
            if isinstance(node, ast.ClassDef) and re.search("Memory|Fake|Mock|Dummy|InMemory", node.name):
                yield f"{name}:{node.lineno} declares {node.name}"
        for imported in sorted(module.imports):
            if imported.split(".")[0] in {"tests", "unittest", "pytest", "hypothesis"}:
                yield f"{name} imports {imported}"


def stray_adapters(root: Path) -> Iterator[str]:
    """Adapters imported elsewhere than where they are wired."""
    adapters = "cora.equipment.adapters"
    for name, module in modules(root, "cora").items():
        if name == "cora.equipment.wire" or _within(name, adapters):
            continue
        yield from (f"{name} imports {i}" for i in sorted(module.imports) if _within(i, adapters))


def package_hosts(repository: Path) -> Iterator[str]:
    """Tracked files that name a host of packages, or where to find one."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, check=True)
    for name in filter(None, told.stdout.decode().split("\0")):
        path = repository / name
        if not path.is_file():
            continue
        text = path.read_bytes().decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            folded = line.casefold()
            if any(host in folded for host in _PACKAGE_HOSTS) or _INDEX_OPTION.search(folded):
                yield f"{name}:{number}"


def _features(root: Path) -> Iterator[Module]:
    for name, module in modules(root, FEATURES).items():
        if name != FEATURES:
            yield module


def _declares(function: ast.FunctionDef | ast.AsyncFunctionDef, *decorators: str) -> bool:
    return any(called(each) in decorators for each in function.decorator_list)


def _deciders(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (function for function in module.functions() if _declares(function, "decides"))


def _given_identifiers(body: list[ast.stmt]) -> Iterator[ast.expr]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                yield from (keyword.value for keyword in node.keywords if keyword.arg == "persistent_id")


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
