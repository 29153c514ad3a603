"""A patient of whom every table holds a row, with a marked word in whatever can hold one, beside a therapist."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Database

from shared import outbox
from shared.clock import now
from shared.database.encryption import KeyRing, seal
from shared.database.models.accounts import Session, Transport, User
from shared.database.models.analysis import (
    Label,
    MessageAnalysis,
    OnCallEntry,
    RiskEvent,
    RiskLevel,
    RiskOutcome,
    RiskSource,
    RiskStatus,
)
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.care import CareRelationship
from shared.database.models.consents import Consent, ConsentKind
from shared.database.models.credentials import (
    Account,
    BackupCode,
    PasskeyCredential,
    Provider,
    TrustedDevice,
    TwoFactor,
    Verification,
    VerificationPurpose,
)
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.database.models.files import FileAsset, FileShare, FileStatus, MessageAttachment
from shared.database.models.learning import (
    MLFeedback,
    ModelStatus,
    ModelVersion,
    Rollout,
    RolloutStatus,
    ShadowAnswer,
)
from shared.database.models.messaging import Conversation, Message, MessageSearchPack, MessageVersion
from shared.database.models.profiles import PatientProfile
from shared.database.models.scheduling import (
    Appointment,
    AppointmentAttendee,
    AppointmentSeries,
    AppointmentStatus,
    AvailabilityException,
    AvailabilityRule,
    WaitlistEntry,
)
from shared.database.models.trust import BreakGlassGrant, Impersonation
from shared.database.transaction import transaction
from shared.events import AccountNotice
from shared.messages import seal_body
from shared.roles import Role
from tests.people import Pair, Person, add_pair, add_person

MARK: Final = "marked"
"""In every word of the patient's that a table holds."""
SECRET: Final = "kept-to-itself"
"""In whatever no export may give."""
BORN: Final = date(1990, 2, 28)


def add_everything() -> Pair:
    """A patient and a therapist, and a row of the patient's in every table that can have one."""
    pair, administrator = add_pair(name=f"{MARK} Name"), add_person(Role.ADMINISTRATOR, name="Ada Administrator")
    _add_account_rows(pair.patient, administrator)
    _add_therapists_rows(pair.therapist)
    message_id = _add_messages(pair)
    _add_analysis(pair, message_id)
    _add_files(pair, message_id)
    _add_appointments(pair)
    _add_trust(pair, administrator)
    _add_trial(pair, administrator)
    return pair


@transaction
def _add_account_rows(db: Database, patient: Person, administrator: Person) -> None:
    moment, me = now(), patient.id
    user = db.get_one(User, me)
    user.preferences, user.time_zone, user.last_signed_in_at = {"theme": MARK}, "Europe/Berlin", moment
    profile = db.get_one(PatientProfile, me)
    for column, text in {
        "date_of_birth": BORN.isoformat(),
        "phone": f"{MARK} +1 555",
        "emergency_contact": json.dumps({"name": f"{MARK} Aunt"}),
        "about": f"{MARK} about",
    }.items():
        setattr(profile, column, seal(KeyRing.CLINICAL, text, "patient_profile", column, me))
    profile.country = "DE"
    account = uuid4()
    db.add_all(
        [
            Account(
                id=account,
                user_id=me,
                provider=Provider.GOOGLE,
                provider_account_id=f"{MARK}-{me}",
                email=f"{MARK}@elsewhere.test",
                access_token=seal(KeyRing.CREDENTIAL, SECRET, "account", "access_token", account),
                scope="openid",
            ),
            TwoFactor(user_id=me, secret=SECRET.encode(), confirmed_at=moment),
            BackupCode(user_id=me, code_hash=SECRET.encode()),
            TrustedDevice(
                user_id=me,
                token_hash=uuid4().bytes * 2,
                user_agent=f"{MARK} browser",
                expires_at=moment + timedelta(days=30),
            ),
            PasskeyCredential(user_id=me, credential_id=uuid4().bytes, public_key=SECRET.encode(), name=f"{MARK} key"),
            Verification(
                user_id=me,
                purpose=VerificationPurpose.PASSWORD_RESET,
                token_hash=uuid4().bytes * 2,
                payload=SECRET.encode(),
                expires_at=moment + timedelta(hours=1),
            ),
            EmailDelivery(event_id=uuid4(), kind="account-notice", user_id=me, status=EmailStatus.FAILED),
            Consent(user_id=me, kind=ConsentKind.TRAINING, document_version="1"),
            Session(
                user_id=me,
                token_hash=uuid4().bytes * 2,
                expires_at=moment + timedelta(hours=1),
                revoked_at=moment,
                user_agent=f"{MARK} phone",
                ip="198.51.100.7",
                transport=Transport.COOKIE,
            ),
        ]
    )
    outbox.record(db, AccountNotice(occurred_at=moment, user_id=me, notice="export-made"))
    db.add_all(
        AuditEvent(actor_id=actor, subject_id=me, action=action, outcome=AuditOutcome.SUCCESS, ip=ip)
        for actor, action, ip in (
            (me, "session.signed-in", "198.51.100.7"),
            (administrator.id, "profile.read", "203.0.113.99"),
        )
    )


