"""The data policy of the record: care, appointments, messages, files, analyses, and what was learned from them."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select, union

from shared.database.encryption import KeyRing
from shared.database.models.analysis import MessageAnalysis, OnCallEntry, ProbeRun, RiskEvent
from shared.database.models.care import CareRelationship
from shared.database.models.files import FileAsset, FileShare, FileStatus, MessageAttachment
from shared.database.models.learning import DriftReport, MLFeedback, ModelVersion, Rollout, ShadowAnswer, TrainingRun
from shared.database.models.messaging import (
    Conversation,
    ConversationMember,
    Message,
    MessageSearchPack,
    MessageVersion,
)
from shared.database.models.scheduling import (
    Appointment,
    AppointmentAttendee,
    AppointmentSeries,
    AvailabilityException,
    AvailabilityRule,
    ReminderProgress,
    WaitlistEntry,
)
from shared.database.models.trust import BreakGlassGrant, Impersonation

from .table_policy import ANOTHER, INTERNAL, SECRET, Fate, TablePolicy, where

RECORD: Final = "part of the record of treatment, which health law asks to be kept"
ONLY_IDS: Final = "ids, numbers and times; what they hold together is emptied"
STAFF_IDS: Final = "the work of staff, by id"
SIX_YEARS_ON: Final = "has to be provable (45 CFR 164.316(b)(2)), and is removed six years after"


def own_conversations(person_id: UUID) -> Select[tuple[UUID]]:
    """The conversations of a patient, which are the patient's record, whoever wrote in them."""
    return (
        select(Conversation.id)
        .join(CareRelationship, CareRelationship.id == Conversation.care_relationship_id)
        .where(CareRelationship.patient_id == person_id)
    )


def own_messages(person_id: UUID) -> Select[tuple[UUID]]:
    """Every message in them."""
    return select(Message.id).where(Message.conversation_id.in_(own_conversations(person_id)))


def own_files(person_id: UUID) -> ColumnElement[bool]:
    """Files in the patient's conversations, and the person's own that are in none."""
    shared_there = select(FileAsset.id).where(FileAsset.conversation_id.in_(own_conversations(person_id)))
    alone = select(FileAsset.id).where(FileAsset.owner_id == person_id, FileAsset.conversation_id.is_(None))
    return FileAsset.id.in_(union(shared_there, alone))


def own_appointments(person_id: UUID) -> Select[tuple[UUID]]:
    """The appointments of a patient."""
    return select(Appointment.id).where(Appointment.patient_id == person_id)


def own_analyses(person_id: UUID) -> Select[tuple[UUID]]:
    """What the model said of a patient's messages."""
    return select(MessageAnalysis.id).where(MessageAnalysis.patient_id == person_id)


def written_for_others(person_id: UUID) -> ColumnElement[bool]:
    """What a therapist wrote to patients."""
    return and_(Message.sender_id == person_id, Message.conversation_id.not_in(own_conversations(person_id)))


def earlier_versions_by(person_id: UUID) -> ColumnElement[bool]:
    """What somebody's own messages said before they were edited."""
    return MessageVersion.message_id.in_(select(Message.id).where(Message.sender_id == person_id))


def files_to_give(person_id: UUID) -> ColumnElement[bool]:
    """One's own files, and those in one's record."""
    shared_there = select(FileAsset.id).where(FileAsset.conversation_id.in_(own_conversations(person_id)))
    return FileAsset.id.in_(union(shared_there, select(FileAsset.id).where(FileAsset.owner_id == person_id)))


