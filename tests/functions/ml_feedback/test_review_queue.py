"""What teaches most comes first: the uncertain, what two eyes see differently, and a share of what nobody flagged."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared.clock import held_at, now
from shared.database.models.analysis import Label, MessageAnalysis, RiskLevel
from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareKind, CareRelationship, CareStatus
from shared.database.models.messaging import ConversationMember, Message
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.ml_feedback.analyses import add_analysis
from tests.people import As, Pair, Person, add_care, add_pair, add_person, end_care, rows

URL = "/api/ml/review-queue"


@pytest.fixture
def pair(product: LocalCloud) -> Pair:
    """A patient in a therapist's care."""
    return add_pair(name="Quentin Unmistakable")


@pytest.fixture
def therapist(ml_feedback: FlaskClient, pair: Pair) -> As:
    """The patient's therapist."""
    return As(ml_feedback, pair.therapist)


def outside_the_sample() -> UUID:
    return UUID("f" + uuid4().hex[1:])


def queued(asking: As, **query: object) -> list[tuple[str, str]]:
    answer = asking.get(URL, **query)
    assert answer.status_code == 200
    return [(item["analysisId"], item["reason"]) for item in answer.get_json()["items"]]


def test_the_least_certain_come_first(therapist: As, pair: Pair) -> None:
    ids = {
        confidence: str(add_analysis(pair, confidence=confidence, risk=RiskLevel.LOW, analysis_id=outside_the_sample()))
        for confidence in (0.9, 0.3, 0.6)
    }
    assert queued(therapist) == [(ids[0.3], "uncertain"), (ids[0.6], "uncertain"), (ids[0.9], "uncertain")]


def test_the_words_are_shown_and_no_name_is(therapist: As, pair: Pair) -> None:
    add_analysis(pair, body="it was a long night")
    answer = therapist.get(URL)
    [item] = answer.get_json()["items"]
    assert (item["body"], item["label"], item["modelVersion"]) == ("it was a long night", "Stress", "test-1")
    text = answer.get_data(as_text=True)
    assert "Quentin" not in text
    assert str(pair.patient.id) not in text


def test_disagreement_and_the_random_share_are_not_crowded_out(therapist: As, pair: Pair) -> None:
    for _ in range(20):
        add_analysis(pair, confidence=0.3, analysis_id=outside_the_sample())
    phrase_alone = add_analysis(pair, Label.NORMAL, phrases=("end-it",), analysis_id=outside_the_sample())
    model_alone = add_analysis(pair, Label.SUICIDAL, analysis_id=outside_the_sample(), risk=RiskLevel.HIGH)
    sample = add_analysis(pair, Label.NORMAL, confidence=0.99, analysis_id=UUID("0" + uuid4().hex[1:]))
    found = queued(therapist, limit=8)
    assert len(found) == 8
    assert {(str(phrase_alone), "disagreement"), (str(model_alone), "disagreement")} <= set(found)
    assert (str(sample), "sample") in found
    assert [reason for _, reason in found] == ["uncertain"] * 5 + ["disagreement"] * 2 + ["sample"]


def test_what_was_flagged_is_no_part_of_the_random_share(therapist: As, pair: Pair) -> None:
    add_analysis(pair, Label.DEPRESSION, risk=RiskLevel.RAISED, analysis_id=UUID("0" + uuid4().hex[1:]))
    assert [reason for _, reason in queued(therapist)] == ["uncertain"]


def test_what_is_answered_leaves_the_queue(therapist: As, pair: Pair) -> None:
    analysis_id = str(add_analysis(pair))
    assert therapist.post("/api/ml/feedback", {"analysisId": analysis_id, "isCorrect": True}).status_code == 201
    assert queued(therapist) == []


def test_others_patients_and_ended_care_are_not_in_it(therapist: As, pair: Pair) -> None:
    add_analysis(add_pair())
    assert queued(therapist) == []
    add_analysis(pair)
    end_care(pair)
    assert queued(therapist) == []


def test_what_a_patient_writes_to_another_therapist_is_not_in_it(therapist: As, pair: Pair) -> None:
    """Nor what they wrote to the same one before, in care that has ended."""
    colleague = add_person(Role.THERAPIST)
    with_colleague = replace(pair, therapist=colleague, conversation_id=add_care(pair.patient, colleague))
    earlier = replace(pair, conversation_id=add_care(pair.patient, pair.therapist, CareStatus.ENDED))
    for conversation in (with_colleague, earlier):
        add_analysis(conversation, body="meant for somebody else")
    assert queued(therapist) == []
    assert therapist.get(f"{URL}/size").get_json() == {"waiting": 0}
    own = str(add_analysis(pair))
    assert [analysis_id for analysis_id, _ in queued(therapist)] == [own]
    assert therapist.post("/api/ml/feedback", {"analysisId": own, "isCorrect": True}).status_code == 201


