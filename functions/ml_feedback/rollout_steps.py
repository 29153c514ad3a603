"""What can happen to a rollout: each step is one transaction, with its evidence in the row and in the audit trail."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.learning import ModelStatus, ModelVersion, Rollout, RolloutStatus
from shared.database.transaction import transaction
from shared.problems import Conflict
from shared.roles import Role
from shared.rollout_policy import STAGES, Decision, Served
from shared.session import Caller
from shared.telemetry import log

from .rollout_evidence import Evidence, Stage
from .served_revisions import ServedRevision

ASKING_STANDS: Final = timedelta(hours=24)
"""For so long an administrator's wish for a step waits for a second one's."""
BY_HAND: Final = "by-hand"
NOT_DEPLOYED: Final = "not-deployed"
DEPLOYED_OVER: Final = "deployed-over"
"""Another deployment of the classifier took the challenger's address, or is to come after it."""
NO_FAULT_OF_THE_MODEL: Final = (NOT_DEPLOYED, DEPLOYED_OVER)


class SecondAdministratorNeeded(Conflict):
    """Whoever asked for a step cannot be the one who approves it."""

    title = "Somebody else has to approve this step"


class RolloutMoved(Conflict):
    """It was moved between being looked at and being acted on."""

    title = "The rollout was moved meanwhile; please look at it again"


@dataclass(frozen=True)
class Progress:
    """A rollout as it stands: its stage, the challenger's address once it has one, and what Cloud Run has to know."""

    id: UUID
    version: int
    status: RolloutStatus
    reason: str | None
    """A code, where it was taken back."""
    stage: Stage
    address: str | None
    stable: ServedRevision | None
    challenger: ServedRevision | None
    model: ServedRevision
    """The challenger's model, by the name of its version."""
    is_settled: bool


def progress_of(db: Database, rollout: Rollout) -> Progress:
    """Read what belongs to a rollout."""
    champion, challenger = (
        db.get_one(ModelVersion, rollout.champion_id),
        db.get_one(ModelVersion, rollout.challenger_id),
    )
    serving = rollout.serving or {}
    return Progress(
        id=rollout.id,
        version=rollout.version,
        status=rollout.status,
        reason=rollout.reason,
        stage=_stage(rollout, champion.name, challenger.name),
        address=rollout.address,
        stable=ServedRevision(**serving["stable"]) if serving else None,
        challenger=ServedRevision(**serving["challenger"]) if serving else None,
        model=ServedRevision(challenger.name, variables_of(challenger)),
        is_settled=rollout.settled_at is not None,
    )


@transaction
def note_revisions(db: Database, seen: Progress, stable: ServedRevision, challenger: ServedRevision) -> Progress:
    """Keep which revisions there are before anything is asked of Cloud Run. Raises RolloutMoved."""
    rollout = _as_seen(db, seen)
    rollout.serving = {"stable": asdict(stable), "challenger": asdict(challenger)}
    return progress_of(db, rollout)


@transaction
def begin_shadow(db: Database, seen: Progress, address: str) -> Progress:
    """The challenger answers at its address: from now on it is asked beside the champion. Raises RolloutMoved."""
    rollout = _as_seen(db, seen)
    rollout.address, rollout.stage_started_at, rollout.settled_at = address, now(), now()
    _note(db, rollout, Action.ROLLOUT_ADVANCED, {"move": "shadow", "from": None, "to": 0})
    return progress_of(db, rollout)


@transaction
def advance(db: Database, seen: Progress, decision: Decision, evidence: Evidence) -> Progress:
    """The next stage begins. Raises RolloutMoved."""
    rollout = _as_seen(db, seen)
    _move(db, rollout, Action.ROLLOUT_ADVANCED, seen.stage, decision, evidence)
    return progress_of(db, rollout)


