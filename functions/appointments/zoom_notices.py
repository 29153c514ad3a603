"""What Zoom tells of meetings, kept sealed, and what its notices make of an appointment: all of them, each time."""

from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.contract import Schema, UtcTime
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.delivery import WebhookReceipt
from shared.database.models.scheduling import Appointment
from shared.database.transaction import look_up, transaction
from shared.events import ZoomNoticed

from . import sdk_signature
from .attendance import Kind, Notice, Who
from .settling import settle
from .taking_time import TRIES

PROVIDER: Final = "zoom"
_OF_MEETING: Final = select(Appointment.id).where(Appointment.zoom_meeting_id == bindparam("number"))


class KeptParticipant(Schema):
    """All that is kept of somebody in a meeting: no name, no address, nothing of their account at Zoom."""

    is_host: bool
    registrant_id: str | None
    customer_key: str | None
    device: str
    """Zoom's id of this one way to take part."""


class KeptNotice(Schema):
    """All that is kept of a notice."""

    kind: Kind
    at: UtcTime
    told_at: int
    """Milliseconds since 1970."""
    instance: str
    participant: KeptParticipant | None


def is_ours(meeting_number: str) -> bool:
    """Whether an appointment is held in this meeting; of others' nothing is kept."""
    return bool(look_up(_OF_MEETING, {"number": meeting_number}))


@transaction(tries=TRIES)
def keep(db: Database, meeting_number: str, event: str, dedupe_key: str, notice: KeptNotice) -> ZoomNoticed | None:
    """Keep a notice, and the event to hand over; None where it was kept before.

    Nothing is read, so that this and the work that follows the notices before it do not disturb each other.
    """
    from sqlalchemy.dialects.postgresql import insert

    receipt_id = uuid4()
    content = seal(KeyRing.EVENT, notice.model_dump_json(), "webhook_receipt", "payload", receipt_id)
    added = insert(WebhookReceipt).values(
        id=receipt_id,
        provider=PROVIDER,
        dedupe_key=dedupe_key,
        type=event,
        subject=meeting_number,
        payload=content,
        received_at=now(),
        attempts=0,
    )
    once = added.on_conflict_do_nothing(index_elements=[WebhookReceipt.provider, WebhookReceipt.dedupe_key])
    if db.scalar(once.returning(WebhookReceipt.id)) is None:
        return None
    event_kept = ZoomNoticed(occurred_at=now(), receipt_id=receipt_id)
    outbox.record(db, event_kept)
    return event_kept


def follow(noticed: ZoomNoticed) -> None:
    """Bring the appointment to what all notices of its meeting say, this one among them."""
    read_notices(noticed.receipt_id)


@transaction(tries=TRIES)
def read_notices(db: Database, receipt_id: UUID) -> None:
    """One step for all notices that have come by now; what was looked at with an earlier one needs nothing more."""
    receipt = db.get(WebhookReceipt, receipt_id)
    if receipt is None or receipt.processed_at is not None:
        return
    found = db.scalar(select(Appointment).where(Appointment.zoom_meeting_id == receipt.subject).with_for_update())
    if found is not None:
        settle(db, found, notices_of(db, found), now())
    db.execute(
        update(WebhookReceipt)
        .where(WebhookReceipt.provider == PROVIDER, WebhookReceipt.subject == receipt.subject)
        .where(WebhookReceipt.processed_at.is_(None))
        .values(processed_at=now())
        .execution_options(synchronize_session=False)
    )


def notices_of(db: Database, found: Appointment) -> list[Notice]:
    """Everything that was told of an appointment's meeting."""
    if found.zoom_meeting_id is None:
        return []
    query = select(WebhookReceipt.id, WebhookReceipt.payload).where(
        WebhookReceipt.provider == PROVIDER, WebhookReceipt.subject == found.zoom_meeting_id
    )
    kept = (unseal(KeyRing.EVENT, payload, "webhook_receipt", "payload", id_) for id_, payload in db.execute(query))
    matching = _Matching(found)
    return [matching.notice(KeptNotice.model_validate_json(content)) for content in kept]


class _Matching:
    """Whom the notices of one appointment tell of: by registrant, by customer key, by hosting; never by name."""

    def __init__(self, found: Appointment) -> None:
        self._registrant_id = found.zoom_registrant_id
        self._by_key: dict[str, Who] = {}
        if sdk_signature.is_offered():
            for user_id, who in ((found.patient_id, Who.PATIENT), (found.therapist_id, Who.THERAPIST)):
                self._by_key[sdk_signature.customer_key(found.id, user_id)] = who

    def notice(self, kept: KeptNotice) -> Notice:
        device = kept.participant.device if kept.participant else ""
        return Notice(kept.kind, kept.at, kept.told_at, kept.instance, self._who(kept.participant), device)

    def _who(self, participant: KeptParticipant | None) -> Who | None:
        if participant is None:
            return None
        if participant.registrant_id and participant.registrant_id == self._registrant_id:
            return Who.PATIENT
        if participant.customer_key in self._by_key:
            return self._by_key[participant.customer_key]
        return Who.THERAPIST if participant.is_host else Who.SOMEBODY
