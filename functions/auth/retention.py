"""What stays after an erasure, until when, and why: pure calculation, in the words that a person is told."""

from datetime import date, datetime, time
from enum import StrEnum

from shared.contract import Schema
from shared.roles import Role


class KeptKind(StrEnum):
    """What stays, for clients that have words of their own."""

    PATIENTS_RECORD = "patientsRecord"
    THERAPISTS_PART = "therapistsPart"
    TERMS = "terms"
    TRAIL = "trail"
    REQUEST = "request"


class Kept(Schema):
    """Something that stays; `until` is missing where no day is set. Nobody can read it in the application."""

    kind: KeptKind
    what: str
    until: datetime | None
    why: str


def retention_ends(erased_at: datetime, born: date | None, *, years: int, of_age: int) -> datetime:
    """When the record may go: so many years after the erasure, or after a minor is of age, whichever is later."""
    if born is None:
        return _years_later(erased_at, years)
    birthday = datetime.combine(born, time.max, erased_at.tzinfo)
    return _years_later(max(erased_at, _years_later(birthday, of_age)), years)


def kept_after(role: Role, until: datetime) -> list[Kept]:
    """What stays of somebody of this role."""
    trail = Kept(
        kind=KeptKind.TRAIL,
        what="The audit trail: who did what and when, by numbers and network addresses, without names; and, for six "
        "years, why an administrator looked on as you or opened your record",
        until=None,
        why="It has to be provable who looked at whose record.",
    )
    request = Kept(
        kind=KeptKind.REQUEST,
        what="That and when you asked to be erased",
        until=None,
        why="It proves that it was done.",
    )
    return [_record(role, until), trail, request]


def _record(role: Role, until: datetime) -> Kept:
    if role is Role.PATIENT:
        return Kept(
            kind=KeptKind.PATIENTS_RECORD,
            what="Your record of treatment: messages, files, appointments, their analysis and alerts, your consents",
            until=until,
            why="Health law asks for records of treatment to be kept. Nobody can read yours in the application.",
        )
    if role is Role.THERAPIST:
        return Kept(
            kind=KeptKind.THERAPISTS_PART,
            what="What you wrote to patients, your appointments with them, and your consents",
            until=until,
            why="It belongs to the patients' records, each of which is kept as long as that record.",
        )
    return Kept(
        kind=KeptKind.TERMS,
        what="What you agreed to",
        until=until,
        why="It shows that we were allowed to do what we did.",
    )


def _years_later(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(month=3, day=1, year=moment.year + years)
