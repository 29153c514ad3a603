"""What therapists said of the model, as texts to learn from: only of patients who agree, and no one voice too loud."""

import csv
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from containers.inference.training.dataset_split import CONFIRMATION, CORRECTION, FEEDBACK_COLUMNS, part_of
from containers.inference.training.voices import Answer, Place, heard
from shared.database.encryption import KeyRing, unseal
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import MessageAnalysis
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.database.models.trust import ErasureRequest, ErasureStatus
from shared.database.transaction import transaction

PAGE: Final = 500


@dataclass(frozen=True)
class FeedbackText:
    """A message and what a therapist says that it is."""

    feedback_id: UUID
    therapist_id: UUID
    patient_id: UUID
    is_correction: bool
    label: str
    text: str
    language: str = "unk"
    """The one that the patient set for the product, which is most likely the one that they write in."""


def feedback_texts(since: datetime, until: datetime) -> list[FeedbackText]:
    """All that was answered or revised last between these moments, of messages that still are as they were judged.

    Patients without a standing consent to training, who are erased or asked to be, are left out.
    """
    found: list[FeedbackText] = []
    last: UUID | None = None
    while page := _page(since, until, last):
        found += page
        last = page[-1].feedback_id
    return found


def balanced(texts: Sequence[FeedbackText], key: bytes) -> list[FeedbackText]:
    """The texts without those by which one therapist would be too loud, see `voices`.

    Patients are told off to their parts before, as the training command does it by the same key; which of one's answers
    go is decided by a hash of their ids, the same each time.
    """
    return heard(texts, lambda text: _place(text, key), _by_chance)


def _place(text: FeedbackText, key: bytes) -> Place:
    return Place(part_of(_pseudonym(text.patient_id, key)), Answer(str(text.therapist_id), text.is_correction))


def write_csv(texts: Sequence[FeedbackText], path: Path, key: bytes) -> bytes:
    """Write `author,text,label,language,voice,answer` for the training command; the SHA-256 of what was written.

    An author is a hash of the patient under the key, and a voice one of the therapist: the same in every run, and no
    one's id. An answer is a `correction` or a `confirmation`.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FEEDBACK_COLUMNS)
        writer.writerows(_row(text, key) for text in texts)
    return hashlib.sha256(path.read_bytes()).digest()


def _row(text: FeedbackText, key: bytes) -> tuple[str, ...]:
    author, voice = _pseudonym(text.patient_id, key), _pseudonym(text.therapist_id, key)
    return author, text.text, text.label, text.language, voice, CORRECTION if text.is_correction else CONFIRMATION


def _pseudonym(person_id: UUID, key: bytes) -> str:
    return hmac.digest(key, person_id.bytes, "sha256").hex()[:32]


def _by_chance(text: FeedbackText) -> bytes:
    return hashlib.sha256(text.feedback_id.bytes).digest()


@transaction
def _page(db: Database, since: datetime, until: datetime, last: UUID | None) -> list[FeedbackText]:
    agrees = exists().where(
        Consent.user_id == MessageAnalysis.patient_id,
        Consent.kind == ConsentKind.TRAINING,
        Consent.withdrawn_at.is_(None),
    )
    leaving = exists().where(
        ErasureRequest.user_id == MessageAnalysis.patient_id,
        ErasureRequest.status.in_((ErasureStatus.PENDING, ErasureStatus.HELD, ErasureStatus.RUNNING)),
    )
    query = (
        select(MLFeedback, MessageAnalysis.label, User.id, User.language, Message.id.label("message_id"), Message.body)
        .join(MessageAnalysis, MessageAnalysis.id == MLFeedback.analysis_id)
        .join(Message, Message.id == MessageAnalysis.message_id)
        .join(User, User.id == MessageAnalysis.patient_id)
        .where(
            MLFeedback.updated_at.between(since, until),
            Message.version == MessageAnalysis.message_version,
            Message.deleted_at.is_(None),
            User.status != UserStatus.ERASED,
            User.is_synthetic.is_(False),
            agrees,
            ~leaving,
        )
        .order_by(MLFeedback.id)
        .limit(PAGE)
    )
    if last is not None:
        query = query.where(MLFeedback.id > last)
    return list(_opened(db.execute(query)))


def _opened(rows: Iterable[Any]) -> Iterator[FeedbackText]:
    for feedback, said, patient_id, language, message_id, body in rows:
        label = said if feedback.is_correct else feedback.corrected_label
        text = unseal(KeyRing.MESSAGE, body, "message", "body", message_id)
        correction = not feedback.is_correct
        yield FeedbackText(feedback.id, feedback.therapist_id, patient_id, correction, label, text, language[:2])