RECORD_TABLES: Final = (
    TablePolicy(
        model=CareRelationship,
        fate=Fate.EMPTIED_LATER,
        why=RECORD,
        erases=where(CareRelationship.patient_id),
        empties={"note": None, "decline_reason": None},
        exports=(where(CareRelationship.patient_id, CareRelationship.therapist_id),),
        sealed={"note": KeyRing.CLINICAL},
        private={"note": "patient_id", "decline_reason": "patient_id"},
    ),
    TablePolicy(
        model=Conversation,
        fate=Fate.KEPT,
        why=ONLY_IDS,
        exports=(
            lambda person_id: Conversation.id.in_(
                select(ConversationMember.conversation_id).where(ConversationMember.user_id == person_id)
            ),
        ),
    ),
    TablePolicy(model=ConversationMember, fate=Fate.KEPT, why=ONLY_IDS, exports=(where(ConversationMember.user_id),)),
    TablePolicy(
        model=Message,
        fate=Fate.EMPTIED_LATER,
        why=f"{RECORD}; numbers stay without a gap",
        erases=lambda person_id: Message.conversation_id.in_(own_conversations(person_id)),
        empties={"body": None, "client_id": None},
        emptied_at="deleted_at",
        exports=(written_for_others,),
        by_conversation=True,
        sealed={"body": KeyRing.MESSAGE},
        order=("conversation_id", "seq"),
    ),
    TablePolicy(
        model=MessageVersion,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=lambda person_id: MessageVersion.message_id.in_(own_messages(person_id)),
        exports=(earlier_versions_by,),
        sealed={"body": KeyRing.MESSAGE},
    ),
    TablePolicy(
        model=MessageSearchPack,
        fate=Fate.REMOVED_LATER,
        why=f"{RECORD}; the words of the messages once more, which a search reads and an export need not repeat",
        erases=lambda person_id: MessageSearchPack.conversation_id.in_(own_conversations(person_id)),
    ),
    TablePolicy(
        model=MessageAttachment,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=lambda person_id: MessageAttachment.message_id.in_(own_messages(person_id)),
        exports=(lambda person_id: MessageAttachment.message_id.in_(own_messages(person_id)),),
    ),
    TablePolicy(
        model=FileShare,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=lambda person_id: FileShare.file_id.in_(select(FileAsset.id).where(own_files(person_id))),
        exports=(
            where(FileShare.shared_with_id),
            lambda person_id: FileShare.file_id.in_(select(FileAsset.id).where(FileAsset.owner_id == person_id)),
        ),
    ),
    TablePolicy(
        model=FileAsset,
        fate=Fate.EMPTIED_LATER,
        why=f"{RECORD}; the row says to the bucket what to delete",
        erases=own_files,
        empties={"status": FileStatus.DELETED, "file_name": b"", "sha256": None},
        emptied_at="deleted_at",
        exports=(files_to_give,),
        withheld={"object_name": INTERNAL, "sha256": INTERNAL},
        sealed={"file_name": KeyRing.MESSAGE},
    ),
    TablePolicy(
        model=MLFeedback,
        fate=Fate.ERASED,
        why="training data is no record of treatment",
        erases=lambda person_id: MLFeedback.analysis_id.in_(own_analyses(person_id)),
        exports=(lambda person_id: MLFeedback.analysis_id.in_(own_analyses(person_id)), where(MLFeedback.therapist_id)),
        sealed={"notes": KeyRing.CLINICAL},
    ),
    TablePolicy(
        model=ShadowAnswer,
        fate=Fate.ERASED,
        why="what a model on trial said, which nobody was shown, is no record of treatment",
        erases=where(ShadowAnswer.patient_id),
        exports=(where(ShadowAnswer.patient_id),),
        order=("rollout_id", "analysis_id"),
    ),
    TablePolicy(
        model=RiskEvent,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=where(RiskEvent.patient_id),
        exports=(where(RiskEvent.patient_id),),
        sealed={"outcome_note": KeyRing.CLINICAL},
        order=("opened_at", "id"),
    ),
    TablePolicy(
        model=OnCallEntry,
        fate=Fate.ERASED,
        why="nobody is called who is gone",
        erases=where(OnCallEntry.therapist_id),
        exports=(where(OnCallEntry.therapist_id),),
        withheld={"created_by": ANOTHER},
    ),
    TablePolicy(model=ProbeRun, fate=Fate.NOBODYS, why="whether alerts arrive, found out with nobody's message"),
    TablePolicy(
        model=ReminderProgress, fate=Fate.NOBODYS, why="up to when appointments were reminded of; no ids of people"
    ),
    TablePolicy(
        model=MessageAnalysis,
        fate=Fate.REMOVED_LATER,
        why=f"{RECORD}; from the erasure on no training uses it",
        erases=where(MessageAnalysis.patient_id),
        exports=(where(MessageAnalysis.patient_id),),
        order=("created_at", "id"),
    ),
    TablePolicy(
        model=WaitlistEntry,
        fate=Fate.ERASED,
        why="a wish for a time is no record of treatment",
        erases=where(WaitlistEntry.patient_id),
        exports=(where(WaitlistEntry.patient_id),),
    ),
    TablePolicy(
        model=AppointmentAttendee,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=lambda person_id: AppointmentAttendee.appointment_id.in_(own_appointments(person_id)),
        exports=(where(AppointmentAttendee.user_id),),
    ),
    TablePolicy(
        model=Appointment,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=where(Appointment.patient_id),
        exports=(where(Appointment.patient_id, Appointment.therapist_id),),
        withheld={
            **dict.fromkeys(("zoom_join_url", "zoom_meeting_id", "zoom_meeting_uuid"), SECRET),
            **dict.fromkeys(("zoom_host_id", "zoom_registrant_id"), INTERNAL),
        },
    ),
    TablePolicy(
        model=AppointmentSeries,
        fate=Fate.REMOVED_LATER,
        why=RECORD,
        erases=where(AppointmentSeries.patient_id),
        exports=(where(AppointmentSeries.patient_id, AppointmentSeries.therapist_id),),
    ),
    TablePolicy(
        model=AvailabilityRule,
        fate=Fate.ERASED,
        why="nobody books a therapist who is gone",
        erases=where(AvailabilityRule.therapist_id),
        exports=(where(AvailabilityRule.therapist_id),),
    ),
    TablePolicy(
        model=AvailabilityException,
        fate=Fate.ERASED,
        why="nobody books a therapist who is gone",
        erases=where(AvailabilityException.therapist_id),
        exports=(where(AvailabilityException.therapist_id),),
    ),
    TablePolicy(
        model=BreakGlassGrant,
        fate=Fate.KEPT,
        why=f"who opened the record, and why; {SIX_YEARS_ON}",
        exports=(where(BreakGlassGrant.patient_id),),
        withheld={
            **dict.fromkeys(("administrator_id", "ended_by", "reason", "reviewed_by", "review_note"), ANOTHER),
            "reminded_at": INTERNAL,
        },
    ),
    TablePolicy(
        model=Impersonation,
        fate=Fate.KEPT,
        why=f"who looked on as the person, and why; {SIX_YEARS_ON}",
        exports=(where(Impersonation.user_id),),
        withheld=dict.fromkeys(("administrator_id", "reason"), ANOTHER),
    ),
    TablePolicy(model=TrainingRun, fate=Fate.KEPT, why=STAFF_IDS),
    TablePolicy(model=Rollout, fate=Fate.KEPT, why=STAFF_IDS),
    TablePolicy(model=ModelVersion, fate=Fate.NOBODYS, why="models, and how well they did"),
    TablePolicy(model=DriftReport, fate=Fate.NOBODYS, why="shares of kinds of messages by week"),
)
