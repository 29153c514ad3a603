"""What therapists said of the model, as texts to learn from: only of patients who agree, and no one voice too loud."""

import csv
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Database

from shared.database.encryption import KeyRing, unseal
from shared.database.models.accounts import User, UserStatus
from shared.database.models.analysis import MessageAnalysis
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.learning import MLFeedback
from shared.database.models.messaging import Message
from shared.database.models.trust import ErasureRequest, ErasureStatus
from shared.database.transaction import transaction

LARGEST_SHARE: Final = 0.2
"""Of all corrections that are learnt from, what one therapist may have given."""
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


def feedback_texts(since: datetime) -> list[FeedbackText]:
    """All that was answered or revised since, of messages that still are as they were judged.

    Patients without a standing consent to training, who are erased or asked to be, are left out.
    """
    found: list[FeedbackText] = []
    last: UUID | None = None
    while page := _page(since, last):
        found += page
        last = page[-1].feedback_id
    return found


def balanced(texts: Iterable[FeedbackText]) -> list[FeedbackText]:
    """The texts without those corrections by which one therapist would have given more than a fifth of them.

    With fewer than five therapists no correction is left. Which of one's corrections go is decided by a hash of their
    ids, the same each time.
    """
    texts = list(texts)
    given = Counter(text.therapist_id for text in texts if text.is_correction)
    most, kept = most_of_each(given.values()), Counter[UUID]()
    chosen = set()
    for text in sorted((text for text in texts if text.is_correction), key=_by_chance):
        if kept[text.therapist_id] < most:
            kept[text.therapist_id] += 1
            chosen.add(text.feedback_id)
    return [text for text in texts if not text.is_correction or text.feedback_id in chosen]


def most_of_each(counts: Iterable[int]) -> int:
    """The largest number of corrections that each may keep, so that none has more than a fifth of what is kept."""
    counts = list(counts)
    most = max(counts, default=0)
    while most > LARGEST_SHARE * sum(min(count, most) for count in counts):
        most -= 1
    return most


def corrections_of_each(texts: Iterable[FeedbackText]) -> list[int]:
    """How many corrections each therapist gave, the most first, without saying who."""
    return sorted(Counter(text.therapist_id for text in texts if text.is_correction).values(), reverse=True)


def write_csv(texts: Sequence[FeedbackText], path: Path, key: bytes) -> bytes:
    """Write `author,text,label,language` for the training command; the SHA-256 of what was written.

    An author is a hash of the patient under the key: the same in every run, and no one's id.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("author", "text", "label", "language"))
        writer.writerows((_author(text.patient_id, key), text.text, text.label, text.language) for text in texts)
    return hashlib.sha256(path.read_bytes()).digest()


def _author(patient_id: UUID, key: bytes) -> str:
    return hmac.digest(key, patient_id.bytes, "sha256").hex()[:32]


def _by_chance(text: FeedbackText) -> bytes:
    return hashlib.sha256(text.feedback_id.bytes).digest()


@transaction
def _page(db: Database, since: datetime, last: UUID | None) -> list[FeedbackText]:
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
            MLFeedback.updated_at >= since,
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
