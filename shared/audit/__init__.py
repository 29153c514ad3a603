"""The audit trail: who did what to whom, written with the change, and refusals in a transaction of their own."""

import ipaddress
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.orm import Session as Database

from shared.audit_actions import Action
from shared.clock import now
from shared.database.models.audit_trail import AuditEvent
from shared.database.transaction import transaction
from shared.problems import Denial
from shared.settings import settings
from shared.telemetry import current

Outcome = Literal["success", "denied", "failure"]
Details = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Acting:
    """Who acts in the present request, and from where."""

    user_id: UUID | None
    address: str | None
    acting_as: UUID | None = None
    """Whom they look on as, where an administrator does so as somebody else."""


NOBODY: Final = Acting(None, None)
acting: ContextVar[Acting] = ContextVar("acting", default=NOBODY)


def client_address(forwarded_for: str, peer: str | None) -> str:
    """The entry that our own outermost proxy appended to X-Forwarded-For, counted from the right, or else the peer."""
    hops = settings().trusted_proxy_hops
    entries = [entry.strip() for entry in forwarded_for.split(",") if entry.strip()]
    if hops and len(entries) >= hops:
        return entries[-hops]
    return peer or "unknown"


def network_of(address: str) -> str:
    """What limits count an address by: an IPv6 customer has a whole /64 (RFC 6177) and counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def record(
    db: Database,
    action: Action,
    *,
    subject_id: UUID | None = None,
    resource: tuple[str, UUID] | None = None,
    actor_id: UUID | None = None,
    outcome: Outcome = "success",
    details: Details | None = None,
    purpose: str | None = None,
) -> None:
    """Add an entry to the caller's transaction. `subject_id` is the patient (or account) it is about.

    `actor_id` is needed only where the request has no session yet. `details` are ids, codes and names of fields, never
    what somebody wrote; `purpose` is the code of a reason that had to be given.
    """
    _add(
        db,
        action,
        subject_id=subject_id,
        resource=resource,
        actor_id=actor_id,
        outcome=outcome,
        details=details,
        purpose=purpose,
    )


def _add(
    db: Database,
    action: str,
    *,
    subject_id: UUID | None,
    resource: tuple[str, UUID] | None,
    actor_id: UUID | None = None,
    outcome: Outcome,
    details: Details | None = None,
    purpose: str | None = None,
) -> None:
    who, trace = acting.get(), current.get()
    db.add(
        AuditEvent(
            occurred_at=now(),
            actor_id=actor_id or who.user_id,
            acting_as=who.acting_as,
            subject_id=subject_id,
            action=action,
            purpose=purpose,
            outcome=outcome,
            resource_type=resource[0] if resource else None,
            resource_id=resource[1] if resource else None,
            ip=who.address,
            request_id=trace.request_id if trace else None,
            details=dict(details or {}),
        )
    )


def denied_route(method: str, path: str) -> Denial:
    """The denial of a route to a role, e.g. `GET /api/admin/stats`."""
    return Denial(f"{method} {path}")


def record_denial(denial: Denial) -> None:
    """Keep a refusal. The refused transaction was rolled back, so this one is its own."""
    record_failure(denial.action, subject_id=denial.subject_id, resource_id=denial.resource_id, outcome="denied")


@transaction
def record_failure(
    db: Database,
    action: Action | str,
    *,
    subject_id: UUID | None = None,
    resource_id: UUID | None = None,
    outcome: Outcome = "failure",
) -> None:
    """Keep what did not succeed, e.g. a wrong password; a refused route is told by its method and path."""
    resource = ("resource", resource_id) if resource_id else None
    _add(db, action, subject_id=subject_id, resource=resource, outcome=outcome)