@transaction
def _add_therapists_rows(db: Database, therapist: Person) -> None:
    rule = {"therapist_id": therapist.id, "start_minute": 540, "end_minute": 600, "time_zone": "UTC"}
    db.add(AvailabilityRule(weekday=0, effective_from=date(2026, 1, 1), **rule))
    db.add(AvailabilityException(on_date=date(2030, 1, 1), available=True, **rule))
    position = (db.scalar(select(func.max(OnCallEntry.position))) or 0) + 1
    db.add(OnCallEntry(position=position, therapist_id=therapist.id, created_by=therapist.id))


@transaction
def _add_messages(db: Database, pair: Pair) -> UUID:
    conversation = db.get_one(Conversation, pair.conversation_id)
    care = db.get_one(CareRelationship, conversation.care_relationship_id)
    care.note = seal(KeyRing.CLINICAL, f"{MARK} note", "care_relationship", "note", care.id)
    for seq, sender in enumerate((pair.patient, pair.therapist), 1):
        message = Message(
            id=uuid4(), conversation_id=conversation.id, sender_id=sender.id, seq=seq, client_id=f"{MARK}-{seq}"
        )
        message.body, message.version = seal_body(message.id, f"{MARK} body {seq}"), 2
        earlier = MessageVersion(id=uuid4(), message_id=message.id, version=1)
        earlier.body = seal(KeyRing.MESSAGE, f"{MARK} earlier {seq}", "message_version", "body", earlier.id)
        db.add_all([message, earlier])
        if sender is pair.patient:
            first = message.id
    conversation.last_seq = 2
    pack = MessageSearchPack(id=uuid4(), conversation_id=conversation.id, block=0, form=1)
    pack.oldest_at = pack.newest_at = now()
    pack.words = seal(KeyRing.MESSAGE, f"1 {MARK} body 1", "message_search_pack", "words", pack.id)
    db.add(pack)
    return first


@transaction
def _add_analysis(db: Database, pair: Pair, message_id: UUID) -> None:
    patient, therapist, moment = pair.patient.id, pair.therapist.id, now()
    about = {"message_id": message_id, "message_version": 2, "conversation_id": pair.conversation_id}
    analysis = MessageAnalysis(
        id=uuid4(),
        patient_id=patient,
        label=Label.STRESS,
        confidence=0.9,
        all_scores={"Stress": 0.9},
        model_version="m1",
        thresholds_version="m1",
        risk_level=RiskLevel.RAISED,
        latency_ms=10,
        may_train=True,
        **about,
    )
    event = RiskEvent(
        id=uuid4(),
        patient_id=patient,
        analysis_id=analysis.id,
        level=RiskLevel.RAISED,
        source=RiskSource.MODEL,
        status=RiskStatus.RESOLVED,
        resolved_at=moment,
        resolved_by=therapist,
        outcome=RiskOutcome.CONTACTED_SAFE,
        **about,
    )
    event.outcome_note = seal(KeyRing.CLINICAL, f"{MARK} outcome", "risk_event", "outcome_note", event.id)
    feedback = MLFeedback(id=uuid4(), analysis_id=analysis.id, therapist_id=therapist, is_correct=True)
    feedback.notes = seal(KeyRing.CLINICAL, f"{MARK} feedback", "ml_feedback", "notes", feedback.id)
    db.add_all([analysis, event, feedback])


