"""Images: what is copied exists and is all that the entry point reaches, nothing runs as root, no base floats."""

import ast
import functools
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path
from sys import stdlib_module_names

import pytest

from infra.package import ROOT

OURS = ("containers", "shared", "infra")
TORCH = {"torch_engine", "torch_network", "wide_part", "packed_weights"}
"""Modules of the classifier that are loaded where INFERENCE_ENGINE=torch and nowhere else."""
NUMBERS = {"shared.telemetry.numbers", "shared.telemetry.recording", "shared.telemetry.pushing"}
"""Modules that shared.telemetry.start turns on, which no job calls."""
NOT_ENTERED = {
    ("inference", "serve"): {f"containers.inference.{name}" for name in TORCH},
    ("inference", "train"): NUMBERS,
    ("migrations", "serve"): NUMBERS,
}
DOCKERFILES = {
    "inference": ROOT / "containers/inference/Dockerfile",
    "realtime": ROOT / "containers/realtime/Dockerfile",
    "migrations": ROOT / "infra/migrations/Dockerfile",
}
IMAGES = [
    ("inference", "serve", "containers/inference/requirements.txt"),
    ("inference", "serve-torch", "containers/inference/requirements.txt"),
    ("inference", "train", "containers/inference/training/requirements.txt"),
    ("realtime", "serve", "containers/realtime/requirements.txt"),
    ("migrations", "serve", "infra/migrations/requirements.txt"),
]


@dataclass
class Stage:
    """One stage of a Dockerfile, with what it takes over from the stage that it begins from."""

    base: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        return [rest for word, rest in self.lines if word == instruction]


def stages(dockerfile: Path) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    current = Stage("")
    for line in dockerfile.read_text().replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            current = found.setdefault(name, Stage(base, list(found[base].lines) if base in found else []))
        elif word and word != "#":
            current.lines.append((word, rest))
    return found


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path from the build: the last line that matches it or a folder above decides."""
    out = False
    parts = path.split("/")
    above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern, kept = line.removeprefix("!"), line.startswith("!")
        if line.startswith("#") or not line:
            continue
        if any(fnmatch(each, pattern) and each.count("/") == pattern.count("/") for each in above) or (
            pattern.startswith("**/") and any(fnmatch(part, pattern[3:]) for part in parts)
        ):
            out = not kept
    return out


def copied(stage: Stage) -> set[str]:
    """The files that an image holds of the tree."""
    files: set[str] = set()
    for line in stage.all("COPY"):
        if line.startswith("--from="):
            continue
        *sources, _ = line.split()
        for source in sources:
            for found in ROOT.glob(source):
                every = found.rglob("*") if found.is_dir() else [found]
                files |= {str(path.relative_to(ROOT)) for path in every if path.is_file()}
    return {name for name in files if not ignored(name)}


def entry(stage: Stage) -> str:
    (command,) = (stage.all("ENTRYPOINT") + stage.all("CMD"))[:1]
    words: list[str] = json.loads(command)
    assert words[:2] == ["python", "-m"]
    return words[2]


def imported(path: Path, module: str) -> Iterator[str]:
    """What a module imports, wherever in it; of ours, each name may be a module too."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            name = ".".join([*above, *([node.module] if node.module else [])])
            yield name
            if name.split(".")[0] in OURS:
                yield from (f"{name}.{alias.name}" for alias in node.names if alias.name != "*")


def source(module: str) -> str | None:
    stem = module.replace(".", "/")
    return next((name for name in (f"{stem}.py", f"{stem}/__init__.py") if (ROOT / name).is_file()), None)


def reached(module: str, not_entered: Collection[str] = ()) -> tuple[set[str], set[str]]:
    """Our files that a program reaches from its entry point, and the top names of all else that it imports."""
    waiting, files, others = [f"{module}.__main__"], set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] not in OURS:
            others.add(name.split(".")[0])
            continue
        packages = [".".join(name.split(".")[:end]) for end in range(1, name.count(".") + 2)]
        for each in packages:
            if each in not_entered:
                break
            if (found := source(each)) and found not in files:
                files.add(found)
                waiting += imported(ROOT / found, each)
    return files, others - stdlib_module_names


