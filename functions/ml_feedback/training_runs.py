"""POST /api/ml/retrain and what became of it: one training at a time, told by the job itself."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from pydantic import Field
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.learning import MLFeedback, RunStatus, RunTrigger, TrainingRun
from shared.database.transaction import expect_unique, transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, NotFound
from shared.roles import administrators, scheduler
from shared.session import Caller
from shared.settings import settings

from . import training_job
from .pages import PageQuery, page_of

routes = Routes()

UNFINISHED: Final = (RunStatus.QUEUED, RunStatus.RUNNING)
SILENT_AFTER: Final = timedelta(minutes=3)
"""The job says every few seconds that it lives: who was silent for so long was killed."""
STARTS_WITHIN: Final = timedelta(minutes=20)
"""Cloud Run may look for a machine for a while."""
NOT_STARTED: Final = "not-started"
KILLED: Final = "killed"


class TrainingUnderWay(Conflict):
    """One training at a time; `runId` names the one that runs."""

    title = "A training is under way already"


class TooLittleFeedback(Conflict):
    """A model that learns from a handful of answers learns their givers' habits."""

    title = "There is not enough feedback to train on yet"


class Retrain(Schema):
    """Which feedback to learn from: that of the last days."""

    feedback_days: Annotated[int, Field(ge=1, le=365)] = 30


class ShownRun(Schema):
    """A training run. `error` is a code; `examples` are the answers it learnt from."""

    id: UUID
    status: RunStatus
    trigger: RunTrigger
    requested_by: UUID | None
    feedback_days: int
    execution: str | None
    stage: str | None
    examples: int | None
    metrics: dict[str, Any]
    error: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None


class RunInFull(ShownRun):
    """The same with the last lines of its log, which hold counts and scores and no text of anybody's."""

    log: list[str]


class ScheduledRun(Schema):
    """What the weekly call began, or why it did not: `under-way` or `too-little-feedback`."""

    run_id: UUID | None = None
    reason: str | None = None


class TrainingRuns(Schema):
    """A page, the latest first."""

    items: list[ShownRun]
    next_cursor: str | None


@routes.endpoint(
    "POST /api/ml/retrain", allow=administrators, limit=Limit("retrain", 10, per=3600), status=202, once=True
)
def retrain(caller: Caller, wanted: Retrain) -> ShownRun:
    """Begin a training now, and ask later what it comes to; of one under way the 409 tells the `runId`."""
    return begun(RunTrigger.ADMINISTRATOR, wanted.feedback_days, caller.user_id)


@routes.endpoint("POST /api/internal/ml/retrain", allow=scheduler)
def retrain_weekly(wanted: Retrain) -> ScheduledRun:
    """Begin the training of the week, unless one is under way or there is too little to learn from."""
    try:
        return ScheduledRun(run_id=begun(RunTrigger.SCHEDULE, wanted.feedback_days, None).id)
    except TrainingUnderWay:
        return ScheduledRun(reason="under-way")
    except TooLittleFeedback:
        return ScheduledRun(reason="too-little-feedback")


@routes.endpoint("GET /api/ml/training-runs", allow=administrators, limit=Limit("training-runs", 120, per=60))
def show_training_runs(query: PageQuery) -> TrainingRuns:
    """All of them, a page at a time."""
    return runs_of(query)


@routes.endpoint("GET /api/ml/training-runs/{id}", allow=administrators, limit=Limit("training-run", 240, per=60))
def show_training_run(id: UUID) -> RunInFull:
    """One, with the end of its log."""
    return run_of(id)


def begun(trigger: RunTrigger, feedback_days: int, requested_by: UUID | None) -> ShownRun:
    """Keep a run and have Cloud Run start it. Raises TrainingUnderWay, TooLittleFeedback, TrainingAway."""
    try:
        run_id = queued(trigger, feedback_days, requested_by)
    except TrainingUnderWay as met:
        if met.detail:
            raise
        run_id = queued(trigger, feedback_days, requested_by)  # the one that came first can be named by now
    try:
        execution = training_job.start(run_id, feedback_days)
    except training_job.TrainingAway:
        lost(run_id, NOT_STARTED)
        raise
    return started_as(run_id, execution)


