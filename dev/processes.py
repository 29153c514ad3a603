"""Which process is which, beyond its number, and the end of those that an earlier run left behind."""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_TETHER: Final = Path(__file__).with_name("tether.py")
_ASKED_SECONDS = 4.0


def started_at(pid: int) -> str:
    """When a process began, as its system counts it; empty where there is none of this number."""
    if platform.system() == "Linux":
        try:
            # proc_pid_stat(5): the name in parentheses may hold anything, so count from its end.
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        except OSError:
            return ""
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()


def tethered(command: Sequence[str]) -> list[str]:
    """The command, ended with this process however that ends (Linux)."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", str(_TETHER), str(int(signal.SIGTERM)), str(os.getpid()), *command]


def is_zombie(pid: int) -> bool:
    """Whether a process has ended and only its entry is left (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def end_leftovers(record_file: Path) -> list[str]:
    """End the processes that a killed run recorded and that still are the same ones; the names of their parts.

    Each is asked first, and killed when it does not listen.
    """
    left = [entry for entry in _recorded(record_file) if _still_runs(entry)]
    for entry in left:
        _signal(entry["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _ASKED_SECONDS
    while any(map(_still_runs, left)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for entry in filter(_still_runs, left):
        _signal(entry["pid"], signal.SIGKILL)
    return [entry["name"] for entry in left]


def _recorded(record_file: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(record_file.read_text())
        return [entry for entry in entries if entry["pid"] > 0 and entry["started"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _still_runs(entry: dict[str, Any]) -> bool:
    return started_at(entry["pid"]) == entry["started"] and not is_zombie(entry["pid"])


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)  # each part leads a group of its own
