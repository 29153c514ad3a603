"""A therapist answers the model: one standing answer an analysis, consistent, revisable, counted, and without text."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.database.models.analysis import Label, RiskLevel
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.learning import MLFeedback
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.ml_feedback.analyses import add_analysis, kept_analysis
from tests.people import As, Pair, add_pair, add_person, rows

URL = "/api/ml/feedback"


@pytest.fixture
def pair(product: LocalCloud) -> Pair:
    """A patient in a therapist's care."""
    return add_pair()


@pytest.fixture
def therapist(ml_feedback: FlaskClient, pair: Pair) -> As:
    """The patient's therapist."""
    return As(ml_feedback, pair.therapist)


def wrong(analysis_id: UUID, label: str = "Depression", **more: object) -> dict[str, object]:
    return {"analysisId": str(analysis_id), "isCorrect": False, "correctedLabel": label, **more}


def right(analysis_id: UUID) -> dict[str, object]:
    return {"analysisId": str(analysis_id), "isCorrect": True}


def faults(answer: Any) -> list[str]:
    return [fault["pointer"] for fault in answer.get_json().get("errors", [])]


def test_an_answer_is_kept_and_shown(therapist: As, pair: Pair) -> None:
    analysis_id = add_analysis(pair)
    answer = therapist.post(URL, wrong(analysis_id, notes="  said in anger  "))
    assert answer.status_code == 201
    shown = answer.get_json()
    expected = {
        "analysisId": str(analysis_id),
        "therapistId": str(pair.therapist.id),
        "isCorrect": False,
        "correctedLabel": "Depression",
        "notes": "said in anger",
        "revision": 1,
    }
    assert expected.items() <= shown.items()
    [kept] = rows(select(MLFeedback))
    assert str(kept.id) == shown["id"]
    assert b"anger" not in (kept.notes or b"")


@pytest.mark.parametrize("label", [label for label in Label if label is not Label.STRESS])
def test_each_of_the_classes_can_be_put_in_the_model_s_place(therapist: As, pair: Pair, label: Label) -> None:
    assert therapist.post(URL, wrong(add_analysis(pair), label)).status_code == 201


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"isCorrect": True, "correctedLabel": "Stress"}, "/correctedLabel"),
        ({"isCorrect": False}, "/correctedLabel"),
        ({"isCorrect": False, "correctedLabel": None}, "/correctedLabel"),
        ({"isCorrect": False, "correctedLabel": "Sadness"}, "/correctedLabel"),
        ({"isCorrect": False, "correctedLabel": "Stress"}, "/correctedLabel"),  # what the model said itself
        ({"correctedLabel": "Stress"}, "/isCorrect"),
        ({"isCorrect": "perhaps"}, "/isCorrect"),
        ({"isCorrect": True, "notes": "x" * 2001}, "/notes"),
        ({"isCorrect": True, "notes": "a\x00b"}, "/notes"),
        ({"isCorrect": True, "mood": "good"}, "/mood"),
    ],
)
def test_an_answer_that_contradicts_itself_is_refused(
    therapist: As, pair: Pair, given: dict[str, object], at: str
) -> None:
    answer = therapist.post(URL, {"analysisId": str(add_analysis(pair)), **given})
    assert answer.status_code == 422
    assert faults(answer) == [at]
    assert rows(select(MLFeedback)) == []


def test_a_second_answer_to_the_same_analysis_is_a_conflict(therapist: As, pair: Pair) -> None:
    analysis_id = add_analysis(pair)
    assert therapist.post(URL, right(analysis_id)).status_code == 201
    again = therapist.post(URL, wrong(analysis_id))
    assert (again.status_code, again.get_json()["type"].rpartition(":")[2]) == (409, "already-answered")
    [kept] = rows(select(MLFeedback))
    assert kept.is_correct


def test_a_repeat_with_the_same_key_is_answered_alike(therapist: As, pair: Pair) -> None:
    given, key = right(add_analysis(pair)), {"Idempotency-Key": str(uuid4())}
    first, second = therapist.post(URL, given, **key), therapist.post(URL, given, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()


def test_of_many_answers_at_once_one_stands(therapist: As, pair: Pair) -> None:
    analysis_id = add_analysis(pair)
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: therapist.post(URL, right(analysis_id)).status_code, range(8)))
    assert statuses == [201] + [409] * 7
    assert len(rows(select(MLFeedback))) == 1


