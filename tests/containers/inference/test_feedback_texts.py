"""Only what may be learnt from is learnt from, and nobody's corrections are more than a fifth."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from containers.inference.training.feedback_texts import (
    FeedbackText,
    balanced,
    corrections_of_each,
    feedback_texts,
    most_of_each,
    write_csv,
)
from dev.cloud import LocalCloud
from shared.clock import now
from shared.database.models.accounts import User
from shared.database.models.analysis import Label
from shared.database.models.consents import Consent
from shared.database.models.messaging import Message
from shared.database.models.trust import ErasureRequest
from shared.database.transaction import transaction
from tests.functions.ml_feedback.analyses import add_analysis
from tests.functions.ml_feedback.training import agree, answer
from tests.people import Pair, add_pair


@pytest.fixture
def pair(product: LocalCloud) -> Pair:
    """A patient who agrees to training, and their therapist."""
    judged = add_pair()
    agree(judged)
    return judged


def found() -> list[tuple[str, str]]:
    return [(text.text, text.label) for text in feedback_texts(now() - timedelta(days=30))]


@transaction
def change(db: Database, statement: object) -> None:
    db.execute(statement)  # type: ignore[call-overload]


@transaction
def ask_to_be_erased(db: Database, patient_id: UUID) -> None:
    db.add(ErasureRequest(user_id=patient_id, requested_at=now(), due_at=now() + timedelta(days=14)))


def test_a_confirmed_label_and_a_corrected_one_are_both_learnt(pair: Pair) -> None:
    answer(pair, add_analysis(pair, Label.STRESS, body="so much to do"))
    answer(pair, add_analysis(pair, Label.STRESS, body="I am shaking"), Label.ANXIETY)
    assert sorted(found()) == [("I am shaking", "Anxiety"), ("so much to do", "Stress")]


def test_more_than_a_page_is_read(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("containers.inference.training.feedback_texts.PAGE", 2)
    for number in range(5):
        answer(pair, add_analysis(pair, body=f"day {number}"))
    assert len(found()) == 5


LEFT_OUT: dict[str, Callable[[Pair], None]] = {
    "consent withdrawn": lambda pair: change(
        update(Consent).where(Consent.user_id == pair.patient.id).values(withdrawn_at=now())
    ),
    "message edited since": lambda _: change(update(Message).values(version=2)),
    "message deleted": lambda _: change(update(Message).values(deleted_at=now(), body=None)),
    "nobody's": lambda pair: change(update(User).where(User.id == pair.patient.id).values(is_synthetic=True)),
    "erased": lambda pair: change(
        update(User).where(User.id == pair.patient.id).values(status="erased", erased_at=now(), password_hash=None)
    ),
    "asked to be erased": lambda pair: ask_to_be_erased(pair.patient.id),
}


@pytest.mark.parametrize("why", LEFT_OUT)
def test_what_may_not_be_learnt_from_is_left_out(pair: Pair, why: str) -> None:
    answer(pair, add_analysis(pair))
    assert len(found()) == 1
    LEFT_OUT[why](pair)
    assert found() == []


def test_nobody_who_never_agreed_is_learnt_from_and_nothing_old_is(product: LocalCloud, pair: Pair) -> None:
    silent = add_pair()
    answer(silent, add_analysis(silent))
    answer(pair, add_analysis(pair), at=now() - timedelta(days=31))
    assert found() == []


def texts(corrections: list[int], confirmations: int = 0) -> list[FeedbackText]:
    made = [
        FeedbackText(uuid4(), UUID(int=therapist), UUID(int=number), True, "Stress", f"{therapist}-{number}")
        for therapist, count in enumerate(corrections)
        for number in range(count)
    ]
    patient = UUID(int=99)
    return made + [FeedbackText(uuid4(), UUID(int=0), patient, False, "Normal", f"c-{n}") for n in range(confirmations)]


@pytest.mark.parametrize(
    ("counts", "most"),
    [([], 0), ([10], 0), ([5, 5, 5, 5], 0), ([5] * 5, 5), ([100, 1, 1, 1, 1], 1), ([100, 10, 10, 10, 10], 10)],
)
def test_what_each_may_keep(counts: list[int], most: int) -> None:
    assert most_of_each(counts) == most


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 5))
def test_no_therapist_gives_more_than_a_fifth_and_confirmations_stay(counts: list[int], confirmations: int) -> None:
    kept = balanced(texts(counts, confirmations))
    corrections = Counter(text.therapist_id for text in kept if text.is_correction)
    assert all(5 * count <= corrections.total() for count in corrections.values())
    assert sum(not text.is_correction for text in kept) == confirmations


def test_the_same_ones_are_kept_each_time() -> None:
    given_texts = texts([30, 3, 3, 3, 3])
    assert balanced(given_texts) == balanced(given_texts)
    assert {text.feedback_id for text in balanced(given_texts)} == {
        text.feedback_id for text in balanced(reversed(given_texts))
    }


def test_how_many_corrections_each_gave_is_told_without_saying_who() -> None:
    assert corrections_of_each(texts([2, 0, 7, 2], confirmations=9)) == [7, 2, 2]


def written(texts: list[FeedbackText], path: Path, key: bytes) -> list[dict[str, str]]:
    assert len(write_csv(texts, path, key)) == 32
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_tells_texts_and_labels_and_no_one_s_id(tmp_path: Path) -> None:
    [row] = written(texts([1]), tmp_path / "feedback.csv", b"a key")
    assert {name: value for name, value in row.items() if name != "author"} == {
        "text": "0-0",
        "label": "Stress",
        "language": "unk",
    }
    assert not {str(UUID(int=0)), UUID(int=0).hex} & set(row.values())


def test_a_patient_is_one_author_in_every_run_and_another_under_another_key(tmp_path: Path) -> None:
    own = texts([0, 4], confirmations=3)
    first, second, other = (
        [row["author"] for row in written(own, tmp_path / "feedback.csv", key)] for key in (b"one", b"one", b"another")
    )
    assert first == second
    assert len(set(first)) == len({text.patient_id for text in own})
    assert not set(first) & set(other)


def test_a_message_comes_with_its_patient_s_language(pair: Pair) -> None:
    change(update(User).where(User.id == pair.patient.id).values(language="pt-BR"))
    answer(pair, add_analysis(pair))
    [text] = feedback_texts(now() - timedelta(days=30))
    assert (text.patient_id, text.language) == (pair.patient.id, "pt")
