"""The weekly job: learn from what therapists said, watched from outside the process that learns.

The trainer is a process of its own, so that one which is killed for its memory, or breaks, is noticed and told at once.
"""

import argparse
import queue
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Final, NoReturn
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from containers.inference.model_directory import MANIFEST, digest
from containers.inference.training import model_store, run_record
from containers.inference.training.exit_codes import GATE_FAILED, NOTHING_TO_LEARN, TOO_LITTLE_TO_CALIBRATE
from containers.inference.training.feedback_texts import (
    FeedbackText,
    balanced,
    feedback_texts,
    write_csv,
)
from containers.inference.training.run_record import AnotherRuns, RunEnded, TrainedModel
from shared.clock import now
from shared.problems import Unavailable
from shared.settings import settings

HEARTBEAT_SECONDS: Final = 10.0
LOG_LINES: Final = 60
LINE_LENGTH: Final = 200
SECONDS_TO_END: Final = 8.0
_ENDINGS: Final = {
    GATE_FAILED: "gate-failed",
    TOO_LITTLE_TO_CALIBRATE: "too-little-to-calibrate",
    NOTHING_TO_LEARN: "too-little-feedback",
}


class CameToNothing(Exception):
    """The run ends without a model, for a reason that is a code."""

    def __init__(self, code: str, **facts: int | str) -> None:
        """`facts` are counts and names of exceptions."""
        super().__init__(code)
        self.code, self.facts = code, facts


class Stopped(Exception):
    """This process was asked to end."""


@dataclass
class Telling:
    """What is told of the run while it goes on."""

    run_id: UUID
    stage: str = "begun"
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock)

    def note(self, line: str) -> None:
        """Keep a line until the next time that something is told."""
        with self._one_at_a_time:
            self.lines.append(line[:LINE_LENGTH])

    def tell(self, stage: str = "") -> None:
        """Say now that the run lives, and where it is; what a database that is away for a moment does not hear is told
        the next time. Raises RunEnded.
        """
        with self._one_at_a_time, suppress(Unavailable, SQLAlchemyError):
            self.stage = stage or self.stage
            run_record.tell(self.run_id, self.stage, "\n".join(self.lines))

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Within the block it is said every few seconds that the run lives, whatever the block waits for: a model that
        is copied for minutes is no silence."""
        over = threading.Event()
        beating = threading.Thread(target=self._beat, args=(over,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                self.tell()
            except RunEnded:
                return  # whoever works on it meets the same at its next word


def main(arguments: Sequence[str]) -> int:
    """Run once; the process's exit code: 0 where a model was made or there was not enough to learn from."""
    parser = argparse.ArgumentParser(prog="python -m containers.inference.training", description=__doc__)
    parser.add_argument("--run-id", type=UUID, help="row in training_run, one broken off too; without it a new one")
    parser.add_argument("--feedback-days", type=int, default=30, help="how far back feedback is learnt from")
    given = parser.parse_args(arguments)
    if not settings().models_url:
        parser.error("MODELS_URL is not set: it says where models are kept")
    signal.signal(signal.SIGTERM, _stop)
    try:
        return retrain(run_record.begin(given.run_id, given.feedback_days), given.feedback_days)
    except RunEnded:
        print("this run has ended already", flush=True)  # noqa: T201 - a command's result
    except AnotherRuns:
        print("another training is under way", flush=True)  # noqa: T201
    return 1


def retrain(run_id: UUID, feedback_days: int) -> int:
    """Collect, train, keep, register; whatever happens is told in the run's row. Raises RunEnded."""
    telling = Telling(run_id)
    try:
        with tempfile.TemporaryDirectory(prefix="bloom-training-") as folder, telling.going_on():
            model = _trained(telling, feedback_days, Path(folder))
    except CameToNothing as nothing:
        run_record.end_in_failure(run_id, nothing.code, dict(nothing.facts))
        return 0 if nothing.code == "too-little-feedback" else 1
    except Stopped:
        run_record.end_in_failure(run_id, run_record.STOPPED, {})
        return 1
    except RunEnded:
        raise
    except Exception as error:
        run_record.end_in_failure(run_id, "broken", {"exception": type(error).__name__})
        raise
    run_record.end_with(run_id, model)
    return 0


def _trained(telling: Telling, feedback_days: int, folder: Path) -> TrainedModel:
    telling.tell("collecting")
    store = settings().models_url.rstrip("/")
    key = model_store.holdout_key(store)
    texts = _collected(telling, feedback_days, key)
    examples = write_csv(texts, folder / "feedback.csv", key)
    run_record.tell_data(telling.run_id, len(texts), examples)
    base = run_record.champion_url() or settings().training_base
    brought = model_store.brought(base, folder / "base")
    work = _Work(folder / "work", f"{store}/unfinished/{telling.run_id}")
    if work.resumed():
        telling.note("an earlier attempt at this run left a checkpoint behind")
    telling.tell("training")
    _watched(telling, _command(_base_data(folder), folder, brought), work)
    telling.tell("keeping")
    manifest = digest(folder / "model" / MANIFEST)
    url = f"{store}/{manifest[:16]}"
    model_store.kept(folder / "model", url)
    work.clear()
    return TrainedModel.of(folder / "model", url, bytes.fromhex(manifest), base.partition(model_store.CHECKSUM)[0])