def test_who_covers_sees_the_conversation_that_they_cover_for_as_long_as_they_do(
    ml_feedback: FlaskClient, pair: Pair
) -> None:
    other = add_person(Role.THERAPIST)
    add_analysis(replace(pair, therapist=other, conversation_id=add_care(pair.patient, other)))
    covered = str(add_analysis(pair))
    covering = As(ml_feedback, cover(pair, add_person(Role.THERAPIST), until=now() + timedelta(minutes=5)))
    assert [analysis_id for analysis_id, _ in queued(covering)] == [covered]
    over = now() + timedelta(minutes=6)
    with held_at(lambda: over):
        assert queued(covering) == []
        assert covering.get(f"{URL}/size").get_json() == {"waiting": 0}


@transaction
def cover(db: Database, pair: Pair, colleague: Person, *, until: datetime) -> Person:
    """The colleague covers for the pair's therapist, as an escalation arranges it."""
    coverage = {"kind": CareKind.COVERAGE, "status": CareStatus.ACCEPTED, "accepted_at": now(), "alert_id": uuid4()}
    people = {"patient_id": pair.patient.id, "therapist_id": colleague.id}
    db.add(CareRelationship(**people, **coverage, expires_at=until))
    db.add(ConversationMember(conversation_id=pair.conversation_id, user_id=colleague.id))
    return colleague


def test_the_sample_is_drawn_by_lot_and_not_by_how_sure_the_model_was(therapist: As, pair: Pair) -> None:
    """The surest come as often as the least sure: among them is what was missed."""
    ids = [UUID(f"0{number}" + uuid4().hex[2:]) for number in range(4)]
    for analysis_id, confidence in zip(ids, (0.99, 0.9, 0.4, 0.3), strict=True):
        add_analysis(pair, Label.NORMAL, confidence, analysis_id=analysis_id)
    for _ in range(4):
        add_analysis(pair, confidence=0.5, analysis_id=outside_the_sample())
    found = queued(therapist, limit=4)
    assert found[3] == (str(ids[0]), "sample")
    assert [reason for _, reason in found] == ["uncertain"] * 3 + ["sample"]


def test_where_nothing_else_waits_the_sample_fills_the_queue(therapist: As, pair: Pair) -> None:
    ids = [UUID("0" + uuid4().hex[1:]) for _ in range(6)]
    for analysis_id in ids:
        add_analysis(pair, Label.NORMAL, phrases=("end-it",), analysis_id=analysis_id)
    assert queued(therapist) == [(str(analysis_id), "sample") for analysis_id in sorted(ids)]


def test_what_was_edited_deleted_or_is_old_is_not_in_it(therapist: As, pair: Pair) -> None:
    edited, deleted = add_analysis(pair), add_analysis(pair)
    add_analysis(pair, at=now() - timedelta(days=31))
    change(edited, version=2)
    change(deleted, deleted_at=now())
    assert queued(therapist) == []


def test_whoever_is_read_about_can_see_it_later(therapist: As, pair: Pair) -> None:
    add_analysis(pair)
    queued(therapist)
    entries = rows(select(AuditEvent).where(AuditEvent.action == "review-queue.read"))
    assert [(entry.actor_id, entry.subject_id) for entry in entries] == [(pair.therapist.id, pair.patient.id)]


def test_its_size_is_told_without_reading_a_word(therapist: As, pair: Pair) -> None:
    add_analysis(pair)
    add_analysis(pair, at=now() - timedelta(days=31))
    add_analysis(add_pair())
    assert therapist.get(f"{URL}/size").get_json() == {"waiting": 1}
    assert rows(select(AuditEvent).where(AuditEvent.action == "review-queue.read")) == []
    end_care(pair)
    assert therapist.get(f"{URL}/size").get_json() == {"waiting": 0}


@pytest.mark.parametrize("limit", [0, 51, "many"])
def test_a_limit_that_makes_no_sense_is_named(therapist: As, limit: object) -> None:
    answer = therapist.get(URL, limit=limit)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == ["?limit"]


@transaction
def change(db: Database, /, analysis_id: UUID, **columns: object) -> None:
    analysis = db.get_one(MessageAnalysis, analysis_id)
    message = db.get_one(Message, analysis.message_id)
    for name, value in columns.items():
        setattr(message, name, value)