@transaction
def ask_or_approve(db: Database, seen: Progress, caller: Caller, decision: Decision, evidence: Evidence) -> Progress:
    """One administrator asks for a step, another approves it. Raises SecondAdministratorNeeded, RolloutMoved."""
    rollout = _as_seen(db, seen)
    asker = _standing_asker(db, rollout)
    if asker is None:
        rollout.asked_by, rollout.asked_at = caller.user_id, now()
        _note(db, rollout, Action.ROLLOUT_ASKED, _facts(seen.stage, decision, evidence))
    elif asker == caller.user_id:
        raise SecondAdministratorNeeded
    else:
        rollout.approved_by = caller.user_id
        _move(db, rollout, Action.ROLLOUT_APPROVED, seen.stage, decision, evidence)
    return progress_of(db, rollout)


@transaction
def finish(db: Database, seen: Progress, decision: Decision, evidence: Evidence) -> Progress:
    """The challenger is the champion from now on. Raises RolloutMoved."""
    rollout = _as_seen(db, seen)
    rollout.status, rollout.finished_at, rollout.settled_at = RolloutStatus.COMPLETED, now(), None
    _crown(db, rollout.challenger_id, instead_of=rollout.champion_id, loser=ModelStatus.RETIRED)
    _note(db, rollout, Action.ROLLOUT_COMPLETED, _facts(seen.stage, decision, evidence))
    return progress_of(db, rollout)


@transaction
def take_back(
    db: Database, seen: Progress, reason: str, decision: Decision | None = None, evidence: Evidence | None = None
) -> Progress:
    """Everybody is answered by the champion again, at once. Raises RolloutMoved.

    `reason` is a code. The last rollout that was completed is undone: who was champion before it is so again.
    """
    rollout = _as_seen(db, seen)
    if rollout.status is RolloutStatus.ACTIVE:
        _dismiss(db, rollout, reason)
    else:
        _uncrown(db, rollout)
    facts = _facts(seen.stage, decision, evidence) if decision and evidence else {"move": "return"}
    facts |= {"from": rollout.percent, "to": 0, "reason": reason}
    rollout.status, rollout.reason, rollout.percent = RolloutStatus.ROLLED_BACK, reason, 0
    rollout.finished_at, rollout.settled_at = now(), None
    _note(db, rollout, Action.ROLLOUT_RETURNED, facts)
    log("rollout-returned", severity="WARNING", rolloutId=str(rollout.id), reason=reason)
    return progress_of(db, rollout)


@transaction
def settle(db: Database, seen: Progress) -> None:
    """Cloud Run serves what the row says. Raises RolloutMoved."""
    _as_seen(db, seen).settled_at = now()


@transaction
def note_put_back(db: Database, seen: Progress, instead: str) -> None:
    """The champion that this rollout made is to serve again, where a deployment named another model."""
    details = {"model": seen.model.name, "instead": instead}
    audit.record(db, Action.MODEL_PUT_BACK, resource=("rollout", seen.id), details=details)
    log("model-put-back", severity="WARNING", model=seen.model.name)


def _dismiss(db: Database, rollout: Rollout, reason: str) -> None:
    """What nothing speaks against may be tried again: it stays a candidate, with its verdict."""
    challenger = db.get_one(ModelVersion, rollout.challenger_id)
    if reason in NO_FAULT_OF_THE_MODEL or (reason == BY_HAND and rollout.percent == 0):
        challenger.status = ModelStatus.CANDIDATE
    else:
        challenger.status, challenger.retired_at = ModelStatus.REJECTED, now()


def _uncrown(db: Database, rollout: Rollout) -> None:
    """Undo a completed rollout, unless it is undone, or another has followed it. Raises RolloutMoved."""
    crowned = db.get_one(ModelVersion, rollout.challenger_id)
    moving = db.scalar(select(Rollout.id).where(Rollout.status == RolloutStatus.ACTIVE))
    if rollout.status is not RolloutStatus.COMPLETED or crowned.status is not ModelStatus.CHAMPION or moving:
        raise RolloutMoved
    _crown(db, rollout.champion_id, instead_of=rollout.challenger_id, loser=ModelStatus.REJECTED)
    # Who serves is what this one says from now on, whatever Cloud Run was still about to do for those that followed.
    db.execute(update(Rollout).where(Rollout.settled_at.is_(None), Rollout.id != rollout.id).values(settled_at=now()))


