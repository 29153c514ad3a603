"""What every minute does for a rollout: bring its challenger up, count, decide, and have Cloud Run follow."""

import functools
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared import inference
from shared.clock import now
from shared.database.models.analysis import Label
from shared.database.models.learning import ModelStatus, ModelVersion, Rollout, RolloutStatus
from shared.database.transaction import transaction
from shared.inference import Challenger, InferenceAway, ServedModel
from shared.rollout_policy import ENOUGH_ALERTS, HICCUP, PATIENCE, Decision, Move, Patience, decide
from shared.settings import settings
from shared.telemetry import log

from . import rollout_steps, served_revisions
from .rollout_evidence import Evidence, evidence_of
from .rollout_steps import DEPLOYED_OVER, NOT_DEPLOYED, Progress, RolloutMoved, progress_of
from .served_revisions import RevisionFailed, ServedRevision, ServingAway
from .shadow import ask_in_shadow

COMES_UP_WITHIN: Final = timedelta(minutes=20)
PATIENT_MS: Final = 10_000
"""For so long a model is waited for where no message waits: an instance may have to start first."""
ANOTHER_MODEL: Final = "another-model"


def tend_rollout() -> None:
    """Do what is due. Another tick, or an administrator, that was quicker has done it."""
    try:
        seen = unsettled()
        if seen is not None:
            follow(seen)
        seen = active()
        if seen is None:
            _keep_champion()
        elif seen.address is not None:
            _tend(seen, seen.address)
    except RolloutMoved:
        return


def follow(seen: Progress) -> None:
    """Have Cloud Run serve what the row says, a step at a time; where it is away, the next tick goes on.

    So does another tick that was quicker: whatever was committed before this stands.
    """
    try:
        if seen.status is RolloutStatus.ACTIVE:
            _bring_up(seen)
        elif _is_as_before(seen):
            rollout_steps.settle(seen)
    except RolloutMoved:
        return
    except ServingAway:
        log("serving-away", severity="WARNING", rolloutId=str(seen.id))


def judged(seen: Progress) -> tuple[Decision, Evidence]:
    """What follows from what both models did in the stage."""
    evidence = count(seen)
    return decide(seen.stage.percent, seen.stage.minutes, evidence.champion, evidence.challenger, patience()), evidence


@transaction
def count(db: Database, seen: Progress) -> Evidence:
    """Read it."""
    return evidence_of(db, seen.stage)


@transaction
def active(db: Database) -> Progress | None:
    """The rollout that moves, if there is one."""
    found = db.scalar(select(Rollout).where(Rollout.status == RolloutStatus.ACTIVE))
    return progress_of(db, found) if found else None


@transaction
def unsettled(db: Database) -> Progress | None:
    """The rollout that Cloud Run does not serve yet as its row says."""
    found = db.scalar(select(Rollout).where(Rollout.settled_at.is_(None)).order_by(Rollout.started_at).limit(1))
    return progress_of(db, found) if found else None


@transaction
def promoted(db: Database) -> Progress | None:
    """The rollout that made the champion what it is, and has left everything in order."""
    query = (
        select(ModelVersion, Rollout)
        .join(Rollout, Rollout.challenger_id == ModelVersion.id)
        .where(ModelVersion.status == ModelStatus.CHAMPION, Rollout.status == RolloutStatus.COMPLETED)
        .order_by(Rollout.started_at.desc())
        .limit(1)
    )
    found = db.execute(query).first()
    if found is None or found.Rollout.settled_at is None:
        return None
    return progress_of(db, found.Rollout)


def patience() -> dict[int, Patience]:
    """What each stage waits for."""
    return _patience(settings().rollout_patience)


def take(seen: Progress, decision: Decision, evidence: Evidence) -> Progress:
    """Do what follows, apart from what administrators decide. Raises RolloutMoved, ServingAway."""
    if decision.move is Move.RETURN:
        taken = rollout_steps.take_back(seen, decision.harms[0], decision, evidence)
        follow(taken)
        return taken
    if decision.move is Move.ADVANCE:
        return rollout_steps.advance(seen, decision, evidence)
    if decision.move is Move.FINISH and _is_served_to_all(seen):
        return rollout_steps.finish(seen, decision, evidence)
    return seen


