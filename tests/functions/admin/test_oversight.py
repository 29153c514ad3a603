"""What people have to look after is counted with the fleet: late reviews, therapists' answers, a model that drifts."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.learning import DriftReport, MLFeedback
from shared.database.models.trust import BreakGlassGrant
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.admin.test_fleet import PATH, fleet, forget_figures
from tests.functions.internal_calls import InternalCalls
from tests.functions.ml_feedback.analyses import kept_analysis
from tests.people import Pair, add_pair, add_person
from tests.shared.recorded import Recorded, recording


def oversight() -> Any:
    """The slice, as the function loaded it."""
    return fleet().oversight


@pytest.fixture
def recorded(admin: FlaskClient) -> Iterator[Recorded]:
    with recording() as found:
        forget_figures()
        yield found


@pytest.fixture
def counts(admin: FlaskClient, product: LocalCloud) -> InternalCalls:
    return InternalCalls(admin, product)


def add_grant(due: timedelta, *, reviewed: bool = False) -> None:
    """One whose review is due so long from now."""
    roles = (Role.ADMINISTRATOR, Role.ADMINISTRATOR, Role.PATIENT)
    keep_grant([add_person(role).id for role in roles], due, reviewed=reviewed)


@transaction
def keep_grant(db: Database, people: list[UUID], due: timedelta, *, reviewed: bool) -> None:
    officer, administrator, patient = people
    moment = now()
    began = moment + due - timedelta(hours=72)
    db.add(
        BreakGlassGrant(
            administrator_id=administrator,
            patient_id=patient,
            reason_code="treatment",
            reason=b"sealed",
            granted_at=began,
            expires_at=began + timedelta(hours=1),
            ended_at=began + timedelta(minutes=30),
            review_due_at=moment + due,
            reviewed_at=moment if reviewed else None,
            reviewed_by=officer if reviewed else None,
            review_outcome="justified" if reviewed else None,
            review_note=b"sealed" if reviewed else None,
        )
    )


@transaction
def add_answer(db: Database, pair: Pair, *, right: bool, age: timedelta) -> None:
    answer = MLFeedback(analysis_id=kept_analysis(db, pair), therapist_id=pair.therapist.id, is_correct=right)
    answer.created_at = now() - age
    db.add(answer)


@transaction
def add_report(db: Database, week: date, version: str, verdicts: dict[str, str]) -> None:
    measures = {name: {"verdict": verdict} for name, verdict in verdicts.items()}
    db.add(DriftReport(id=uuid4(), week_start=week, model_version=version, texts=300, measures=measures))


def test_reviews_are_overdue_once_their_time_is_over(counts: InternalCalls, recorded: Recorded) -> None:
    add_grant(timedelta(hours=-1))
    add_grant(timedelta(hours=1))
    add_grant(timedelta(hours=-1), reviewed=True)
    counts.tick(PATH)
    assert recorded.value("bloom_break_glass_reviews_overdue") == 1


def test_therapists_answers_of_a_month_are_counted(counts: InternalCalls, recorded: Recorded) -> None:
    pair = add_pair()
    add_answer(pair, right=True, age=timedelta(days=1))
    add_answer(pair, right=True, age=timedelta(days=29))
    add_answer(pair, right=False, age=timedelta(days=2))
    add_answer(pair, right=False, age=timedelta(days=31))
    counts.tick(PATH)
    assert recorded.value("bloom_model_answers_last_month", verdict="confirmed") == 2
    assert recorded.value("bloom_model_answers_last_month", verdict="corrected") == 1


def test_the_latest_week_says_what_drifted_for_any_version(counts: InternalCalls, recorded: Recorded) -> None:
    add_report(date(2026, 11, 2), "a", {"language": "drifted", "label": "drifted"})
    add_report(date(2026, 11, 9), "a", {"label": "steady", "words": "drifted"})
    add_report(date(2026, 11, 9), "b", {"label": "drifted", "words": "too-few"})
    counts.tick(PATH)
    found = {measure: recorded.value("bloom_model_drifted", measure=measure) for measure in oversight().MEASURES}
    assert found == {"label": 1, "words": 1, "confidence": 0, "language": 0}
    assert {measure.name for measure in oversight().SHOWN} <= set(fleet()._latest._figures)
