"""The product's own source, parsed, for rules that a linter does not know."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("shared", "functions", "containers", "infra", "dev", "benchmarks")


def files(*folders: str) -> list[Path]:
    """The Python files in these folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    """A file as people name it, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Every absolute name that a file imports anywhere, `a.b.C` for `from a.b import C`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes(path: Path) -> Iterator[str]:
    """Every `a.b` of two plain names in a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def calls(path: Path, *functions: str) -> Iterator[ast.Call]:
    """The calls of functions or methods of these names in a file."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            called = node.func
            said = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if said in functions and node.args:
                yield node


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """The classes of a file."""
    yield from (node for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef))
