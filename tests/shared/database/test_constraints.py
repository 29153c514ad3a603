"""What must always hold is refused by the database itself, whoever writes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from infra.migrations.local import LocalDatabase
from shared.clock import now
from shared.database.faults import violated_constraint
from shared.database.models.accounts import UserStatus
from shared.database.models.analysis import OnCallEntry, ProbeRun, RiskLevel, RiskStatus
from shared.database.models.audit_trail import AuditSeal, AuditSealLeaves
from shared.database.models.care import CareKind, CareStatus
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
from shared.database.models.delivery import EmailDelivery, EmailStatus, IdempotencyRecord, WebhookReceipt
from shared.database.models.files import FileAsset, FileShare
from shared.database.models.learning import (
    MLFeedback,
    ModelStatus,
    ModelVersion,
    Rollout,
    RolloutStatus,
    RunStatus,
    RunTrigger,
    TrainingRun,
)
from shared.database.models.messaging import MessageVersion
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.database.models.scheduling import AppointmentStatus, WaitlistEntry, WaitlistStatus
from shared.database.models.trust import BreakGlassGrant, ErasureRequest, Impersonation, ImpersonationEnding
from shared.database.transaction import transaction
from shared.roles import Role
from tests.shared.database import rows
from tests.shared.database.rows import TOMORROW


@dataclass
class World:
    """Rows that are there before the one that a case is about."""

    patient: UUID
    therapist: UUID
    administrator: UUID
    conversation: UUID
    message: Any
    analysis: UUID
    run: UUID
    champion: UUID
    challenger: UUID
    file: UUID


@transaction
def populate(db: Session) -> World:
    patient, therapist, administrator = (rows.user(role) for role in Role)
    conversation = rows.conversation()
    message = rows.message(conversation.id, patient.id, client_id="c1")
    analysis = rows.analysis(message)
    run = training_run()
    champion, challenger = model(status=ModelStatus.CHAMPION), model()
    file = upload(patient.id)
    db.add_all([patient, therapist, administrator, conversation, message, analysis, run, champion, challenger, file])
    db.flush()
    return World(
        patient.id,
        therapist.id,
        administrator.id,
        conversation.id,
        message,
        analysis.id,
        run.id,
        champion.id,
        challenger.id,
        file.id,
    )


def training_run(**columns: Any) -> TrainingRun:
    return TrainingRun(**{"id": uuid4(), "trigger": RunTrigger.SCHEDULE, "feedback_days": 30} | columns)


def model(**columns: Any) -> ModelVersion:
    about = {"artifact_uri": "gs://models/one", "artifact_sha256": rows.digest(), "base_model": "xlm-roberta-base"}
    return ModelVersion(**{"id": uuid4(), "name": str(uuid4()), "thresholds_version": "t1"} | about | columns)


def upload(owner: UUID, **columns: Any) -> FileAsset:
    about = {"file_name": b"sealed", "content_type": "image/png", "size_bytes": 10, "object_name": str(uuid4())}
    return FileAsset(**{"id": uuid4(), "owner_id": owner} | about | columns)


def waiting(w: World, **columns: Any) -> WaitlistEntry:
    window = {"earliest_at": TOMORROW, "latest_at": TOMORROW + timedelta(days=9)}
    return WaitlistEntry(**{"patient_id": w.patient, "therapist_id": w.therapist} | window | columns)


def on_call(w: World, **columns: Any) -> OnCallEntry:
    return OnCallEntry(**{"position": 1, "therapist_id": w.therapist, "created_by": w.administrator} | columns)


def profile(w: World, **columns: Any) -> TherapistProfile:
    return TherapistProfile(user_id=w.therapist, **columns)


def seal(number: int = 1, start: int = 0, **columns: Any) -> AuditSeal:
    span = {"from_at": TOMORROW + timedelta(days=start), "until_at": TOMORROW + timedelta(days=start + 1)}
    digests = {"events_digest": rows.digest(), "previous_digest": rows.digest(), "digest": rows.digest()}
    return AuditSeal(**{"number": number, "format": 1, "event_count": 0} | span | digests | columns)


def grant(w: World, **columns: Any) -> BreakGlassGrant:
    times = {"expires_at": now() + timedelta(hours=1), "review_due_at": now() + timedelta(hours=72)}
    who = {"administrator_id": w.administrator, "patient_id": w.patient}
    return BreakGlassGrant(**{"reason_code": "treatment", "reason": b"sealed"} | who | times | columns)


def looking_on(w: World, **columns: Any) -> Impersonation:
    who = {"administrator_id": w.administrator, "user_id": w.patient, "expires_at": TOMORROW}
    return Impersonation(**{"id": uuid4(), "reason_code": "security", "reason": b"sealed"} | who | columns)


def kept(**columns: Any) -> IdempotencyRecord:
    about = {"caller": "somebody", "route": "POST /api/appointments", "key": "k", "expires_at": TOMORROW}
    return IdempotencyRecord(**{"request_digest": rows.digest(), "in_flight_until": TOMORROW} | about | columns)


def rollout(w: World, **columns: Any) -> Rollout:
    models = {"champion_id": w.champion, "challenger_id": w.challenger}
    return Rollout(**{"percent": 10, "started_by": w.administrator} | models | columns)


def feedback(w: World, **columns: Any) -> MLFeedback:
    return MLFeedback(**{"analysis_id": w.analysis, "therapist_id": w.therapist, "is_correct": True} | columns)


def file_share(w: World, **columns: Any) -> FileShare:
    return FileShare(**{"file_id": w.file, "shared_with_id": w.therapist, "shared_by_id": w.patient} | columns)


def token(of: UUID, **columns: Any) -> Verification:
    purpose = VerificationPurpose.PASSWORD_RESET
    return Verification(
        **{"user_id": of, "purpose": purpose, "token_hash": rows.digest(), "expires_at": TOMORROW} | columns
    )


Case = Callable[[World], list[Any]]
SAME = rows.digest()
LATER = timedelta(minutes=15)

REFUSED: dict[str, list[Case]] = {
    # People and sessions
    "uq_user_email": [lambda w: [rows.user(email="a@example.org"), rows.user(email="a@example.org")]],
    "ck_user_email_lower": [lambda w: [rows.user(email="Ada@example.org")]],
    "ck_user_suspended_when": [lambda w: [rows.user(status=UserStatus.SUSPENDED)]],
    "ck_user_erased_without_password": [lambda w: [rows.user(status=UserStatus.ERASED, password_hash="x")]],
    "uq_session_token_hash": [
        lambda w: [rows.session(w.patient, token_hash=SAME), rows.session(w.patient, token_hash=SAME)]
    ],
    "ck_session_token_hash_length": [lambda w: [rows.session(w.patient, token_hash=b"short")]],
    "ck_session_expires_later": [lambda w: [rows.session(w.patient, expires_at=now() - LATER)]],
    "ck_session_impersonation_reason": [lambda w: [rows.session(w.patient, impersonated_by=w.administrator)]],
    "fk_session_user_id": [lambda w: [rows.session(uuid4())]],
    "uq_two_factor_user_id": [lambda w: [TwoFactor(user_id=w.patient, secret=b"s") for _ in range(2)]],
    "uq_backup_code_user_id_code_hash": [lambda w: [BackupCode(user_id=w.patient, code_hash=SAME) for _ in range(2)]],
    "uq_trusted_device_token_hash": [
        lambda w: [TrustedDevice(user_id=w.patient, token_hash=SAME, expires_at=TOMORROW) for _ in range(2)]
    ],
    "uq_passkey_credential_credential_id": [
        lambda w: [PasskeyCredential(user_id=w.patient, credential_id=b"c", public_key=b"k", name="") for _ in range(2)]
    ],
    "uq_verification_token_hash": [lambda w: [token(w.patient, token_hash=SAME), token(w.patient, token_hash=SAME)]],
    "uq_account_provider_provider_account_id": [
        lambda w: [
            Account(user_id=who, provider=Provider.GOOGLE, provider_account_id="1", email="a@example.org")
            for who in (w.patient, w.therapist)
        ]
    ],
    "uq_account_user_id_provider": [
        lambda w: [
            Account(user_id=w.patient, provider=Provider.ZOOM, provider_account_id=name, email="a@example.org")
            for name in "12"
        ]
    ],
    # Care
    "ck_patient_profile_country": [lambda w: [PatientProfile(user_id=w.patient, country="USA")]],
    "ck_therapist_profile_buffer_after_minutes": [lambda w: [profile(w, buffer_after_minutes=-5)]],
    "ck_therapist_profile_booking_horizon_days": [lambda w: [profile(w, booking_horizon_days=0)]],
    "ck_therapist_profile_daily_maximum": [lambda w: [profile(w, daily_maximum=0)]],
    "ck_therapist_profile_reviewed_when": [lambda w: [profile(w, credentials_status=CredentialsStatus.VERIFIED)]],
    "uq_care_relationship_open_kind": [
        lambda w: [
            rows.care(w.patient, w.therapist),
            rows.care(w.patient, w.therapist, status=CareStatus.ACCEPTED, accepted_at=now()),
        ]
    ],
    "ck_care_relationship_coverage_ends": [
        lambda w: [rows.care(w.patient, w.therapist, kind=CareKind.COVERAGE, alert_id=uuid4())],
        lambda w: [rows.care(w.patient, w.therapist, kind=CareKind.COVERAGE, expires_at=TOMORROW)],
    ],
    "ck_care_relationship_two_people": [lambda w: [rows.care(w.patient, w.patient)]],
    "ck_care_relationship_accepted_when": [lambda w: [rows.care(w.patient, w.therapist, status=CareStatus.ACCEPTED)]],
    "ck_care_relationship_ended_when": [lambda w: [rows.care(w.patient, w.therapist, status=CareStatus.ENDED)]],
    # Scheduling
    "ck_availability_rule_weekday": [lambda w: [rows.rule(w.therapist, weekday=7)]],
    "ck_availability_rule_minutes": [
        lambda w: [rows.rule(w.therapist, start_minute=600, end_minute=600)],
        lambda w: [rows.rule(w.therapist, end_minute=1441)],
    ],
    "ck_availability_exception_both_minutes": [lambda w: [rows.exception(w.therapist, start_minute=5)]],
    "ck_availability_exception_open_needs_minutes": [lambda w: [rows.exception(w.therapist, available=True)]],
    "uq_appointment_therapist_start": [
        lambda w: [rows.appointment(w.patient, w.therapist), rows.appointment(w.administrator, w.therapist)],
        lambda w: [
            rows.appointment(w.patient, w.therapist, status=AppointmentStatus.HELD, held_until=TOMORROW),
            rows.appointment(w.administrator, w.therapist, status=AppointmentStatus.PENDING),
        ],
    ],
    "uq_appointment_patient_start": [
        lambda w: [rows.appointment(w.patient, w.therapist), rows.appointment(w.patient, w.administrator)]
    ],
    "uq_appointment_zoom_meeting_id": [
        lambda w: [
            rows.appointment(w.patient, w.therapist, zoom_meeting_id="1"),
            rows.appointment(w.administrator, w.patient, zoom_meeting_id="1"),
        ]
    ],
    "ck_appointment_two_people": [lambda w: [rows.appointment(w.patient, w.patient)]],
    "ck_appointment_ends_later": [
        lambda w: [rows.appointment(w.patient, w.therapist, end_at=TOMORROW, blocked_until=TOMORROW)]
    ],
    "ck_appointment_blocked": [lambda w: [rows.appointment(w.patient, w.therapist, blocked_from=TOMORROW + LATER)]],
    "ck_appointment_held_until": [lambda w: [rows.appointment(w.patient, w.therapist, status=AppointmentStatus.HELD)]],
    "ck_appointment_cancelled_when": [
        lambda w: [rows.appointment(w.patient, w.therapist, status=AppointmentStatus.CANCELLED)]
    ],
    "uq_waitlist_entry_open": [lambda w: [waiting(w), waiting(w)]],
    "ck_waitlist_entry_offer": [lambda w: [waiting(w, status=WaitlistStatus.OFFERED)]],
    # Messages
    "uq_message_conversation_id_seq": [lambda w: [rows.message(w.conversation, w.therapist)]],
    "uq_message_conversation_id_sender_id_client_id": [
        lambda w: [rows.message(w.conversation, w.patient, 2, client_id="c1")]
    ],
    "ck_message_seq": [lambda w: [rows.message(w.conversation, w.patient, 0)]],
    "ck_message_client_id": [lambda w: [rows.message(w.conversation, w.patient, 2, client_id="")]],
    "ck_message_body": [lambda w: [rows.message(w.conversation, w.patient, 2, body=None)]],
    "uq_message_version_message_id_version": [
        lambda w: [MessageVersion(message_id=w.message.id, version=1, body=b"s") for _ in range(2)]
    ],
    "uq_file_asset_object_name": [lambda w: [upload(w.patient, object_name="o"), upload(w.patient, object_name="o")]],
    "ck_file_share_two_people": [lambda w: [file_share(w, shared_by_id=w.therapist)]],
    "uq_file_share_file_id_shared_with_id": [lambda w: [file_share(w), file_share(w)]],
    # Analysis and learning
    "uq_message_analysis_message_id_message_version": [lambda w: [rows.analysis(w.message)]],
    "ck_message_analysis_confidence": [lambda w: [rows.analysis(w.message, message_version=2, confidence=1.5)]],
    "uq_risk_event_message_id_message_version": [lambda w: [rows.risk(w.message), rows.risk(w.message)]],
    "uq_on_call_entry_position": [lambda w: [on_call(w), on_call(w)]],
    "ck_on_call_entry_position": [lambda w: [on_call(w, position=0)]],
    "ck_on_call_entry_ends_later": [lambda w: [on_call(w, starts_at=TOMORROW, ends_at=TOMORROW)]],
    "uq_probe_run_slot": [lambda w: [ProbeRun(slot=7), ProbeRun(slot=7)]],
    "ck_probe_run_failure": [lambda w: [ProbeRun(slot=7, failure="late")]],
    "ck_risk_event_level_alerts": [lambda w: [rows.risk(w.message, level=RiskLevel.LOW)]],
    "ck_risk_event_acknowledged_when": [lambda w: [rows.risk(w.message, status=RiskStatus.ACKNOWLEDGED)]],
    "ck_risk_event_resolved_with_note": [
        lambda w: [rows.risk(w.message, status=RiskStatus.RESOLVED, resolved_at=now())]
    ],
    "uq_ml_feedback_analysis_id": [lambda w: [feedback(w), feedback(w, is_correct=False)]],
    "ck_ml_feedback_correction": [lambda w: [feedback(w, corrected_label="Stress")]],
    "uq_training_run_unfinished": [lambda w: [training_run(status=RunStatus.RUNNING)]],
    "uq_model_version_champion": [lambda w: [model(status=ModelStatus.CHAMPION)]],
    "uq_rollout_active": [lambda w: [rollout(w), rollout(w)]],
    "ck_rollout_two_models": [lambda w: [rollout(w, challenger_id=w.champion)]],
    "ck_rollout_percent": [lambda w: [rollout(w, percent=101)]],
    "ck_rollout_finished_when": [lambda w: [rollout(w, status=RolloutStatus.COMPLETED)]],
    # Trust
    "uq_audit_seal_number": [lambda w: [seal(1, 0), seal(1, 1)]],
    "uq_audit_seal_from_at": [lambda w: [seal(1, 0), seal(2, 0)]],
    "ck_audit_seal_digest_lengths": [lambda w: [seal(digest=b"short")]],
    "ck_audit_seal_leaves_whole": [lambda w: [seal(id=w.patient), AuditSealLeaves(id=w.patient, leaves=b"short")]],
    "fk_audit_seal_leaves_id": [lambda w: [AuditSealLeaves(id=uuid4(), leaves=b"")]],
    "uq_consent_standing": [
        lambda w: [Consent(user_id=w.patient, kind=ConsentKind.TRAINING, document_version="1") for _ in range(2)]
    ],
    "uq_break_glass_grant_open": [lambda w: [grant(w), grant(w)]],
    "ck_break_glass_grant_reviewed_by_another": [lambda w: [grant(w, reviewed_at=now(), reviewed_by=w.administrator)]],
    "uq_impersonation_open": [lambda w: [looking_on(w), looking_on(w, user_id=w.therapist)]],
    "ck_impersonation_two_people": [lambda w: [looking_on(w, user_id=w.administrator)]],
    "ck_impersonation_expires_later": [lambda w: [looking_on(w, expires_at=now() - LATER)]],
    "ck_impersonation_ended": [
        lambda w: [looking_on(w, ended_at=now())],
        lambda w: [looking_on(w, ending=ImpersonationEnding.CLOSED)],
    ],
    "uq_erasure_request_open": [lambda w: [ErasureRequest(user_id=w.patient, due_at=TOMORROW) for _ in range(2)]],
    # Delivery
    "uq_email_delivery_event_id": [
        lambda w: [EmailDelivery(event_id=w.analysis, kind="k", user_id=w.patient) for _ in range(2)]
    ],
    "ck_email_delivery_sent_when": [
        lambda w: [EmailDelivery(event_id=uuid4(), kind="k", user_id=w.patient, status=EmailStatus.SENT)]
    ],
    "uq_webhook_receipt_provider_dedupe_key": [
        lambda w: [WebhookReceipt(provider="zoom", dedupe_key="d", type="t", payload=b"s") for _ in range(2)]
    ],
    "uq_idempotency_record_caller_route_key": [lambda w: [kept(), kept()]],
    "ck_idempotency_record_in_flight": [lambda w: [kept(in_flight_until=None)]],
    "ck_idempotency_record_answered": [lambda w: [kept(status=201)]],
}


@transaction
def keep(db: Session, made: list[Any]) -> None:
    # One statement each, since two new rows of one table would otherwise be one statement.
    for row in made:
        db.add(row)
        db.flush()


@pytest.fixture
def world(database: LocalDatabase) -> World:
    return populate()


@pytest.mark.parametrize(
    ("constraint", "case"),
    [pytest.param(name, case, id=name) for name, cases in REFUSED.items() for case in cases],
)
def test_it_is_refused(world: World, constraint: str, case: Case) -> None:
    with pytest.raises(DBAPIError) as raised:
        keep(case(world))
    assert violated_constraint(raised.value) == constraint


ALLOWED: dict[str, Case] = {
    "care may begin again after it ended": lambda w: [
        rows.care(w.patient, w.therapist, status=CareStatus.ENDED, accepted_at=now(), ended_at=now()),
        rows.care(w.patient, w.therapist, status=CareStatus.DECLINED, declined_at=now()),
        rows.care(w.patient, w.therapist),
    ],
    "a cancelled time can be booked again": lambda w: [
        rows.appointment(w.patient, w.therapist, status=AppointmentStatus.CANCELLED, cancelled_at=now()),
        rows.appointment(w.patient, w.therapist, status=AppointmentStatus.EXPIRED),
        rows.appointment(w.patient, w.therapist),
    ],
    "a withdrawn consent can be given again": lambda w: [
        Consent(user_id=w.patient, kind=ConsentKind.TRAINING, document_version="1", withdrawn_at=TOMORROW),
        Consent(user_id=w.patient, kind=ConsentKind.TRAINING, document_version="2"),
    ],
    "two people may use one client id": lambda w: [rows.message(w.conversation, w.therapist, 2, client_id="c1")],
    "messages without a client id do not collide": lambda w: [
        rows.message(w.conversation, w.patient, 2),
        rows.message(w.conversation, w.patient, 3),
    ],
    "a deleted message has no body": lambda w: [
        rows.message(w.conversation, w.patient, 2, body=None, deleted_at=now())
    ],
    "an alert needs no analysis": lambda w: [rows.risk(w.message, analysis_id=None)],
    "a whole day is closed without minutes": lambda w: [rows.exception(w.therapist)],
    "the day ends at midnight": lambda w: [rows.rule(w.therapist, end_minute=1440)],
}


@pytest.mark.parametrize("case", ALLOWED.values(), ids=ALLOWED)
def test_it_is_kept(world: World, case: Case) -> None:
    keep(case(world))
