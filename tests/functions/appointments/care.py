"""Requests for care, and the steps that follow, as tests take them through the function's door."""

from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.database.models.audit_trail import AuditEvent
from shared.database.models.care import CareRelationship
from shared.database.models.profiles import TherapistProfile
from shared.database.transaction import transaction
from shared.roles import Role
from tests.people import As, Person, add_person, rows


@transaction
def describe(db: Database, /, therapist: Person, **profile: object) -> None:
    """What a therapist's profile says from now on."""
    db.execute(update(TherapistProfile).where(TherapistProfile.user_id == therapist.id).values(**profile))


def add_open_therapist(**account: str) -> Person:
    """A therapist with a licence who takes new patients."""
    therapist = add_person(Role.THERAPIST, **account)  # type: ignore[arg-type]
    describe(therapist, accepts_new_patients=True)
    return therapist


def ask_for_care(client: FlaskClient, patient: Person, therapist: Person, note: str | None = None) -> TestResponse:
    """POST …/connect."""
    return As(client, patient).post(f"/api/therapists/{therapist.id}/connect", {} if note is None else {"note": note})


def asked(client: FlaskClient, patient: Person, therapist: Person, note: str | None = None) -> UUID:
    """The id of a new request."""
    answer = ask_for_care(client, patient, therapist, note)
    assert answer.status_code == 201, answer.get_json()
    return UUID(answer.get_json()["id"])


def step(client: FlaskClient, person: Person, care_id: UUID, status: str, **more: str) -> TestResponse:
    """PATCH …/{id}."""
    return As(client, person).patch(f"/api/care-relationships/{care_id}", {"status": status, **more})


def care_row(care_id: UUID) -> CareRelationship:
    """What the database holds."""
    [row] = rows(select(CareRelationship).where(CareRelationship.id == care_id))
    return row


def deeds(care_id: UUID) -> list[tuple[str, str, UUID | None, UUID | None]]:
    """The audit entries of a care relationship, the oldest first: action, outcome, actor and subject."""
    entries = rows(select(AuditEvent).where(AuditEvent.resource_id == care_id).order_by(AuditEvent.occurred_at))
    return [(entry.action, entry.outcome, entry.actor_id, entry.subject_id) for entry in entries]
