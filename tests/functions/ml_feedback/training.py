"""Runs, feedback and Cloud Run for the tests of retraining."""

import csv
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.environment import RETRAIN_JOB, ROOT
from dev.ports import free_ports
from shared.clock import now
from shared.database.models.analysis import Label
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.learning import MLFeedback, RunStatus, RunTrigger, TrainingRun
from shared.database.transaction import transaction
from tests.functions.ml_feedback.analyses import add_analysis
from tests.people import Pair, add_pair, rows
from tests.waiting import until

_WRITES_DOWN: Final = (
    "import pathlib, sys; pathlib.Path(sys.argv[1], sys.argv[2][9:]).write_text(' '.join(sys.argv[2:]))"
)


class Jobs:
    """Cloud Run's double as a process; its job writes down how it was called, where nothing else is said."""

    def __init__(self, folder: Path, command: Sequence[str] = ()) -> None:
        self.folder = folder
        port = free_ports(["cloud_run"])["cloud_run"]
        self.url = f"http://127.0.0.1:{port}"
        writes_down = (sys.executable, "-c", _WRITES_DOWN, str(folder))
        job = ("--job", RETRAIN_JOB, "--", *(command or writes_down))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dev.cloud_run_double", "--port", str(port), *job], cwd=ROOT
        )
        until(self._is_up)

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health").status_code == 200
        except httpx.HTTPError:
            return False

    def arguments(self, run_id: UUID) -> list[str]:
        """What the job of a run was given."""
        path = self.folder / str(run_id)
        return until(lambda: path.read_text().split() if path.exists() else [])

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)


@transaction
def add_run(db: Database, status: RunStatus = RunStatus.RUNNING, *, at: datetime | None = None, days: int = 30) -> UUID:
    """A run that began, or was to begin, at this moment."""
    moment = at or now()
    ended = status in (RunStatus.SUCCEEDED, RunStatus.FAILED)
    run = TrainingRun(
        id=uuid4(),
        status=status,
        trigger=RunTrigger.SCHEDULE,
        feedback_days=days,
        created_at=moment,
        started_at=None if status is RunStatus.QUEUED else moment,
        heartbeat_at=None if status is RunStatus.QUEUED else moment,
        finished_at=moment if ended else None,
    )
    db.add(run)
    return run.id


def run_row(run_id: UUID) -> TrainingRun:
    """The row as it is now."""
    [found] = rows(select(TrainingRun).where(TrainingRun.id == run_id))
    return found


@transaction
def agree(db: Database, pair: Pair) -> None:
    """The patient agrees that models learn from what they wrote."""
    db.add(Consent(user_id=pair.patient.id, kind=ConsentKind.TRAINING, document_version="1"))


@transaction
def answer(
    db: Database, pair: Pair, analysis_id: UUID, corrected: Label | None = None, *, at: datetime | None = None
) -> UUID:
    """The therapist's answer to an analysis."""
    feedback = MLFeedback(
        id=uuid4(),
        analysis_id=analysis_id,
        therapist_id=pair.therapist.id,
        is_correct=corrected is None,
        corrected_label=corrected,
        created_at=at or now(),
        updated_at=at or now(),
    )
    db.add(feedback)
    return feedback.id


def add_feedback(count: int, pair: Pair | None = None, *, at: datetime | None = None) -> Pair:
    """So many confirmations by one therapist of a patient who agrees."""
    judged = pair or add_pair()
    if pair is None:
        agree(judged)
    for number in range(count):
        answer(judged, add_analysis(judged, body=f"deadline after deadline {number}"), at=at)
    return judged


def made_up_posts(folder: Path) -> Path:
    """A CSV file of texts whose words tell the label: enough of each to be measured by."""
    chance, path = random.Random(3), folder / "posts.csv"
    words = {"Normal": "lunch film dog", "Suicidal": "die kill end", "Stress": "deadline boss", "Anxiety": "worry fear"}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "label"])
        for label, topic in words.items():
            for number in range(60):
                text = " ".join(chance.choice(["i", "the", "my", *topic.split()]) for _ in range(chance.randint(4, 30)))
                writer.writerow([number, text, label])
    return path