@dataclass
class _Work:
    """The trainer's checkpoint, copied to where the run's next attempt finds it, on another machine most likely."""

    folder: Path
    url: str
    kept_at: int = 0

    def resumed(self) -> bool:
        """Bring what there is; whether there was anything."""
        return model_store.resumed(self.url, self.folder)

    def keep(self) -> None:
        """Copy what the trainer wrote since the last time. Raises OSError where that is not to be had now."""
        for path in self.folder.glob("*.pt"):
            written = path.stat().st_mtime_ns
            if written > self.kept_at:
                model_store.left_behind(path, self.url)
                self.kept_at = written

    def clear(self) -> None:
        """The run is over: nothing is to be gone on from."""
        model_store.cleared(self.url)


def _collected(telling: Telling, feedback_days: int, key: bytes) -> list[FeedbackText]:
    """The feedback to learn from, by when the run's first attempt began: the next one learns from the same, but for
    what was withdrawn meanwhile. Raises CameToNothing where there is too little that may be.
    """
    begun = run_record.begun_at(telling.run_id)
    found = feedback_texts(begun - timedelta(days=feedback_days), begun)
    texts = balanced(found, key)
    telling.note(f"{len(found)} answers may be learnt from, {len(found) - len(texts)} of them of a voice too loud")
    wanted = settings().retrain_min_feedback
    if len(texts) < wanted:
        raise CameToNothing("too-little-feedback", usable=len(texts), consented=len(found), wanted=wanted)
    return texts


def _base_data(folder: Path) -> list[Path]:
    named = [name.strip() for name in settings().training_data.split(",") if name.strip()]
    return [model_store.brought_file(name, folder) for name in named]


def _command(data: Sequence[Path], folder: Path, base: Path) -> list[str]:
    program = [sys.executable, "-m", "containers.inference.training"]
    files = ["--data", *map(str, data)] if data else []
    feedback = ["--feedback", str(folder / "feedback.csv"), "--work", str(folder / "work")]
    champion = ["--champion", str(base)] if (base / MANIFEST).exists() else []
    output = ["--base", str(base), "--output", str(folder / "model")]
    return [*program, *files, *feedback, *output, *champion, *shlex.split(settings().training_options)]


def _watched(telling: Telling, command: Sequence[str], work: _Work | None = None) -> None:
    """Run the trainer to its end, and tell meanwhile. Raises CameToNothing, RunEnded, Stopped."""
    with _process(command) as trainer:
        said: queue.Queue[str | None] = queue.Queue()
        complaints: deque[str] = deque(maxlen=LOG_LINES)
        assert trainer.stdout, trainer.stderr
        threading.Thread(target=_read, args=(trainer.stdout, said), daemon=True).start()
        complaining = threading.Thread(target=_keep, args=(trainer.stderr, complaints), daemon=True)
        complaining.start()
        for line in _lines(telling, said):
            telling.note(line)
            print(line, flush=True)  # noqa: T201 - progress of a command
            _keep_work(telling, work)
        code = trainer.wait()
        complaining.join()
    telling.tell()
    if code < 0:
        raise CameToNothing("trainer-killed", signal=-code)
    if code:
        raise CameToNothing(_ENDINGS.get(code, "trainer-broken"), exit=code, exception=_exception_named(complaints))


def _keep_work(telling: Telling, work: _Work | None) -> None:
    """A checkpoint that cannot be copied now is copied with the next line, and is no reason to stop."""
    try:
        if work:
            work.keep()
    except OSError as error:
        telling.note(f"the checkpoint was not copied: {type(error).__name__}")


def _lines(telling: Telling, said: "queue.Queue[str | None]") -> Iterator[str]:
    """The trainer's lines until it says no more; the run's row is told in between."""
    told_at = now()
    while True:
        try:
            line = said.get(timeout=HEARTBEAT_SECONDS)
            if line is None:
                return
            yield line
        except queue.Empty:
            pass
        if (now() - told_at).total_seconds() >= HEARTBEAT_SECONDS:
            telling.tell()
            told_at = now()


@contextmanager
def _process(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """The trainer, which does not outlive the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as trainer:  # noqa: S603
        try:
            yield trainer
        finally:
            _end(trainer)


def _end(trainer: "subprocess.Popen[str]") -> None:
    if trainer.poll() is not None:
        return
    trainer.terminate()
    try:
        trainer.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        trainer.kill()


def _read(stream: IO[str], said: "queue.Queue[str | None]") -> None:
    for line in stream:
        said.put(line.rstrip())
    said.put(None)


def _keep(stream: IO[str], complaints: deque[str]) -> None:
    complaints.extend(line.rstrip() for line in stream)


def _exception_named(complaints: Sequence[str]) -> str:
    """The class of what ended the trainer: its message may quote what somebody wrote, and stays here."""
    names = [found[0] for line in complaints if (found := re.match(r"[A-Za-z_][\w.]*(?=: |$)", line))]
    return names[-1] if names else "unknown"


def _stop(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped
