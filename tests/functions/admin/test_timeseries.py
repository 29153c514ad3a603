"""One number by day, none left out, days as UTC has them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit_actions import Action
from shared.clock import held_at
from shared.database.models.accounts import User
from shared.database.models.analysis import Label
from shared.database.models.learning import MLFeedback
from shared.database.transaction import transaction
from tests.functions.admin.test_statistics import _risk_event
from tests.functions.ml_feedback.analyses import add_analysis
from tests.people import As, Pair, Person, add_pair, add_person

URL = "/api/admin/timeseries"
FIRST = date(2031, 3, 1)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2031, 3, day, hour, tzinfo=UTC)


def series(asking: As, metric: str, until: date = date(2031, 3, 4)) -> list[float | None]:
    answer = asking.get(URL, metric=metric, **{"from": FIRST.isoformat(), "to": until.isoformat()})
    assert answer.status_code == 200
    points = answer.get_json()["points"]
    expected = [(FIRST + timedelta(days=number)).isoformat() for number in range(len(points))]
    assert [point["date"] for point in points] == expected
    return [point["value"] for point in points]


@transaction
def signed_up(db: Database, person: Person, moment: datetime) -> None:
    db.get_one(User, person.id).created_at = moment


@transaction
def signed_in(db: Database, outcome: Any = "success") -> None:
    audit.record(db, Action.SESSION_SIGNED_IN, outcome=outcome)


@transaction
def answered(db: Database, pair: Pair, analysis_id: Any, correct: bool, moment: datetime) -> None:
    db.add(
        MLFeedback(
            analysis_id=analysis_id,
            therapist_id=pair.therapist.id,
            is_correct=correct,
            corrected_label=None if correct else Label.NORMAL,
            created_at=moment,
        )
    )


@transaction
def worried(db: Database, pair: Pair, moment: datetime) -> None:
    from shared.database.models.messaging import Message

    message = db.query(Message).order_by(Message.seq.desc()).first()
    assert message is not None
    found = _risk_event(pair, message)
    found.opened_at = moment
    db.add(found)


def test_sign_ups_by_the_days_of_utc(asking: As) -> None:
    for moment in (at(1, 0), at(1, 23), at(3, 0), at(5)):
        signed_up(add_person(), moment)
    assert series(asking, "sign-ups") == [2, 0, 1, 0]


def test_sessions_are_sign_ins_that_succeeded(asking: As) -> None:
    for outcome, day in (("success", 2), ("success", 2), ("failure", 2), ("success", 4)):
        moment = at(day)
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            signed_in(outcome)
    assert series(asking, "sessions") == [0, 2, 0, 1]


def test_messages_risk_and_accuracy(asking: As) -> None:
    pair = add_pair()
    for day, correct in ((1, True), (1, False), (2, True), (2, False), (2, False), (4, True)):
        analysis_id = add_analysis(pair, at=at(day))
        answered(pair, analysis_id, correct, at(day))
        worried(pair, at(day))
    assert series(asking, "messages") == [2, 3, 0, 1]
    assert series(asking, "risk-events") == [2, 3, 0, 1]
    assert series(asking, "model-accuracy") == [50, 33.33, None, 100]


def test_without_days_the_last_thirty_are_told(asking: As) -> None:
    points = asking.get(URL, metric="messages").get_json()["points"]
    assert (len(points), points[-1]["date"]) == (30, datetime.now(UTC).date().isoformat())


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"metric": "moods"}, "?metric"),
        ({"metric": "messages", "from": "2031-03-02", "to": "2031-03-01"}, "?to"),
        ({"metric": "messages", "from": "2030-03-01", "to": "2031-03-02"}, "?to"),
        ({"metric": "messages", "from": "yesterday"}, "?from"),
        ({"metric": "messages", "to": "2031-02-30"}, "?to"),
    ],
)
def test_a_span_that_makes_no_sense_is_named(asking: As, query: dict[str, str], pointer: str) -> None:
    answer = asking.get(URL, **query)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_a_whole_year_with_its_leap_day_fits(asking: As) -> None:
    answer = asking.get(URL, metric="messages", **{"from": "2031-03-02", "to": "2032-03-01"})
    assert len(answer.get_json()["points"]) == 366