@transaction
def queued(db: Database, trigger: RunTrigger, feedback_days: int, requested_by: UUID | None) -> UUID:
    """Keep the run. Raises TrainingUnderWay, TooLittleFeedback."""
    running = db.scalar(select(TrainingRun.id).where(TrainingRun.status.in_(UNFINISHED)))
    if running is not None:
        raise TrainingUnderWay(f"Training run {running} has not finished", members={"runId": str(running)})
    _require_enough(db, feedback_days)
    run = TrainingRun(
        id=uuid4(), trigger=trigger, requested_by=requested_by, feedback_days=feedback_days, created_at=now()
    )
    with expect_unique(db, "uq_training_run_unfinished", TrainingUnderWay):
        db.add(run)
    audit.record(db, Action.TRAINING_STARTED, resource=("training_run", run.id), details={"trigger": trigger})
    return run.id


@transaction
def started_as(db: Database, run_id: UUID, execution: str) -> ShownRun:
    """Note by which name Cloud Run knows the run."""
    run = db.get_one(TrainingRun, run_id)
    run.execution = execution
    return ShownRun(**_shown(run))


@transaction
def lost(db: Database, run_id: UUID, why: str) -> None:
    """Mark a run that will never say how it ended, unless it has."""
    changed = update(TrainingRun).where(TrainingRun.id == run_id, TrainingRun.status.in_(UNFINISHED))
    ended = changed.values(status=RunStatus.FAILED, error=why, finished_at=now()).returning(TrainingRun.id)
    if db.scalar(ended) is not None:
        audit.record(
            db, Action.TRAINING_LOST, resource=("training_run", run_id), outcome="failure", details={"why": why}
        )


def end_lost_runs() -> None:
    """What nobody has heard of for too long is marked, so that another can begin."""
    for run_id, why in silent_runs():
        lost(run_id, why)


@transaction
def silent_runs(db: Database) -> list[tuple[UUID, str]]:
    """Those that never began, and those that began and fell silent."""
    unfinished = select(TrainingRun).where(TrainingRun.status.in_(UNFINISHED))
    return [(run.id, why) for run in db.scalars(unfinished) if (why := _silent(run))]


@transaction
def runs_of(db: Database, asked: PageQuery) -> TrainingRuns:
    """Read a page. Raises Unprocessable for a cursor that is none of ours."""
    page, following = page_of(db, TrainingRun, TrainingRun.created_at, asked)
    return TrainingRuns(items=[ShownRun(**_shown(run)) for run in page], next_cursor=following)


@transaction
def run_of(db: Database, run_id: UUID) -> RunInFull:
    """Read one. Raises NotFound."""
    run = db.get(TrainingRun, run_id)
    if run is None:
        raise NotFound
    return RunInFull(**_shown(run), log=(run.log_tail or "").splitlines())


def _require_enough(db: Database, feedback_days: int) -> None:
    """Counted before anything is started; the job leaves out more (no consent, one voice too many) and says so."""
    since = now() - timedelta(days=feedback_days)
    found = db.scalar(select(func.count()).where(MLFeedback.updated_at >= since)) or 0
    if found < settings().retrain_min_feedback:
        wanted = settings().retrain_min_feedback
        raise TooLittleFeedback(f"{found} answers in {feedback_days} days; {wanted} are needed")


def _silent(run: TrainingRun) -> str | None:
    if run.status is RunStatus.QUEUED:
        return NOT_STARTED if run.created_at < now() - STARTS_WITHIN else None
    heard = run.heartbeat_at or run.started_at or run.created_at
    return KILLED if heard < now() - SILENT_AFTER else None


def _shown(run: TrainingRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in ShownRun.model_fields}
