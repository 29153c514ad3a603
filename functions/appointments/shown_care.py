"""A care relationship as one of its two people sees it: names, the note, and why it was declined."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from shared.contract import Schema
from shared.database.encryption import KeyRing, seal, unseal
from shared.database.models.accounts import User
from shared.database.models.care import CareRelationship, CareStatus
from shared.database.models.messaging import Conversation
from shared.roles import Role
from shared.session import Caller


class DeclineReason(StrEnum):
    """Why a therapist declines, as far as the patient is told."""

    FULL = "full"
    ANOTHER_FIELD = "another_field"
    TIMES_DO_NOT_FIT = "times_do_not_fit"
    MORE_SUPPORT_NEEDED = "more_support_needed"
    KNOWN_TO_EACH_OTHER = "known_to_each_other"


WORDS: Final = {
    DeclineReason.FULL: "I cannot give you the time you deserve at the moment. Please do look for someone who can.",
    DeclineReason.ANOTHER_FIELD: "A colleague who works mainly in this field can help you better than I could.",
    DeclineReason.TIMES_DO_NOT_FIT: "The times that I can offer would not fit well with what you need.",
    DeclineReason.MORE_SUPPORT_NEEDED: "You deserve closer support than I can give online. Your doctor or a clinic "
    "near you can help you find it.",
    DeclineReason.KNOWN_TO_EACH_OTHER: "We may know each other from elsewhere, so someone neutral is better for you.",
}


class Party(Schema):
    """One of the two people."""

    id: UUID
    name: str


class Declined(Schema):
    """Why the therapist declined, in the words that the patient reads."""

    reason: DeclineReason
    words: str


class ShownCare(Schema):
    """A care relationship as one of its two people sees it."""

    id: UUID
    status: CareStatus
    patient: Party
    therapist: Party
    note: str | None
    """What the patient wrote; the therapist sees it while the request is open or the care stands."""
    conversation_id: UUID | None
    """Where the two can write, or could; shown to the therapist while the care stands."""
    requested_at: datetime
    accepted_at: datetime | None
    declined_at: datetime | None
    declined: Declined | None
    ended_at: datetime | None
    ended_by: Role | None


def sealed_note(care_id: UUID, note: str | None) -> bytes | None:
    """What `care_relationship.note` holds."""
    return seal(KeyRing.CLINICAL, note, "care_relationship", "note", care_id) if note else None


def shown_care(db: Database, caller: Caller, found: Sequence[CareRelationship]) -> list[ShownCare]:
    """In as many queries for many as for one."""
    people = {person_id for care in found for person_id in (care.patient_id, care.therapist_id)}
    names = dict(db.execute(select(User.id, User.name).where(User.id.in_(people))).tuples().all())
    ids = [care.id for care in found]
    by_care = select(Conversation.care_relationship_id, Conversation.id)
    rooms = dict(db.execute(by_care.where(Conversation.care_relationship_id.in_(ids))).tuples().all())
    return [_shown(caller, care, names, rooms.get(care.id)) for care in found]


def _shown(caller: Caller, care: CareRelationship, names: dict[UUID, str], room: UUID | None) -> ShownCare:
    is_patient = caller.role is Role.PATIENT
    reads_note = is_patient or care.status in {CareStatus.REQUESTED, CareStatus.ACCEPTED}
    return ShownCare(
        id=care.id,
        status=care.status,
        patient=Party(id=care.patient_id, name=names[care.patient_id]),
        therapist=Party(id=care.therapist_id, name=names[care.therapist_id]),
        note=_note(care) if reads_note else None,
        conversation_id=room if is_patient or care.status is CareStatus.ACCEPTED else None,
        requested_at=care.requested_at,
        accepted_at=care.accepted_at,
        declined_at=care.declined_at,
        declined=_declined(care),
        ended_at=care.ended_at,
        ended_by=_ended_by(care),
    )


def _note(care: CareRelationship) -> str | None:
    return unseal(KeyRing.CLINICAL, care.note, "care_relationship", "note", care.id) if care.note else None


def _declined(care: CareRelationship) -> Declined | None:
    if care.decline_reason is None:
        return None
    reason = DeclineReason(care.decline_reason)
    return Declined(reason=reason, words=WORDS[reason])


def _ended_by(care: CareRelationship) -> Role | None:
    return {care.patient_id: Role.PATIENT, care.therapist_id: Role.THERAPIST}.get(care.ended_by or care.id)
