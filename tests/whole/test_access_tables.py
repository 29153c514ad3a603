"""Every operation of the contract is in a table that says what each role, and each relation, is answered there."""

import ast
import json
import re

from tests.whole.source import ROOT, files, parsed

TABLES = re.compile(r"test_(\w+_)?access(_\w+)?\.py")
OF_NOBODYS = {
    "POST /api/webhooks/zoom",  # whoever signs it, see test_zoom_webhook.py
}
OPERATION = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/api/[\w/{}.-]+)")


def operations() -> set[str]:
    """Of the document that is served, with every parameter of a path named alike."""
    document = json.loads((ROOT / "functions" / "admin" / "openapi.json").read_bytes())
    return {unnamed(f"{method.upper()} {path}") for path, item in document["paths"].items() for method in item}


def unnamed(operation: str) -> str:
    """`GET /api/x/{id}`, whatever its parameter is called."""
    return re.sub(r"\{\w+\}", "{}", operation)


def in_tables() -> set[str]:
    """The operations that a table has as a key."""
    keys = (
        key.value
        for path in files("tests")
        if TABLES.fullmatch(path.name)
        for table in ast.walk(parsed(path))
        if isinstance(table, ast.Dict)
        for key in table.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )
    return {unnamed(key) for key in keys if OPERATION.fullmatch(key)}


def test_a_route_without_an_entry_in_a_table_fails() -> None:
    assert len(operations()) > 100
    assert operations() - in_tables() == OF_NOBODYS
