"""Messages and what the model said of them, kept as the product keeps them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session as Database

from shared.clock import now
from shared.database.models.analysis import Label, MessageAnalysis, RiskLevel
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import transaction
from shared.messages import seal_body
from tests.people import Pair

LIKELY = 0.9


@transaction
def add_analysis(db: Database, pair: Pair, *given: Any, **more: Any) -> UUID:
    """A message of the pair's patient with its analysis; the analysis's id."""
    return kept_analysis(db, pair, *given, **more)


def kept_analysis(
    db: Database,
    pair: Pair,
    label: Label = Label.STRESS,
    confidence: float = LIKELY,
    *,
    body: str = "a hard day",
    risk: RiskLevel = RiskLevel.NONE,
    phrases: tuple[str, ...] = (),
    analysis_id: UUID | None = None,
    at: datetime | None = None,
    model_version: str = "test-1",
    latency_ms: int = 5,
    fell_back_from: str | None = None,
) -> UUID:
    """The same within a transaction."""
    conversation = db.get_one(Conversation, pair.conversation_id)
    conversation.last_seq += 1
    message_id, moment = uuid4(), at or now()
    db.add(
        Message(
            id=message_id,
            conversation_id=pair.conversation_id,
            sender_id=pair.patient.id,
            seq=conversation.last_seq,
            body=seal_body(message_id, body),
            sent_at=moment,
        )
    )
    rest = (1 - confidence) / (len(Label) - 1)
    analysis = MessageAnalysis(
        id=analysis_id or uuid4(),
        message_id=message_id,
        message_version=1,
        conversation_id=pair.conversation_id,
        patient_id=pair.patient.id,
        label=label,
        confidence=confidence,
        all_scores={name: confidence if name is label else rest for name in Label},
        model_version=model_version,
        fell_back_from=fell_back_from,
        thresholds_version=model_version,
        risk_level=risk,
        phrase_ids=list(phrases),
        latency_ms=latency_ms,
        created_at=moment,
    )
    db.add(analysis)
    return analysis.id
