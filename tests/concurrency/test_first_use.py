"""Many first requests at once, as a new instance meets them, are answered like any later one."""

import os
import subprocess
import sys

from infra.migrations.local import LocalDatabase
from shared.settings import Settings
from tests.inside import sized


def test_threads_that_ask_first_disturb_each_other_in_nothing(database: LocalDatabase) -> None:
    named = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name in named or name in ("PATH", "HOME")}
    command = [sys.executable, "-m", "tests.concurrency.first_use", str(sized(8, 200))]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert (ran.returncode, ran.stdout.strip()) == (0, "0"), ran.stderr[-2000:]
