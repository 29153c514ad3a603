"""Every kind of audit entry is written by the product, and read back by a test that provokes it."""

import ast

from shared.audit_actions import Action
from tests.whole.source import attributes, files, name, parsed


def test_every_kind_is_written_somewhere() -> None:
    product = [path for path in files("shared", "functions", "containers") if name(path) != "shared/audit_actions.py"]
    written = {attribute for path in product for attribute in attributes(path)}
    assert [kind.name for kind in Action if f"Action.{kind.name}" not in written] == []


def test_every_kind_is_provoked_by_a_test() -> None:
    tests = [path for path in files("tests") if not name(path).startswith("tests/whole/")]
    nodes = [node for path in tests for node in ast.walk(parsed(path))]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    words |= {f"Action.{node.attr}" for node in nodes if isinstance(node, ast.Attribute)}
    assert [kind.name for kind in Action if not {kind.value, f"Action.{kind.name}"} & words] == []


def test_there_are_at_least_thirty_and_each_is_a_subject_and_a_deed() -> None:
    assert len(Action) >= 30
    assert all(len(kind.value.split(".")) == 2 for kind in Action)
