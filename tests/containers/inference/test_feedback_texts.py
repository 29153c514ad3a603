"""Only what may be learnt from is learnt from, and nobody's corrections are more than a fifth."""

import csv
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from containers.inference.training.dataset_split import part_of
from containers.inference.training.feedback_texts import (
    FeedbackText,
    _pseudonym,
    balanced,
    feedback_texts,
    write_csv,
)
from containers.inference.training.voices import most_of_each
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
    return [(text.text, text.label) for text in feedback_texts(now() - timedelta(days=30), now())]


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


KEY = b"a key"


def patients_of(part: str) -> Iterator[UUID]:
    return (patient for patient in map(UUID, count_bytes()) if part_of(_pseudonym(patient, KEY)) == part)


def count_bytes() -> Iterator[str]:
    return (f"{number:032x}" for number in itertools.count(1))


TAUGHT, WATCHED, JUDGED = (next(patients_of(part)) for part in ("train", "validation", "test"))


def answers(
    counts: list[int], *, patient: UUID = TAUGHT, correction: bool = True, first: int = 0
) -> list[FeedbackText]:
    """So many by each of several therapists, all about one patient."""
    return [
        FeedbackText(uuid4(), UUID(int=first + one), patient, correction, "Stress", f"{patient}-{one}-{number}")
        for one, count in enumerate(counts)
        for number in range(count)
    ]


def given_by(kept: list[FeedbackText], patient: UUID, *, correction: bool) -> Counter[UUID]:
    return Counter(t.therapist_id for t in kept if t.patient_id == patient and t.is_correction is correction)


@pytest.mark.parametrize(
    ("counts", "most"),
    [([], 0), ([10], 0), ([5, 5, 5, 5], 0), ([5] * 5, 5), ([100, 1, 1, 1, 1], 1), ([100, 10, 10, 10, 10], 10)],
)
def test_what_each_may_keep(counts: list[int], most: int) -> None:
    assert most_of_each(counts) == most


voices = st.lists(st.integers(0, 40), max_size=9)


@given(voices, voices, voices)
def test_of_what_is_learnt_from_and_calibrated_by_nobody_gives_more_than_a_fifth(
    taught: list[int], watched: list[int], judged: list[int]
) -> None:
    """Whatever the others said of patients who are held apart: those are told off first."""
    of_each = ((TAUGHT, taught), (WATCHED, watched), (JUDGED, judged))
    kept = balanced([text for patient, counts in of_each for text in answers(counts, patient=patient)], KEY)
    for patient in (TAUGHT, WATCHED):
        given_here = given_by(kept, patient, correction=True)
        assert all(5 * count <= given_here.total() for count in given_here.values())
    assert given_by(kept, JUDGED, correction=True).total() == sum(judged)


def test_what_is_held_apart_makes_nobody_s_voice_smaller_in_what_is_learnt_from() -> None:
    """Five give twenty each, and one's patients are all held apart: of the four others none may be heard."""
    others, apart = answers([20] * 4), answers([20], patient=JUDGED, first=4)
    assert balanced([*others, *apart], KEY) == apart


def test_confirmations_are_held_to_the_same_share_where_there_are_voices_enough() -> None:
    few, many = answers([30, 2, 2, 2], correction=False), answers([30, 2, 2, 2, 2], correction=False)
    assert balanced(few, KEY) == few
    assert set(given_by(balanced(many, KEY), TAUGHT, correction=False).values()) == {2}


def test_the_same_ones_are_kept_each_time() -> None:
    given_texts = answers([30, 3, 3, 3, 3])
    assert balanced(given_texts, KEY) == balanced(given_texts, KEY)
    assert {text.feedback_id for text in balanced(given_texts, KEY)} == {
        text.feedback_id for text in balanced(given_texts[::-1], KEY)
    }


def written(texts: list[FeedbackText], path: Path, key: bytes) -> list[dict[str, str]]:
    assert len(write_csv(texts, path, key)) == 32
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_tells_texts_and_labels_and_no_one_s_id(tmp_path: Path) -> None:
    [row] = written(answers([1]), tmp_path / "feedback.csv", KEY)
    assert {name: value for name, value in row.items() if name not in ("author", "voice")} == {
        "text": f"{TAUGHT}-0-0",
        "label": "Stress",
        "language": "unk",
        "answer": "correction",
    }
    assert not {person for of in (UUID(int=0), TAUGHT) for person in (str(of), of.hex)} & set(row.values())


def test_a_patient_is_one_author_in_every_run_and_another_under_another_key(tmp_path: Path) -> None:
    own = answers([0, 4]) + answers([3], patient=JUDGED, correction=False)
    first, second, other = (
        [row["author"] for row in written(own, tmp_path / "feedback.csv", key)] for key in (b"one", b"one", b"another")
    )
    assert first == second
    assert len(set(first)) == len({text.patient_id for text in own})
    assert not set(first) & set(other)


def test_a_message_comes_with_its_patient_s_language(pair: Pair) -> None:
    change(update(User).where(User.id == pair.patient.id).values(language="pt-BR"))
    answer(pair, add_analysis(pair))
    [text] = feedback_texts(now() - timedelta(days=30), now())
    assert (text.patient_id, text.language) == (pair.patient.id, "pt")