def _tend(seen: Progress, address: str) -> None:
    challenger = Challenger(address, seen.stage.challenger)
    _keep_warm(challenger)
    if _is_deployed_over(seen):
        follow(rollout_steps.take_back(seen, DEPLOYED_OVER))
        return
    if seen.stage.percent == 0:
        ask_in_shadow(seen.stage, challenger)
    try:
        take(seen, *judged(seen))
    except ServingAway:
        log("serving-away", severity="WARNING", rolloutId=str(seen.id))


def _keep_champion() -> None:
    """A deployment names the model that its own settings know, which may be an older one."""
    kept = promoted()
    if kept is None:
        return
    try:
        named = served_revisions.deployed_model()
        if named != kept.model.variables:
            rollout_steps.note_put_back(kept, named.get("MODEL_PATH", "the image's own"))
            served_revisions.keep_model(kept.model.variables)
    except ServingAway:
        log("serving-away", severity="WARNING")


def _is_deployed_over(seen: Progress) -> bool:
    """Whether the challenger's place at Cloud Run is gone; where that cannot be asked, what was counted decides."""
    try:
        return seen.challenger is not None and not served_revisions.is_beside(seen.challenger)
    except ServingAway:
        return False


def _keep_warm(challenger: Challenger) -> None:
    """Cloud Run takes away an instance that nobody asks; few patients ask a challenger, and none is to wait for it."""
    if _model_at(challenger.address) is None:
        log("challenger-away", severity="WARNING", model=challenger.model_version)


def _bring_up(seen: Progress) -> None:
    if seen.stable is None or seen.challenger is None:
        named = ServedRevision(f"{served_revisions.service_name()}-c{seen.id.hex[:8]}", seen.model.variables)
        seen = rollout_steps.note_revisions(seen, served_revisions.standing(), named)
    assert seen.stable
    assert seen.challenger
    try:
        address = served_revisions.serve_beside(seen.stable.name, seen.challenger)
    except RevisionFailed:
        follow(rollout_steps.take_back(seen, NOT_DEPLOYED))
        return
    served = _model_at(address) if address else None
    if address and served and (served.version, served.labels) == (seen.stage.challenger, frozenset(Label)):
        rollout_steps.begin_shadow(seen, address)
    elif served or now() > seen.stage.rollout_began_at + COMES_UP_WITHIN:
        follow(rollout_steps.take_back(seen, ANOTHER_MODEL if served else NOT_DEPLOYED))


def _model_at(address: str) -> ServedModel | None:
    try:
        return inference.model_at(address, PATIENT_MS)
    except InferenceAway:
        return None


def _is_served_to_all(seen: Progress) -> bool:
    """Whether traffic has moved to the challenger; its own address stays until nobody is sent there any more."""
    assert seen.challenger
    return served_revisions.serve_alone(seen.challenger, seen.challenger.name, tagged=seen.challenger.name)


def _is_as_before(seen: Progress) -> bool:
    """Whether a rollout that ended has left one model for everybody: the challenger, or the one before it."""
    if seen.stable is None or seen.challenger is None:
        return True
    if seen.reason == DEPLOYED_OVER:
        return served_revisions.leave_to_deployment()
    if seen.status is RolloutStatus.COMPLETED:
        return served_revisions.serve_alone(seen.challenger, seen.challenger.name)
    back = ServedRevision(f"{served_revisions.service_name()}-b{seen.id.hex[:8]}", seen.stable.variables)
    return served_revisions.serve_alone(back, seen.stable.name)


@functools.cache
def _patience(given: str) -> dict[int, Patience]:
    named = {}
    for stage in filter(None, given.split(",")):
        percent, _, wanted = stage.partition("=")
        requests, minutes, *alerts = wanted.split("/")
        named[int(percent)] = Patience(
            int(requests),
            float(minutes),
            alerts=int(alerts[0]) if alerts else ENOUGH_ALERTS,
            errors_from=min(HICCUP, int(requests)),
        )
    return {**PATIENCE, **named}