@transaction
def _add_files(db: Database, pair: Pair, message_id: UUID) -> None:
    file = FileAsset(
        id=uuid4(),
        owner_id=pair.patient.id,
        conversation_id=pair.conversation_id,
        status=FileStatus.CLEAN,
        object_name=f"{SECRET}-{uuid4()}",
        content_type="image/png",
        size_bytes=3,
    )
    file.file_name = seal(KeyRing.MESSAGE, f"{MARK} picture.png", "file_asset", "file_name", file.id)
    db.add_all(
        [
            file,
            MessageAttachment(message_id=message_id, file_id=file.id),
            FileShare(file_id=file.id, shared_with_id=pair.therapist.id, shared_by_id=pair.patient.id),
        ]
    )


@transaction
def _add_appointments(db: Database, pair: Pair) -> None:
    patient, therapist = pair.patient.id, pair.therapist.id
    series = AppointmentSeries(
        id=uuid4(),
        patient_id=patient,
        therapist_id=therapist,
        first_start_at=now(),
        minutes=50,
        occurrences=2,
        time_zone="UTC",
    )
    db.add(series)
    past = appointment(pair, now() - timedelta(days=7), status=AppointmentStatus.COMPLETED, series_id=series.id)
    db.add_all([past, appointment(pair, now() + timedelta(days=7)), appointment(pair, now() + timedelta(days=30))])
    db.add(AppointmentAttendee(appointment_id=past.id, user_id=patient))
    db.add(AppointmentAttendee(appointment_id=past.id, user_id=therapist))
    db.add(
        WaitlistEntry(
            patient_id=patient,
            therapist_id=therapist,
            earliest_at=now(),
            latest_at=now() + timedelta(days=9),
            preferences={"words": MARK},
        )
    )


def appointment(pair: Pair, start_at: datetime, **more: Any) -> Appointment:
    """An appointment of 50 minutes, booked where nothing else is said."""
    end_at = start_at + timedelta(minutes=50)
    return Appointment(
        **{
            "id": uuid4(),
            "patient_id": pair.patient.id,
            "therapist_id": pair.therapist.id,
            "status": AppointmentStatus.BOOKED,
            "start_at": start_at.astimezone(UTC),
            "end_at": end_at,
            "blocked_from": start_at,
            "blocked_until": end_at,
            "time_zone": "UTC",
            "zoom_meeting_id": f"{SECRET}-{uuid4()}",
        }
        | more
    )


@transaction
def _add_trust(db: Database, pair: Pair, administrator: Person) -> None:
    grant = BreakGlassGrant(
        id=uuid4(),
        administrator_id=administrator.id,
        patient_id=pair.patient.id,
        reason_code="emergency",
        expires_at=now() + timedelta(hours=1),
        review_due_at=now() + timedelta(hours=72),
    )
    grant.reason = seal(KeyRing.EVENT, f"{SECRET} reason", "break_glass_grant", "reason", grant.id)
    looked_on = Impersonation(
        id=uuid4(),
        administrator_id=administrator.id,
        user_id=pair.patient.id,
        reason_code="asked-for-help",
        expires_at=now() + timedelta(minutes=30),
    )
    looked_on.reason = seal(KeyRing.EVENT, f"{SECRET} reason", "impersonation", "reason", looked_on.id)
    db.add_all([grant, looked_on])


@transaction
def _add_trial(db: Database, pair: Pair, administrator: Person) -> None:
    """A model on trial was asked about the patient's message."""
    models = [_retired_model(), _retired_model()]
    db.add_all(models)
    db.flush()
    rollout = Rollout(
        id=uuid4(),
        champion_id=models[0].id,
        challenger_id=models[1].id,
        status=RolloutStatus.COMPLETED,
        percent=100,
        started_by=administrator.id,
        finished_at=now(),
        settled_at=now(),
    )
    db.add(rollout)
    db.flush()
    analysis_id = db.scalars(select(MessageAnalysis.id).where(MessageAnalysis.patient_id == pair.patient.id)).one()
    db.add(
        ShadowAnswer(
            rollout_id=rollout.id,
            analysis_id=analysis_id,
            patient_id=pair.patient.id,
            label=Label.STRESS,
            confidence=0.8,
            is_flagged=False,
            latency_ms=12,
        )
    )


def _retired_model() -> ModelVersion:
    name = f"retired-{uuid4()}"
    return ModelVersion(
        id=uuid4(),
        name=name,
        status=ModelStatus.RETIRED,
        artifact_uri="gs://models/retired",
        artifact_sha256=bytes(32),
        base_model="base",
        thresholds_version=name,
    )
