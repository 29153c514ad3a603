"""`make bench-infra`: what is provisioned is edited for the worse, and the test that states the policy has to notice.

Each edit is made to the program's own resources, one at a time, and only the test named for it is run, in a process
of its own.
"""

import contextlib
import multiprocessing
import os
import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.infra_edits import EDITS, Edit

PROCESSES = multiprocessing.get_context("fork")
COULD_NOT_RUN = 99
POLICIES = [
    f"tests/infra/test_{name}.py"
    for name in (
        *("access", "data_at_rest", "events", "rotation", "running", "vendors_databases", "watching", "way_in"),
        "web_client",
    )
]
ALONE = ["--noconftest", "-p", "tests.infra.conftest", "-c", os.devnull, "--rootdir", ".", "--import-mode", "importlib"]
"""Without the plugins and fixtures of all the other tests, which would take most of the time."""


def stand_between(folder: Path, edit: Edit | None) -> None:
    """Have the tests of this process find stacks that are kept in a folder, once they were made, and edited."""
    from tests.infra import provisioned as module

    vars(module)["provisioned"] = partial(_kept, module.provisioned, folder, edit)


def _kept(make: Callable[..., Any], folder: Path, edit: Edit | None, stack: str, **changed: str) -> Any:
    path = folder / "-".join([stack, *(f"{name}={value}" for name, value in sorted(changed.items()))])
    if not path.exists():
        path.write_bytes(pickle.dumps(make(stack, **changed)))
    made = pickle.loads(path.read_bytes())
    return _edited(made, edit) if edit else made


def _edited(made: Any, edit: Edit) -> Any:
    resources = []
    for found in made.resources:
        if edit.wants(found.type, found.name):
            if edit.change is None:
                continue
            edit.change(found.inputs)
        resources.append(found)
    return type(made)(made.stack, tuple(resources))


def run(folder: Path, tests: str, edit: Edit | None = None) -> int:
    """pytest's exit status over the tests of that name: 0 they pass, 1 one fails."""
    process = PROCESSES.Process(target=_run, args=(folder, tests, edit))
    process.start()
    process.join()
    return COULD_NOT_RUN if process.exitcode is None else process.exitcode


def _run(folder: Path, tests: str, edit: Edit | None) -> None:
    import pytest

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    stand_between(folder, edit)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        status = pytest.main([*ALONE, *POLICIES, "-x", "-k", tests])
    os._exit(int(status))


def main() -> int:
    """Print each edit with the test that noticed it, and the score; 1 where one went unnoticed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if run(folder, " or ".join({edit.caught_by for edit in EDITS})):
            print("the tests fail without any edit, or there are none: nothing can be measured")
            return 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import infra.__main__  # noqa: F401 - seconds, which each process would spend again
        noticed = 0
        for edit in EDITS:
            caught = run(folder, edit.caught_by, edit) == 1
            noticed += caught
            said = edit.caught_by.replace("_", " ")
            print(f"{'noticed  ' if caught else 'UNNOTICED'}  {edit.what}: {said}", flush=True)
    print(f"{noticed} of {len(EDITS)} edits noticed by the test named for the policy")
    return int(noticed != len(EDITS))


if __name__ == "__main__":
    sys.exit(main())
