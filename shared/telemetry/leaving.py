"""What leaves a process beside a request's own work: a function has a CPU only while somebody is being answered."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Final

SECONDS_TO_WAIT: Final = 0.25
"""What a request waits at its end for what it took along; the rest leaves with the next one."""
SECONDS_AFTER_FAILURE: Final = 30.0


@dataclass
class _Errand:
    every: float
    run: Callable[[], bool]
    presses: Callable[[], bool]
    due_at: float
    failed: bool = False

    def is_due(self, moment: float) -> bool:
        """Its time has come, or there is too much of it; what failed is left alone whatever there is."""
        return moment >= self.due_at or (self.presses() and not self.failed)


class Leaving:
    """Errands, each to be run every so many seconds, by a thread that runs while a request is answered."""

    def __init__(self, *, beside_requests: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        """Where the CPU is always there, nothing need be done beside requests: somebody calls `run_due`."""
        self._beside_requests = beside_requests
        self._clock = clock
        self._errands: list[_Errand] = []
        self._deciding, self._running = Lock(), Lock()

    def add(self, every: float, run: Callable[[], bool], presses: Callable[[], bool] = lambda: False) -> None:
        """`run` says whether it went well; if not, it is left alone for longer. It bounds its own time.

        `presses` says whether there is so much of it that it should not wait for its time.
        """
        self._errands.append(_Errand(every, run, presses, self._clock() + every))

    def begin(self) -> Thread | None:
        """A request begins: if something is due, what runs it meanwhile."""
        due = self._due() if self._beside_requests else []
        if not due:
            return None
        thread = Thread(target=self._run, args=(due,), name="telemetry", daemon=True)
        thread.start()
        return thread

    def wait(self, thread: Thread) -> None:
        """The request is over."""
        thread.join(SECONDS_TO_WAIT)

    def run_due(self) -> None:
        """For a process whose CPU is always there."""
        self._run(self._due())

    def run_all(self) -> None:
        """The process ends."""
        self._run(self._errands)

    def _due(self) -> list[_Errand]:
        moment = self._clock()
        if not any(errand.is_due(moment) for errand in self._errands) or self._running.locked():
            return []
        with self._deciding:
            due = [errand for errand in self._errands if errand.is_due(moment)]
            for errand in due:
                errand.due_at = moment + errand.every
        return due

    def _run(self, errands: list[_Errand]) -> None:
        with self._running:
            for errand in errands:
                errand.failed = not errand.run()
                if errand.failed:
                    errand.due_at = self._clock() + max(errand.every, SECONDS_AFTER_FAILURE)