def _as_seen(db: Database, seen: Progress) -> Rollout:
    rollout = db.get_one(Rollout, seen.id, with_for_update=True)
    if rollout.version != seen.version:
        raise RolloutMoved
    rollout.version += 1
    return rollout


def _move(db: Database, rollout: Rollout, action: Action, stage: Stage, decision: Decision, evidence: Evidence) -> None:
    _note(db, rollout, action, _facts(stage, decision, evidence))
    rollout.percent, rollout.stage_started_at = decision.percent, now()
    if decision.percent != STAGES[-1]:
        rollout.asked_by = rollout.asked_at = rollout.approved_by = None  # the next step wants two of its own


def _note(db: Database, rollout: Rollout, action: Action, facts: dict[str, Any]) -> None:
    """The evidence stays with the rollout, and whoever decided with the trail; nobody, where time did."""
    by = audit.acting.get().user_id
    rollout.evidence = [*rollout.evidence, {"at": now().isoformat(), "by": str(by) if by else None, **facts}]
    audit.record(db, action, resource=("rollout", rollout.id), details={name: _told(facts[name]) for name in facts})


def _facts(stage: Stage, decision: Decision, evidence: Evidence) -> dict[str, Any]:
    return {
        "move": str(decision.move),
        "from": stage.percent,
        "to": decision.percent,
        "stageBeganAt": stage.began_at.isoformat(),
        "harms": [str(harm) for harm in decision.harms],
        "alertsMissing": decision.alerts_missing,
        "champion": counts_of(evidence.champion),
        "challenger": counts_of(evidence.challenger),
    }


def counts_of(served: Served) -> dict[str, Any]:
    """What a model did, as JSON keeps it."""
    return {
        "requests": served.requests,
        "errors": served.errors,
        "p99Ms": served.p99_ms,
        "flagged": served.flagged,
        "judged": served.judged,
        "disagreed": served.disagreed,
        "slow": served.slow,
        "flaggedAlone": served.flagged_alone,
        "disagreedAlone": served.disagreed_alone,
    }


def _told(fact: Any) -> str | list[str]:
    if isinstance(fact, dict):
        return ", ".join(f"{name} {value}" for name, value in fact.items() if value is not None)
    return fact if isinstance(fact, list) else str(fact)


def _standing_asker(db: Database, rollout: Rollout) -> UUID | None:
    """Who asked for the step, within the day and still an administrator."""
    if rollout.asked_by is None or rollout.asked_at is None or rollout.asked_at + ASKING_STANDS <= now():
        return None
    query = select(User.id).where(
        User.id == rollout.asked_by, User.role == Role.ADMINISTRATOR, User.status == UserStatus.ACTIVE
    )
    return db.scalar(query)


def _crown(db: Database, model_id: UUID, *, instead_of: UUID, loser: ModelStatus) -> None:
    """There is one champion at any moment: the one goes before the other comes."""
    before = db.get_one(ModelVersion, instead_of)
    before.status, before.retired_at = loser, now()
    db.flush()
    model = db.get_one(ModelVersion, model_id)
    model.status, model.promoted_at, model.retired_at = ModelStatus.CHAMPION, now(), None


def _stage(rollout: Rollout, champion: str, challenger: str) -> Stage:
    return Stage(
        rollout_id=rollout.id,
        percent=rollout.percent,
        champion=champion,
        challenger=challenger,
        rollout_began_at=rollout.started_at,
        began_at=rollout.stage_started_at,
        before_began_at=_before(rollout),
    )


def _before(rollout: Rollout) -> datetime:
    """When the stage before this one began."""
    began = [entry["stageBeganAt"] for entry in rollout.evidence if entry.get("to") == STAGES[-1]]
    return datetime.fromisoformat(began[-1]) if began else rollout.started_at


def variables_of(model: ModelVersion) -> dict[str, str]:
    """What a revision is told to serve this model."""
    return {"MODEL_PATH": model.artifact_uri, "MODEL_MANIFEST_SHA256": bytes(model.artifact_sha256).hex()}
