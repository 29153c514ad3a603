"""What delivers: workflows of least rights without a stored key, and commands in them and in the guide that exist."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.package import ROOT
from infra.secret_store import SECRETS

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"@([0-9a-f]{40}|v\d+\.\d+\.\d+)$")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
GUIDES = [ROOT / "docs" / "deploy.md", ROOT / "docs" / "runbook.md", ROOT / "README.md"]


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text())
    return found


def jobs() -> list[tuple[str, dict[str, Any]]]:
    return [(f"{path.stem}/{name}", job) for path in WORKFLOWS for name, job in read(path)["jobs"].items()]


def steps() -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, job in jobs() for step in job.get("steps", ())]


def test_every_step_runs_a_make_target_that_exists_or_tells_github_something() -> None:
    commands = [step["run"] for _, step in steps() if "run" in step]
    wrong = [command for command in commands if not command.startswith(("make ", "gh "))]
    called = {command.split()[1] for command in commands if command.startswith("make ")}
    assert not wrong
    assert (
        {"lint", "test", "scan", "sbom", "images", "preview", "preview-down", "migrate", "finish"} <= called <= TARGETS
    )


def test_actions_are_pinned_by_commit_or_by_full_version() -> None:
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert used
    assert not [action for action in used if not PINNED.search(action)]


def test_no_job_has_more_rights_than_it_says_and_only_one_says_more_than_reading() -> None:
    for path in WORKFLOWS:
        assert read(path)["permissions"] == {"contents": "read"}, path.name
    more = {name: job["permissions"] for name, job in jobs() if job.get("permissions", {}).get("contents") == "write"}
    assert more == {"release/notes": {"contents": "write"}}


def test_whoever_reaches_the_cloud_does_so_by_an_environment_and_without_a_stored_key() -> None:
    text = "".join(path.read_text() for path in WORKFLOWS)
    assert "secrets." not in text
    assert "credentials_json" not in text
    reaching = {
        name: job for name, job in jobs() if any("auth@" in step.get("uses", "") for step in job.get("steps", ()))
    }
    assert set(reaching) == {"pull-request/preview", "pull-request/preview-down", "release/release", "rotate/rotate"}
    for name, job in reaching.items():
        assert job["environment"], name
        assert job["permissions"]["id-token"] == "write", name
    others = [name for name, job in jobs() if name not in reaching and "id-token" in job.get("permissions", {})]
    assert not others


def test_no_expression_of_a_strangers_stands_in_a_command() -> None:
    assert not [step["run"] for _, step in steps() if "${{" in step.get("run", "")]


def test_a_fork_gets_no_preview() -> None:
    for name in ("preview", "preview-down"):
        job = read(ROOT / ".github/workflows/pull-request.yml")["jobs"][name]
        assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


def test_a_release_is_never_broken_off_and_gives_requests_only_after_a_smoke_test() -> None:
    release = read(ROOT / ".github/workflows/release.yml")
    assert release["concurrency"]["cancel-in-progress"] is False
    assert release[True]["push"]["branches"] == ["main", "qa", "dev"]  # YAML 1.1 reads `on` as true
    order = [step["run"] for step in release["jobs"]["release"]["steps"] if "run" in step]
    assert order == [
        "make images-pinned",
        "make secrets-missing",
        "make images-push",
        "make hold",
        "make migrate",
        "make provision HELD=true",
        "make share PERCENT=10",
        "make smoke TIMES=60",
        "make canary PERCENT=10",
        "make share PERCENT=50",
        "make smoke TIMES=20",
        "make canary PERCENT=50",
        "make finish",
        "make web-push",
        "make back",
    ]
    assert release["jobs"]["release"]["steps"][-1]["if"] == "failure() || cancelled()"
    assert release["jobs"]["release"]["needs"] == "checks"


def test_no_key_is_renewed_beside_a_release() -> None:
    rotate = read(ROOT / ".github/workflows/rotate.yml")["jobs"]["rotate"]
    assert rotate["concurrency"]["group"] == "release-${{ matrix.stack == 'prod' && 'main' || matrix.stack }}"
    assert rotate["strategy"]["matrix"]["stack"] == ["qa", "prod"]


def test_the_web_client_that_is_released_is_the_one_that_was_tested() -> None:
    web = read(ROOT / ".github/workflows/checks.yml")["jobs"]["web"]["steps"]
    order = [step.get("run") or step["with"].get("path", "") for step in web if "run" in step or "with" in step]
    assert order.index("make web") < order.index("make test-web") < order.index("web/dist")
    for workflow, job, sends in (("release", "release", "make web-push"), ("pull-request", "preview", "make preview")):
        steps_of = read(ROOT / f".github/workflows/{workflow}.yml")["jobs"][job]["steps"]
        places = [step.get("run") or step.get("with", {}).get("path", "") for step in steps_of]
        assert places.index("web/dist") < places.index(sends)


def test_all_supported_pythons_are_tested() -> None:
    matrix = read(ROOT / ".github/workflows/checks.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_command_that_a_guide_names_exists(guide: Path) -> None:
    text = re.sub(r"\s+", " ", guide.read_text())
    targets = set(re.findall(r"[`;] ?make ([a-z-]+)", text))
    modules = set(re.findall(r"python3? -m ([a-z_.]+[a-z_])", text)) - {"venv"}
    assert not targets - TARGETS
    assert not [module for module in modules if find_spec(module) is None]


def test_the_guide_says_where_every_secret_comes_from() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    assert not [name for name in SECRETS if name not in text]
