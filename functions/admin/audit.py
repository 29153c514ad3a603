"""GET /api/admin/audit and /api/admin/audit/verify: who did what to whom, and whether the trail is what it was."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session as Database

from shared import audit
from shared.audit.findings import Finding, Kind
from shared.audit_actions import Action
from shared.contract import Schema, UtcTime
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.transaction import transaction
from shared.http import cursor
from shared.http.cursor import PageSize
from shared.http.endpoint import Routes
from shared.http.rate_limit import Limit
from shared.problems import FieldFault, Unavailable, Unprocessable
from shared.roles import administrators

routes = Routes()

GivenCursor = Annotated[str, StringConstraints(max_length=400)]
HIGHEST_NUMBER: Final = 2**62


class AuditQuery(Schema):
    """Which entries: all, the newest first, or those that are about somebody, by somebody, of a kind, of a time."""

    actor: UUID | None = None
    """Who did it, also for somebody else."""
    subject: UUID | None = None
    """The patient, or account, that it is about."""
    action: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """What was done, e.g. `messages.read`; a refused route by its method and path."""
    since: UtcTime | None = Field(None, alias="from")
    until: UtcTime | None = Field(None, alias="to")
    """The first moment that is no longer wanted."""
    limit: PageSize = 50
    cursor: GivenCursor | None = None


class AuditEntry(Schema):
    """One entry, all of it."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    acting_as: UUID | None
    """For whom it was done, where an administrator impersonates somebody."""
    subject_id: UUID | None
    action: str
    purpose: str | None
    outcome: AuditOutcome
    resource_type: str | None
    resource_id: UUID | None
    ip: str | None
    request_id: str | None
    details: dict[str, Any]
    """Ids, codes and names of fields."""


class AuditEntries(Schema):
    """A page."""

    items: list[AuditEntry]
    next_cursor: str | None


class VerifyQuery(Schema):
    """How much of the chain, and where the call before ended."""

    limit: PageSize = 50
    """Seals; a page ends sooner where they cover more than a few thousand entries."""
    cursor: GivenCursor | None = None


class AuditFinding(Schema):
    """One thing that is not as it was."""

    kind: Kind
    seal: int | None
    """The number of the seal that covers it, or would."""
    event_id: UUID | None
    day: date | None
    """Of a day's head."""


class AuditVerification(Schema):
    """A part of the chain, the newest seals first; the whole is sound where every page is."""

    intact: bool
    findings: list[AuditFinding]
    from_seal: int | None
    to_seal: int | None
    """The numbers that were looked at, both included; null where there is no seal yet."""
    seals: int
    entries: int
    unsealed: int | None
    """On the first page: entries that the next seals will cover."""
    signatures_checked: bool
    heads_checked: bool
    next_cursor: str | None


@routes.endpoint("GET /api/admin/audit", allow=administrators, limit=Limit("audit-trail", 120, per=60))
def list_audit_entries(query: AuditQuery) -> AuditEntries:
    """Entries of the trail, the newest first; that they were read is an entry too."""
    if query.since and query.until and query.since >= query.until:
        raise Unprocessable(errors=[FieldFault("?to", "is not after from")])
    return page_of(query)


@routes.endpoint("GET /api/admin/audit/verify", allow=administrators, limit=Limit("audit-verify", 120, per=60))
def verify_audit_trail(query: VerifyQuery) -> AuditVerification:
    """Read a few thousand entries again and hold them against their seals; follow the cursor for the whole."""
    from shared.audit.heads import BucketAway  # reading and listing the trail want none of it

    last = _number(query.cursor) if query.cursor else None
    try:
        verified = verification_of(last, query.limit)
    except BucketAway as away:
        raise Unavailable("The bucket of the trail's heads is away") from away
    _note_verified(verified)
    return verified


@transaction
def page_of(db: Database, query: AuditQuery) -> AuditEntries:
    """Read a page, and keep that it was read, and about whom."""
    wanted = select(AuditEvent).where(*_conditions(query))
    newest_first = wanted.order_by(AuditEvent.occurred_at.desc(), AuditEvent.id.desc())
    found = list(db.scalars(newest_first.limit(query.limit + 1)))
    page = found[: query.limit]
    filters = [name for name in ("actor", "subject", "action", "since", "until") if getattr(query, name) is not None]
    audit.record(db, Action.AUDIT_READ, subject_id=query.subject, details={"filters": filters})
    last = page[-1] if len(found) > query.limit else None
    following = cursor.encode(last.occurred_at.isoformat(), str(last.id)) if last else None
    return AuditEntries(items=[_shown(event) for event in page], next_cursor=following)


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if query.actor is not None:
        wanted.append(AuditEvent.actor_id == query.actor)
    if query.subject is not None:
        wanted.append(AuditEvent.subject_id == query.subject)
    if query.action is not None:
        wanted.append(AuditEvent.action == query.action)
    if query.since is not None:
        wanted.append(AuditEvent.occurred_at >= query.since)
    if query.until is not None:
        wanted.append(AuditEvent.occurred_at < query.until)
    if query.cursor:
        moment, event_id = _place(query.cursor)
        # Said twice: the first is what an index that ends with the time is entered by.
        wanted += [
            AuditEvent.occurred_at <= moment,
            tuple_(AuditEvent.occurred_at, AuditEvent.id) < (moment, event_id),
        ]
    return wanted


def _place(given: str) -> tuple[datetime, UUID]:
    try:
        moment, event_id = cursor.decode(given, 2)
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(event_id)
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise cursor.unknown_cursor() from None


def _shown(event: AuditEvent) -> AuditEntry:
    fields = {name: getattr(event, name) for name in AuditEntry.model_fields if name != "at"}
    return AuditEntry(at=event.occurred_at, **fields)


def verification_of(last: int | None, most: int) -> AuditVerification:
    """The seals up to a number, or the newest with both ends of the chain. Raises BucketAway."""
    from shared.audit.heads import head_bucket
    from shared.audit.signing import can_check
    from shared.audit.verification import Checked, batch_before, check_ends, check_seals, extent, unsealed

    length = extent()
    upto = length.last if last is None else min(last, length.last)
    first = batch_before(upto, most) if upto else 0
    checked = check_seals(first, upto) if upto else Checked()
    findings = [*checked.findings, *(check_ends().findings if last is None else [])]
    return AuditVerification(
        intact=not findings,
        findings=[_told(finding) for finding in findings],
        from_seal=first or None,
        to_seal=upto or None,
        seals=checked.seals,
        entries=checked.events,
        unsealed=unsealed(length) if last is None else None,
        signatures_checked=can_check(),
        heads_checked=head_bucket() is not None,
        next_cursor=cursor.encode(first - 1) if first > max(length.first, 1) else None,
    )


def _told(finding: Finding) -> AuditFinding:
    return AuditFinding(kind=finding.kind, seal=finding.seal, event_id=finding.event_id, day=finding.day)


@transaction
def _note_verified(db: Database, verified: AuditVerification) -> None:
    span = {"from": str(verified.from_seal), "to": str(verified.to_seal), "findings": str(len(verified.findings))}
    audit.record(db, Action.AUDIT_VERIFIED, outcome="success" if verified.intact else "failure", details=span)


def _number(given: str) -> int:
    [number] = cursor.decode(given, 1)
    if type(number) is not int or not 0 < number < HIGHEST_NUMBER:
        raise cursor.unknown_cursor()
    return number
