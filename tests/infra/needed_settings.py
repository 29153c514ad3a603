"""Which settings a deployable's code looks at, read from its source and from the kernel modules that it imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from infra.package import ROOT
from shared.database.encryption import KeyRing
from shared.settings import Settings


def settings_read_by(folder: str) -> set[str]:
    """Names of Settings' attributes that the code in a folder, or the kernel modules it reaches, mentions."""
    found: set[str] = set()
    for path in _reached(folder):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in Settings.model_fields and path.name != "settings.py":
                found.add(node.attr)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "KeyRing":
                found.add(KeyRing[node.attr].value)
    return found


def _reached(folder: str) -> set[Path]:
    waiting = list((ROOT / folder).glob("*.py"))
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += _kernel_imports(path)
    return seen


def _kernel_imports(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            place = ROOT.joinpath(*name.split("."))
            if name.split(".")[0] == "shared":
                yield from (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())
