"""docs/parity.md says what the best do, docs/threat-model.md what can go wrong; each test that they name exists."""

import ast
import re
from pathlib import Path

import pytest

from tests.whole.source import ROOT, parsed

PAGE = ROOT / "docs" / "parity.md"
THREATS = ROOT / "docs" / "threat-model.md"
VERDICTS = ("met", "exceeded", "refused", "later")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMED_OF_THE_CLIENT = re.compile(r"`(web/(?:tests|long)/\w+\.spec\.ts)::([^`]+)`")


def rows() -> list[list[str]]:
    """The cells of each row of the page's tables, without their heads."""
    lines = [line.strip() for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set(row[0]) <= {"-", ":", " "} and row[0] != "behaviour"]


def test_the_page_has_rows() -> None:
    assert len(rows()) > 30
    assert all(len(row) == 3 for row in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60].encode("ascii", "ignore").decode())
def test_every_row_has_a_verdict_and_what_shows_it(row: list[str]) -> None:
    _, verdict, shown_by = row
    assert verdict in VERDICTS
    if verdict in ("met", "exceeded"):
        assert NAMED.search(shown_by), "no test is named"
    else:
        assert len(shown_by) > 20, "no reason is given"


@pytest.mark.parametrize("page", [PAGE, THREATS], ids=lambda page: page.stem)
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert len(named) > 30
    assert [f"{file}::{test}" for file, test in named if test not in names_in(file)] == []


@pytest.mark.parametrize("page", [PAGE, THREATS], ids=lambda page: page.stem)
def test_every_browser_test_that_is_named_exists(page: Path) -> None:
    named = NAMED_OF_THE_CLIENT.findall(page.read_text(encoding="utf-8"))
    assert named or page != THREATS
    assert [(file, title) for file, title in named if f'test("{title}"' not in (ROOT / file).read_text("utf-8")] == []


def test_every_threat_is_met_by_something_that_a_test_shows() -> None:
    threats = [line for line in THREATS.read_text(encoding="utf-8").splitlines() if re.match(r"\| [STRIDE] \|", line)]
    assert {line[2] for line in threats} == set("STRIDE")
    assert [line for line in threats if not NAMED.search(line) and not NAMED_OF_THE_CLIENT.search(line)] == []


def names_in(file: str) -> set[str]:
    path = ROOT / file
    if not path.exists():
        return set()
    return {node.name for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
