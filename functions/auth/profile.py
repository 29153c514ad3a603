"""GET and PATCH /api/user/profile: what somebody tells about themselves, by role, and what is missing yet."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic.alias_generators import to_camel
from sqlalchemy.orm import Session as Database

from shared import access, audit
from shared.audit_actions import Action
from shared.clock import now
from shared.contract import Schema
from shared.database.models.accounts import User
from shared.database.models.profiles import CredentialsStatus, PatientProfile, TherapistProfile
from shared.database.transaction import transaction
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import Conflict, FieldFault, Unprocessable
from shared.roles import Role, signed_in
from shared.session import Caller
from shared.time_zones import TimeZone

from .fields import Name
from .profile_fields import (
    BirthDate,
    Country,
    GivenContact,
    Language,
    Languages,
    Lines,
    PatientDetails,
    Phone,
    Specialties,
    details_of,
    keep_detail,
    unchanged,
)
from .therapist_credentials import ShownCredentials, shown_credentials, therapist_profile

routes = Routes()

_ACCOUNTS: Final = frozenset({"name", "time_zone", "language"})
_PATIENTS: Final = frozenset(PatientDetails.model_fields)
_THERAPISTS: Final = frozenset({"bio", "specialties", "languages", "accepts_new_patients"})
FIELDS: Final = {
    Role.PATIENT: _ACCOUNTS | _PATIENTS,
    Role.THERAPIST: _ACCOUNTS | _THERAPISTS,
    Role.ADMINISTRATOR: _ACCOUNTS,
}
WANTED: Final = {
    Role.PATIENT: ("name", "birth_date", "phone", "country", "emergency_contact"),
    Role.THERAPIST: ("name", "bio", "specialties", "languages", "credentials"),
    Role.ADMINISTRATOR: ("name",),
}
"""What makes a profile complete."""


class LicenceAwaited(Conflict):
    """A therapist wants new patients before the licence is verified, or after it expired."""

    title = "New patients can be accepted once your licence is verified"


class ProfileChanges(Schema):
    """What changes; what is left out stays, null removes. Each role has its own fields, others are refused."""

    name: Name = unchanged()
    time_zone: TimeZone = unchanged()
    language: Language = unchanged()
    birth_date: BirthDate | None = unchanged()
    phone: Phone | None = unchanged()
    country: Country | None = unchanged()
    emergency_contact: GivenContact | None = unchanged()
    about: Lines | None = unchanged()
    bio: Lines = unchanged()
    specialties: Specialties = unchanged()
    languages: Languages = unchanged()
    accepts_new_patients: bool = unchanged()


class Completeness(Schema):
    """How much of what a profile wants is there; `percent` is of fields."""

    complete: bool
    missing: list[str]
    percent: int


class Profile(Schema):
    """What every account has."""

    id: UUID
    role: Role
    email: str
    name: str
    time_zone: str
    language: str
    completeness: Completeness


class ShownPatient(Profile, PatientDetails):
    """A patient's own profile."""

    completed_at: datetime | None


class ShownTherapist(Profile):
    """A therapist's own profile; the licence is changed by POST /api/user/credentials alone."""

    bio: str
    specialties: list[str]
    languages: list[str]
    accepts_new_patients: bool
    credentials: ShownCredentials


class ShownAdministrator(Profile):
    """An administrator's own profile."""


AnyProfile = ShownPatient | ShownTherapist | ShownAdministrator


@routes.endpoint("GET /api/user/profile", allow=signed_in, limit=Limit("read-profile", 120, per=60))
def read_profile(caller: Caller) -> AnyProfile:
    """The caller's own profile."""
    return profile_of(caller)


@routes.endpoint("PATCH /api/user/profile", allow=signed_in, limit=Limit("change-profile", 30, per=60))
def change_profile(caller: Caller, changes: ProfileChanges) -> AnyProfile:
    """Change some fields of the caller's own profile: all that are given or, where one is refused, none."""
    return keep_changes(caller, changes.model_dump(exclude_unset=True, by_alias=False))


@transaction
def profile_of(db: Database, caller: Caller) -> AnyProfile:
    """Read it. Nobody's own look at their own profile is audited."""
    user = db.get_one(User, caller.user_id)
    return _shown(db, user, _profile_row(db, user))


@transaction
def keep_changes(db: Database, caller: Caller, changes: dict[str, Any]) -> AnyProfile:
    """Keep what differs, with the names of what changed in the audit trail and never what was written."""
    user = db.get_one(User, caller.user_id)
    _refuse_fields_of_others(user.role, changes)
    row = _profile_row(db, user)
    before = _shown(db, user, row).model_dump(by_alias=False)
    changed = {field: value for field, value in changes.items() if before[field] != value}
    if changed.get("accepts_new_patients") and not access.holds_licence(db, user.id):
        raise LicenceAwaited
    for field, value in changed.items():
        _keep(user, row, field, value)
    if changed:
        named = sorted(map(to_camel, changed))
        audit.record(db, Action.PROFILE_CHANGED, subject_id=user.id, details={"fields": named})
    if row is not None:
        db.add(row)
    if isinstance(row, PatientProfile) and row.completed_at is None and _completeness(user, details_of(row)).complete:
        row.completed_at = now()
    return _shown(db, user, row)


def _refuse_fields_of_others(role: Role, changes: dict[str, Any]) -> None:
    foreign = sorted(set(changes) - FIELDS[role])
    if foreign:
        words = f"is no field of a profile whose role is {role}"
        raise Unprocessable(errors=[FieldFault(f"/{to_camel(field)}", words) for field in foreign])


def _profile_row(db: Database, user: User) -> PatientProfile | TherapistProfile | None:
    """The row beside the account's, or an empty one that is not kept yet; administrators have none."""
    if user.role is Role.PATIENT:
        return db.get(PatientProfile, user.id) or PatientProfile(user_id=user.id)
    return therapist_profile(db, user.id) if user.role is Role.THERAPIST else None


def _keep(user: User, row: PatientProfile | TherapistProfile | None, field: str, value: Any) -> None:
    if field in _ACCOUNTS:
        setattr(user, field, value)
    elif isinstance(row, PatientProfile):
        keep_detail(row, field, value)
    else:
        setattr(row, field, value)


def _shown(db: Database, user: User, row: PatientProfile | TherapistProfile | None) -> AnyProfile:
    account = {field: getattr(user, field) for field in ("id", "role", "email", "name", "time_zone", "language")}
    if isinstance(row, PatientProfile):
        details = details_of(row)
        completeness = _completeness(user, details)
        return ShownPatient(**account, **dict(details), completed_at=row.completed_at, completeness=completeness)
    if row is not None:
        return ShownTherapist(
            **account,
            **{field: getattr(row, field) for field in sorted(_THERAPISTS)},
            credentials=shown_credentials(db, row),
            completeness=_completeness(user, row),
        )
    return ShownAdministrator(**account, completeness=_completeness(user, None))


def _completeness(user: User, told: PatientDetails | TherapistProfile | None) -> Completeness:
    wanted = WANTED[user.role]
    missing = [field for field in wanted if not _is_told(user, told, field)]
    there = 100 * (len(wanted) - len(missing)) // len(wanted)
    return Completeness(complete=not missing, missing=list(map(to_camel, missing)), percent=there)


def _is_told(user: User, told: PatientDetails | TherapistProfile | None, field: str) -> bool:
    if field == "credentials":
        assert isinstance(told, TherapistProfile)
        return told.credentials_status in {CredentialsStatus.PENDING, CredentialsStatus.VERIFIED}
    return bool(getattr(user if field in _ACCOUNTS else told, field))