def test_a_revision_replaces_the_answer_and_keeps_what_it_was(therapist: As, pair: Pair) -> None:
    first = therapist.post(URL, wrong(add_analysis(pair), notes="a note")).get_json()
    answer = therapist.patch(f"{URL}/{first['id']}", {"isCorrect": True, "revision": 1})
    assert answer.status_code == 200
    shown = answer.get_json()
    assert (shown["isCorrect"], shown["correctedLabel"], shown["notes"], shown["revision"]) == (True, None, None, 2)
    [kept] = rows(select(MLFeedback))
    [earlier] = kept.history
    assert (earlier["isCorrect"], earlier["correctedLabel"], earlier["revision"]) == (False, "Depression", 1)
    assert "notes" not in earlier


def test_a_revision_of_what_is_no_longer_so_is_refused(therapist: As, pair: Pair) -> None:
    first = therapist.post(URL, right(add_analysis(pair))).get_json()
    revised = {"isCorrect": False, "correctedLabel": "Normal", "revision": 1}
    assert therapist.patch(f"{URL}/{first['id']}", revised).status_code == 200
    again = therapist.patch(f"{URL}/{first['id']}", revised)
    assert (again.status_code, again.get_json()["type"].rpartition(":")[2]) == (409, "revision-stale")


def test_two_revisions_at_once_leave_one_standing(therapist: As, pair: Pair) -> None:
    first = therapist.post(URL, right(add_analysis(pair))).get_json()
    revised = {"isCorrect": False, "correctedLabel": "Normal", "revision": 1}
    with ThreadPoolExecutor(4) as pool:
        statuses = pool.map(lambda _: therapist.patch(f"{URL}/{first['id']}", revised).status_code, range(4))
    assert sorted(statuses) == [200, 409, 409, 409]
    [kept] = rows(select(MLFeedback))
    assert (kept.revision, len(kept.history)) == (2, 1)


def test_a_revision_contradicts_itself_no_more_than_an_answer(therapist: As, pair: Pair) -> None:
    first = therapist.post(URL, right(add_analysis(pair))).get_json()
    for given in ({"isCorrect": False, "revision": 1}, {"isCorrect": False, "correctedLabel": "Stress", "revision": 1}):
        answer = therapist.patch(f"{URL}/{first['id']}", given)
        assert (answer.status_code, faults(answer)) == (422, ["/correctedLabel"])


def test_a_colleague_revises_nobody_else_s_answer(ml_feedback: FlaskClient, therapist: As, pair: Pair) -> None:
    first = therapist.post(URL, right(add_analysis(pair))).get_json()
    colleague = As(ml_feedback, add_pair().therapist)
    answer = colleague.patch(f"{URL}/{first['id']}", {"isCorrect": True, "revision": 1})
    assert answer.status_code == 404


def test_answers_revisions_and_looks_are_written_down(therapist: As, pair: Pair) -> None:
    first = therapist.post(URL, right(add_analysis(pair))).get_json()
    revised = {"isCorrect": False, "correctedLabel": "Suicidal", "notes": "alone", "revision": 1}
    therapist.patch(f"{URL}/{first['id']}", revised)
    therapist.get(URL)
    kinds = ("feedback.give", "feedback.revise", "feedback.read")
    entries = rows(select(AuditEvent).where(AuditEvent.action.in_(kinds)).order_by(AuditEvent.occurred_at))
    assert [(entry.action, entry.subject_id) for entry in entries] == [
        ("feedback.give", pair.patient.id),
        ("feedback.revise", pair.patient.id),
        ("feedback.read", None),
    ]
    changed = {"from": "right", "to": "wrong", "label": "changed", "notes": "changed"}
    assert entries[1].details == {"feedback": first["id"], "revision": "2", **changed}


# Statistics


def test_the_statistics_are_the_contract_s(ml_feedback: FlaskClient, therapist: As, pair: Pair) -> None:
    for label in ("Depression", "Depression", "Normal"):
        therapist.post(URL, wrong(add_analysis(pair), label))
    for _ in range(4):
        therapist.post(URL, right(add_analysis(pair)))
    expected = {
        "stats": {"totalFeedback": 7, "correctCount": 4, "accuracy": 57.14},
        "correctionsByLabel": [{"label": "Depression", "count": 2}, {"label": "Normal", "count": 1}],
    }
    assert therapist.get(URL).get_json() == {**expected, "missed": None}
    assert expected.items() <= As(ml_feedback, add_person(Role.ADMINISTRATOR)).get(URL).get_json().items()


