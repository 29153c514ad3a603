"""A function's archive: the same bytes from the same tree, all that it needs, nothing else, and it starts anywhere."""

import io
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.package import FUNCTIONS, ROOT, StrayFile, main, package
from tests.environment import REQUIRED
from tests.inside import LONG
from tests.waiting import until


def names(function: str, root: Path = ROOT) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(package(function, root).content)).namelist())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree with one function."""
    root = tmp_path / "tree"
    for name in (
        "functions/admin/main.py",
        "functions/admin/requirements.txt",
        "shared/__init__.py",
        "shared/clock.py",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return root


def test_every_function_of_the_tree_can_be_packaged() -> None:
    assert {folder.name for folder in (ROOT / "functions").iterdir() if folder.is_dir()} == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_archive_holds_code_lock_kernel_and_data_files_alone(function: str) -> None:
    found = names(function)
    assert {"main.py", "requirements.txt", "shared/settings.py", "shared/http/app.py"} <= found
    others = {name for name in found if not name.endswith(".py")} - {"requirements.txt"}
    assert others == {"auth": {"common_passwords.bloom"}, "admin": {"openapi.json"}}.get(function, set())
    assert not [name for name in found if name.startswith(("/", ".", "tests/", "functions/")) or "__pycache__" in name]


def test_the_same_tree_gives_the_same_bytes_whatever_its_times_modes_and_caches(tree: Path) -> None:
    before = package("admin", tree)
    cache = tree / "shared" / "__pycache__"
    cache.mkdir()
    (cache / "clock.cpython-311.pyc").write_bytes(b"compiled")
    os.utime(tree / "shared" / "clock.py", (1, 1))
    (tree / "shared" / "clock.py").chmod(0o600)
    assert package("admin", tree) == before


def test_another_content_or_another_name_gives_another_object(tree: Path) -> None:
    seen = [package("admin", tree).object_name]
    (tree / "shared" / "clock.py").write_text("# changed\n")
    seen.append(package("admin", tree).object_name)
    (tree / "shared" / "clock.py").rename(tree / "shared" / "watch.py")
    seen.append(package("admin", tree).object_name)
    assert len(set(seen)) == 3


def test_entries_are_sorted_and_readable_by_whoever_unpacks_them(tree: Path) -> None:
    entries = zipfile.ZipFile(io.BytesIO(package("admin", tree).content)).infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time[0] for entry in entries} == {1980}


@pytest.mark.parametrize("name", ["functions/admin/.env", "functions/admin/key.json", "shared/notes.md"])
def test_a_file_that_nobody_named_stops_the_packaging_and_is_named(tree: Path, name: str) -> None:
    (tree / name).write_text("SECRET=1")
    with pytest.raises(StrayFile, match=Path(name).name):
        package("admin", tree)


def test_a_link_to_somewhere_else_is_not_followed(tree: Path) -> None:
    (tree / "shared" / "elsewhere.py").symlink_to(ROOT / "Makefile")
    with pytest.raises(StrayFile, match=r"elsewhere\.py"):
        package("admin", tree)


def test_the_command_writes_the_archive_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["auth", "--into", str(tmp_path)]) == 0
    written = Path(capsys.readouterr().out.strip())
    assert written == tmp_path / package("auth").object_name
    assert written.read_bytes() == package("auth").content


def test_every_requirement_of_a_lock_is_pinned_by_hash() -> None:
    for function in FUNCTIONS:
        lock = zipfile.ZipFile(io.BytesIO(package(function).content)).read("requirements.txt").decode()
        blocks = [block for block in lock.replace("\\\n", " ").splitlines() if block.strip()]
        assert blocks
        assert not [block for block in blocks if "==" not in block or "--hash=sha256:" not in block]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_archive_answers_far_from_the_checkout(function: str, tmp_path: Path) -> None:
    with started(function, sys.executable, tmp_path) as (base, folder):
        assert answer(base + "/health") == (200, b'{"status":"up"}\n')
        assert answer(base + "/api/internal/nothing")[0] == 404
    assert list((folder / "shared" / "__pycache__").glob("settings.*.pyc"))  # its own kernel was loaded, and no other:
    alone = subprocess.run(
        [sys.executable, "-c", "import shared"], cwd=tmp_path, env=bare(), capture_output=True, check=False
    )
    assert b"No module named 'shared'" in alone.stderr


@pytest.mark.skipif(not LONG, reason="installs a lock from the package index: BLOOM_TEST_LONG=1")
def test_an_archive_needs_nothing_but_its_lock(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    lock = str(ROOT / "functions" / "messages" / "requirements.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock], env=bare(), check=True)
    with started("messages", python, tmp_path) as (base, _):
        assert answer(base + "/health")[0] == 200


def bare() -> dict[str, str]:
    """An environment that says nothing of the checkout."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "PIP_INDEX_URL", "PIP_CONFIG_FILE")
        if name in os.environ
    }
    return {**kept, **{name.upper(): value for name, value in REQUIRED.items()}}


@contextmanager
def started(function: str, python: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The archive unpacked into an empty folder and served from there: its address and that folder."""
    folder, elsewhere = tmp_path / "unpacked", tmp_path / "elsewhere"
    elsewhere.mkdir()
    zipfile.ZipFile(io.BytesIO(package(function).content)).extractall(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--source", str(folder / "main.py"), "--target", "handle", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "functions_framework", *options], cwd=elsewhere, env=bare(), stdout=log, stderr=log
        )
    try:
        until(lambda: process.poll() is not None or answer(f"http://127.0.0.1:{port}/health")[0])
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield f"http://127.0.0.1:{port}", folder
    finally:
        process.terminate()
        process.wait(10)


def answer(url: str) -> tuple[int, bytes]:
    """Status and body; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""
