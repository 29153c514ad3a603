"""One part of the local cloud as a process: started, found ready, watched, restarted when it dies, and ended."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from dev.processes import started_at

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 10.0
_STABLE_AFTER_SECONDS = 30.0
_PROBE_EVERY_SECONDS = 0.03
_TETHER = str(Path(__file__).with_name("tether.py"))


class State(StrEnum):
    """Where a part stands."""

    WAITING = "waiting"
    STARTING = "starting"
    UP = "up"
    DONE = "done"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Part:
    """What there is to run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[int], bool]
    """Whether the process of this id does its work."""
    address: str = ""
    after: tuple[str, ...] = ()
    """Parts that have to be up first."""
    stop_signal: signal.Signals = signal.SIGTERM
    runs_once: bool = False
    """It does its work and ends; that is when it counts as up."""
    folder: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True)
class Status:
    """What is known of a part at one moment."""

    name: str
    address: str
    log: Path
    state: State = State.WAITING
    pid: int = 0
    started: str = ""
    """When the process began, as the system counts it: with the id it names one process for ever."""
    since: float = 0.0
    """Unix time of the last change."""
    restarts: int = 0
    took_ms: int = 0
    """From its start until it was up."""
    failure: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {**dataclasses.asdict(self), "log": str(self.log)}


class RunningPart:
    """A part and its watcher, a thread that lives as long as the part is wanted."""

    def __init__(self, part: Part, log: Path, on_change: Callable[[Status], None]) -> None:
        self.part = part
        self.status = Status(part.name, part.address, log)
        self.up = threading.Event()
        self._on_change = on_change
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, after: Sequence["RunningPart"] = ()) -> None:
        """Start the watcher, which starts the process once what it needs is up."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, args=(after,), name=self.part.name, daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send the part its stop signal; nothing restarts it any more."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.send_signal(self.part.stop_signal)

    def wait_until_ended(self, seconds: float) -> None:
        """Give it so long to end by itself, then kill it."""
        if self._thread is None:
            return
        self._thread.join(max(0.0, seconds))
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
        self._thread.join()
        self._set(State.STOPPED, pid=0, started="")

    def send(self, signal_number: int) -> None:
        """Send the process a signal, as anybody could; if it dies of it, it is restarted."""
        if self._process is not None:
            self._process.send_signal(signal_number)

    def _set(self, state: State, **changes: Any) -> None:
        self.status = dataclasses.replace(self.status, state=state, since=time.time(), **changes)
        self.up.clear()
        self._on_change(self.status)
        if state in (State.UP, State.DONE):
            self.up.set()

    def _watch(self, after: Sequence["RunningPart"]) -> None:
        while not all(needed.up.wait(0.05) for needed in after):
            if self._stopping.is_set():
                return
        wait, first, began = _FIRST_WAIT_SECONDS, True, time.monotonic()
        while self._run_once(first):
            if time.monotonic() - began > _STABLE_AFTER_SECONDS:
                wait = _FIRST_WAIT_SECONDS
            self._set(State.RESTARTING, pid=0, started="", restarts=self.status.restarts + 1)
            self._stopping.wait(wait)
            wait = min(_LONGEST_WAIT_SECONDS, wait * 2)
            first, began = False, time.monotonic()

    def _run_once(self, first: bool) -> bool:
        """Run the process until it ends; whether it is to be started again."""
        began = time.monotonic()
        process = self._spawn(first)
        if process is None:
            return False
        if self._wait_until_ready(process):
            self._set(State.UP, took_ms=round((time.monotonic() - began) * 1000))
        code = process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what it may have left behind
        if self._stopping.is_set():
            return False
        if self.part.runs_once and code == 0:
            self._set(State.DONE, pid=0, started="", took_ms=round((time.monotonic() - began) * 1000))
            return False
        if first and not self.up.is_set():
            self._set(State.FAILED, pid=0, started="", failure=self._reason(code))
            return False
        return True

    def _spawn(self, first: bool) -> "subprocess.Popen[bytes] | None":
        self.status.log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self.status.log.open("wb" if first else "ab") as log:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                self._tethered_command(),
                cwd=self.part.folder,
                env=dict(self.part.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches the supervisor alone
            )
        self._set(State.STARTING, pid=self._process.pid, started=started_at(self._process.pid))
        return self._process

    def _tethered_command(self) -> list[str]:
        if sys.platform != "linux":
            return list(self.part.command)
        tether = [sys.executable, "-I", "-S", _TETHER, str(int(self.part.stop_signal)), str(os.getpid())]
        return [*tether, *self.part.command]

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> bool:
        while process.poll() is None and not self._stopping.is_set():
            if not self.part.runs_once and self.part.ready(process.pid):
                return True
            time.sleep(_PROBE_EVERY_SECONDS)
        return False

    def _reason(self, code: int) -> str:
        lines = self.status.log.read_text(errors="replace").strip().splitlines()
        last = lines[-1].strip() if lines else "it said nothing"
        return f"{self.part.name} ended at once (exit code {code}): {last} — the whole log: {self.status.log}"
