"""GET /api/ml/rollouts, and how one goes on or back: a model that did better goes to all patients a few at a time."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.models.learning import Rollout, RolloutStatus
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, NotFound
from shared.roles import administrators
from shared.rollout_policy import Decision, Move, stage_after
from shared.session import Caller

from . import rollout_steps
from .rollout_steps import BY_HAND, Progress, RolloutMoved, counts_of, progress_of
from .rollout_tending import active, follow, judged, take

routes = Routes()

LATEST: Final = 20


class NoRollout(NotFound):
    """None moves, or none has this id."""

    title = "There is no rollout"


class StepTooEarly(Conflict):
    """The stage has not lasted, or not seen, enough; the detail says what is missing."""

    title = "It is too early for the next step"


class Counts(Schema):
    """What a model did in a stage; the latency in milliseconds.

    `slow` answers took longer than the champion's 99th percentile allows. What is `alone` is known of the same messages
    in the shadow: what this model flagged, or was wrong about, and the other was not. Null: not counted there.
    """

    requests: int
    errors: int
    p99_ms: float
    flagged: int
    judged: int
    disagreed: int
    slow: int | None
    flagged_alone: int | None
    disagreed_alone: int | None


class Outlook(Schema):
    """What would follow now, by what both models have done in the stage so far.

    `alertsMissing` is how many more messages the champion would have to flag for alerts to be compared; where nothing
    else is missing, two administrators may take the step by hand: one asks for it, another approves it.
    """

    move: Move
    percent: int
    harms: list[str]
    requests_missing: int
    minutes_missing: float
    alerts_missing: int
    champion: Counts
    challenger: Counts


class ShownRollout(Schema):
    """A rollout. `evidence` holds each decision with what it was taken on; `percent` 0 is the shadow.

    `version` counts its moves: who takes a step or takes it back names the one that they looked at.
    """

    id: UUID
    version: int
    champion_id: UUID
    challenger_id: UUID
    status: RolloutStatus
    percent: int
    is_up: bool
    """Whether the challenger answers."""
    is_settled: bool
    """Whether Cloud Run serves what this says."""
    reason: str | None
    evidence: list[dict[str, Any]]
    started_by: UUID
    asked_by: UUID | None
    approved_by: UUID | None
    started_at: datetime
    stage_started_at: datetime
    finished_at: datetime | None


class RolloutInFull(ShownRollout):
    """The same with what would follow now."""

    outlook: Outlook | None


class SeenRollout(Schema):
    """The rollout that is meant, and the version of it that was looked at."""

    rollout_id: UUID
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Rollouts(Schema):
    """The latest first."""

    items: list[ShownRollout]


@routes.endpoint("GET /api/ml/rollouts", allow=administrators, limit=Limit("rollouts", 120, per=60))
def show_rollouts() -> Rollouts:
    """The latest 20."""
    return latest()


@routes.endpoint("GET /api/ml/rollouts/current", allow=administrators, limit=Limit("rollout", 120, per=60))
def show_rollout() -> RolloutInFull:
    """The one that moves, with its evidence of this moment. Raises NoRollout."""
    seen = _active()
    outlook = _outlook(seen) if seen.address else None
    return RolloutInFull(**shown(seen.id).model_dump(by_alias=False), outlook=outlook)


@routes.endpoint(
    "POST /api/ml/rollouts/advance", allow=administrators, limit=Limit("advance-rollout", 30, per=60), fresh=True
)
def advance_rollout(caller: Caller, meant: SeenRollout) -> ShownRollout:
    """Take the next step now, if it is due. The last one, and one that only alerts are missing for, wants two.

    The first asks for it, another approves it: the step is that of the version looked at, so that nobody approves what
    they have not seen asked for. Raises NoRollout, RolloutMoved, StepTooEarly.
    """
    seen = _active()
    if (seen.id, seen.version) != (meant.rollout_id, meant.version):
        raise RolloutMoved
    if seen.address is None:
        raise StepTooEarly("The challenger does not answer yet")
    decision, evidence = judged(seen)
    if decision.waits_for_alerts_alone:
        decision = replace(decision, move=Move.ASK, percent=stage_after(decision.percent))
    if decision.move is Move.STAY:
        raise StepTooEarly(_missing(decision))
    if decision.move is Move.ASK:
        rollout_steps.ask_or_approve(seen, caller, decision, evidence)
    else:
        take(seen, decision, evidence)
    return shown(seen.id)


@routes.endpoint("POST /api/ml/rollouts/rollback", allow=administrators, limit=Limit("roll-back", 30, per=60))
def roll_back(meant: SeenRollout) -> ShownRollout:
    """Have the champion answer everybody again, whatever the evidence; after the end, undo the last rollout.

    It is named, so that two who act at once take back one rollout, and not the one before it too.
    Raises NoRollout, RolloutMoved.
    """
    seen = named(meant.rollout_id)
    if seen.version != meant.version:
        raise RolloutMoved
    follow(rollout_steps.take_back(seen, BY_HAND))
    return shown(seen.id)


@transaction
def named(db: Database, rollout_id: UUID) -> Progress:
    """Read one. Raises NoRollout."""
    found = db.get(Rollout, rollout_id)
    if found is None:
        raise NoRollout
    return progress_of(db, found)


@transaction
def latest(db: Database) -> Rollouts:
    """Read them."""
    found = db.scalars(select(Rollout).order_by(Rollout.started_at.desc(), Rollout.id).limit(LATEST))
    return Rollouts(items=[_shown(rollout) for rollout in found])


@transaction
def shown(db: Database, rollout_id: UUID) -> ShownRollout:
    """Read one."""
    return _shown(db.get_one(Rollout, rollout_id))


def _active() -> Progress:
    seen = active()
    if seen is None:
        raise NoRollout
    return seen


def _outlook(seen: Progress) -> Outlook:
    decision, evidence = judged(seen)
    return Outlook(
        move=decision.move,
        percent=decision.percent,
        harms=list(decision.harms),
        requests_missing=decision.requests_missing,
        minutes_missing=round(decision.minutes_missing, 1),
        alerts_missing=decision.alerts_missing,
        champion=Counts.model_validate(counts_of(evidence.champion)),
        challenger=Counts.model_validate(counts_of(evidence.challenger)),
    )


def _missing(decision: Decision) -> str:
    missing = f"{decision.requests_missing} requests and {decision.minutes_missing:.0f} minutes are missing"
    return f"{missing}, and {decision.alerts_missing} alerts" if decision.alerts_missing else missing


def _shown(rollout: Rollout) -> ShownRollout:
    named = set(ShownRollout.model_fields) - {"is_up", "is_settled"}
    return ShownRollout(
        **{name: getattr(rollout, name) for name in named},
        is_up=rollout.address is not None,
        is_settled=rollout.settled_at is not None,
    )
