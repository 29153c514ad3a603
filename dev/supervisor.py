"""Starts the parts in their order, keeps the list of what runs, and ends everything within seconds."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from dev.ports import CannotStart
from dev.private_files import write_private
from dev.running_part import Part, RunningPart, State, Status

COMES_UP_WITHIN_SECONDS = 90.0
_ENDS_WITHIN_SECONDS = 2.2  # twice: first what serves, then what keeps data, together under 5 s

Watcher = Callable[[Status], None]


class Supervisor:
    """The parts of one local cloud; each is watched by a thread of its own."""

    def __init__(self, parts: Iterable[Part], data_dir: Path, watcher: Watcher | None = None) -> None:
        self._record_file = data_dir / "pids.json"
        self._watcher = watcher
        self._lock = threading.Lock()
        self._running: dict[str, RunningPart] = {}
        for part in parts:
            log = data_dir / "logs" / f"{part.name}.log"
            self._running[part.name] = RunningPart(part, log, self._on_change)

    def __getitem__(self, name: str) -> RunningPart:
        return self._running[name]

    @property
    def names(self) -> list[str]:
        """The parts' names in their order."""
        return list(self._running)

    def start(self) -> None:
        """Start everything and wait until all of it is up.

        Raises CannotStart with the reason of the first part that failed.
        """
        for running in self._running.values():
            running.start(after=[self._running[name] for name in running.part.after if name in self._running])
        self.wait_until_up(self._running)

    def wait_until_up(self, names: Iterable[str]) -> None:
        """Wait for these parts.

        Raises CannotStart with the reason of the first part that failed, or did not come up in time.
        """
        waiting = [self._running[name] for name in names]
        deadline = time.monotonic() + COMES_UP_WITHIN_SECONDS
        while waiting:
            failed = next((running for running in waiting if running.status.state is State.FAILED), None)
            if failed:
                raise CannotStart(failed.status.failure)
            if time.monotonic() > deadline:
                raise CannotStart(f"{waiting[0].part.name} did not come up: see {waiting[0].status.log}")
            waiting[0].up.wait(0.05)
            waiting = [running for running in waiting if not running.up.is_set()]

    def stop(self) -> None:
        """End every part, those that others need last."""
        needed = {name for running in self._running.values() for name in running.part.after}
        for group in (set(self._running) - needed, needed):
            members = [self._running[name] for name in self._running if name in group]
            for running in members:
                running.ask_to_stop()
            deadline = time.monotonic() + _ENDS_WITHIN_SECONDS
            for running in members:
                running.wait_until_ended(deadline - time.monotonic())

    def _on_change(self, status: Status) -> None:
        with self._lock:
            record = [running.status.as_json() for running in self._running.values()]
            write_private(self._record_file, json.dumps(record, indent=1))
            if self._watcher is not None:
                self._watcher(status)