installed_here = functools.cache(packages_distributions)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> set[str]:
    return {plain(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}


def test_the_walk_follows_what_is_imported() -> None:
    files, others = reached("containers.realtime")
    assert {"containers/realtime/web_socket.py", "shared/settings.py", "shared/database/engine.py"} <= files
    assert {"uvicorn", "pydantic", "sqlalchemy"} <= others
    assert ignored("infra/stack.py")
    assert ignored("shared/database/__pycache__/engine.cpython-313.pyc")
    assert not ignored("infra/migrations/versions/0001_roles.py")


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values(), ids=DOCKERFILES)
def test_everything_that_is_copied_is_there_and_reaches_the_build(dockerfile: Path) -> None:
    for stage in stages(dockerfile).values():
        for line in stage.all("COPY"):
            for pattern in [] if line.startswith("--from=") else line.split()[:-1]:
                found = [str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)]
                assert found, pattern
                assert not all(ignored(name) for name in found), pattern


@pytest.mark.parametrize(("image", "target", "lock"), IMAGES, ids=lambda part: str(part).rpartition("/")[2])
def test_an_image_holds_all_that_its_entry_point_reaches(image: str, target: str, lock: str) -> None:
    found = stages(DOCKERFILES[image])
    files, others = reached(entry(found[target]), NOT_ENTERED.get((image, target), ()))
    assert not files - copied(found[target])
    (origin,) = re.findall(r"--from=(\S+)", " ".join(found[target].all("COPY")))
    installed = locked(lock) | {"torch"} if "torch==" in " ".join(found[origin].all("RUN")) else locked(lock)
    installed |= locked("containers/inference/training/requirements.txt") if target == "serve-torch" else set()
    brought = installed_here()
    missing = {name for name in others if not {plain(dist) for dist in brought.get(name, [name])} & installed}
    assert not missing


def test_no_job_turns_numbers_on() -> None:
    jobs = [*(ROOT / "containers/inference/training").glob("*.py"), *(ROOT / "infra/migrations").glob("*.py")]
    assert len(jobs) > 10
    assert not [path.name for path in jobs if "shared.telemetry.start" in set(imported(path, "x.y"))]


@pytest.mark.parametrize(("image", "target", "lock"), IMAGES, ids=lambda part: str(part).rpartition("/")[2])
def test_an_image_takes_its_packages_from_its_lock_by_hash(image: str, target: str, lock: str) -> None:
    found = stages(DOCKERFILES[image])
    (origin,) = re.findall(r"--from=(\S+)", " ".join(found[target].all("COPY")))
    installs = [line for line in found[origin].all("RUN") if "install" in line]
    assert any(f"--require-hashes -r {lock}" in line for line in installs)
    assert not [line for line in installs if "--require-hashes" not in line]


@pytest.mark.parametrize(("image", "target", "lock"), IMAGES, ids=lambda part: str(part).rpartition("/")[2])
def test_an_image_runs_as_nobody_in_particular_and_says_how_it_is(image: str, target: str, lock: str) -> None:
    stage = stages(DOCKERFILES[image])[target]
    assert stage.all("USER")[-1].isdecimal()
    assert stage.all("USER")[-1] != "0"
    (health,) = stage.all("HEALTHCHECK")
    text = DOCKERFILES[image].read_text()
    if health == "NONE":
        assert "# A job: it ends" in text
    else:
        path = re.findall(r"'(/\w+)'", health)[0]
        assert path in (ROOT / entry(stage).replace(".", "/") / "main.py").read_text()
    assert "PYTHONDONTWRITEBYTECODE=1" in " ".join(stage.all("ENV"))


@pytest.mark.parametrize("dockerfile", DOCKERFILES.values(), ids=DOCKERFILES)
def test_every_stage_begins_from_the_locked_base_or_from_another_stage(dockerfile: Path) -> None:
    found = stages(dockerfile)
    assert {stage.base for stage in found.values()} <= {"${PYTHON}", *found}
    (default,) = re.findall(r"^ARG PYTHON=(\S+)$", dockerfile.read_text(), re.MULTILINE)
    bases = [line for line in (ROOT / "infra/images.lock").read_text().splitlines() if not line.startswith("#")]
    assert [base.partition("@")[0] for base in bases] == [default]
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim", default)


def test_torch_is_in_no_image_that_does_without() -> None:
    found = stages(DOCKERFILES["inference"])
    assert "torch==" not in " ".join(found["packages"].all("RUN"))
    assert "--from=packages " in " ".join(found["serve"].all("COPY")) + " "