def test_an_administrator_is_told_what_was_missed_of_the_random_share(
    ml_feedback: FlaskClient, therapist: As, pair: Pair
) -> None:
    """What was flagged, or is outside the share, says nothing of what nobody would have looked at."""
    sampled = [add_analysis(pair, analysis_id=UUID(f"0{number}" + uuid4().hex[2:])) for number in range(8)]
    for analysis_id in sampled[:6]:
        therapist.post(URL, right(analysis_id))
    therapist.post(URL, wrong(sampled[6], "Suicidal"))
    therapist.post(URL, wrong(sampled[7], "Depression"))
    flagged = add_analysis(pair, risk=RiskLevel.RAISED, analysis_id=UUID("0f" + uuid4().hex[2:]))
    for elsewhere in (flagged, add_analysis(pair, analysis_id=UUID("f" + uuid4().hex[1:]))):
        therapist.post(URL, wrong(elsewhere, "Suicidal"))
    told = As(ml_feedback, add_person(Role.ADMINISTRATOR)).get(URL).get_json()["missed"]
    share = {"value": 0.125, "lower": 0.0224, "upper": 0.4709}
    assert told == [{"modelVersion": "test-1", "judged": 8, "missed": 1, "share": share}]


def test_a_therapist_s_statistics_are_of_their_own_answers(ml_feedback: FlaskClient, therapist: As, pair: Pair) -> None:
    therapist.post(URL, right(add_analysis(pair)))
    stats = {"totalFeedback": 0, "correctCount": 0, "accuracy": 0.0}
    empty: dict[str, object] = {"stats": stats, "correctionsByLabel": [], "missed": None}
    assert As(ml_feedback, add_pair().therapist).get(URL).get_json() == empty


def test_half_a_hundredth_is_rounded_up(therapist: As, pair: Pair) -> None:
    for number in range(16):
        analysis_id = add_analysis(pair)
        therapist.post(URL, right(analysis_id) if number < 1 else wrong(analysis_id))
    assert therapist.get(URL).get_json()["stats"]["accuracy"] == 6.25


# The auditor's export


def test_the_decisions_are_exported_without_any_text(ml_feedback: FlaskClient, therapist: As, pair: Pair) -> None:
    analysis_id = add_analysis(pair, body="I-feel-so-alone")
    therapist.post(URL, wrong(analysis_id, notes="I-feel-so-alone"))
    administrator = add_person(Role.ADMINISTRATOR)
    answer = As(ml_feedback, administrator).get(f"{URL}/decisions")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert "alone" not in answer.get_data(as_text=True)
    [line] = csv.DictReader(io.StringIO(answer.get_data(as_text=True)))
    assert (line["analysisId"], line["modelLabel"], line["correctedLabel"]) == (
        str(analysis_id),
        "Stress",
        "Depression",
    )
    entries = rows(select(AuditEvent).where(AuditEvent.action == "feedback.export"))
    assert [entry.actor_id for entry in entries] == [administrator.id]


def test_the_export_tells_every_revision_and_how_long_it_stood(
    ml_feedback: FlaskClient, therapist: As, pair: Pair
) -> None:
    first = therapist.post(URL, wrong(add_analysis(pair))).get_json()
    for number, label in enumerate(("Normal", "Anxiety"), start=1):
        revised = {"isCorrect": False, "correctedLabel": label, "revision": number}
        assert therapist.patch(f"{URL}/{first['id']}", revised).status_code == 200
    therapist.post(URL, right(add_analysis(pair)))
    text = As(ml_feedback, add_person(Role.ADMINISTRATOR)).get(f"{URL}/decisions").get_data(as_text=True)
    *lines, other = csv.DictReader(io.StringIO(text))
    assert [(line["revision"], line["correctedLabel"]) for line in lines] == [
        ("1", "Depression"),
        ("2", "Normal"),
        ("3", "Anxiety"),
    ]
    assert {line["feedbackId"] for line in lines} == {first["id"]}
    assert [line["replacedAt"] for line in lines[:-1]] == [line["updatedAt"] for line in lines[1:]]
    assert (lines[0]["updatedAt"], lines[-1]["replacedAt"]) == (lines[0]["createdAt"], "")
    assert (other["isCorrect"], other["revision"], other["replacedAt"]) == ("True", "1", "")


def test_a_long_export_loses_and_repeats_nothing(ml_feedback: FlaskClient, pair: Pair) -> None:
    ids = add_answers(pair, 1001)
    text = As(ml_feedback, add_person(Role.ADMINISTRATOR)).get(f"{URL}/decisions").get_data(as_text=True)
    assert sorted(line["feedbackId"] for line in csv.DictReader(io.StringIO(text))) == sorted(ids)


@transaction
def add_answers(db: Database, pair: Pair, count: int) -> list[str]:
    analyses = [kept_analysis(db, pair) for _ in range(count)]
    answers = [
        MLFeedback(id=uuid4(), analysis_id=of, therapist_id=pair.therapist.id, is_correct=True) for of in analyses
    ]
    db.add_all(answers)
    return [str(answer.id) for answer in answers]
