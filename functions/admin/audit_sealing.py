"""POST /api/internal/admin/audit-seal and audit-check: the trail is sealed every minute, and its newest part verified
every night, so that somebody is told who did not ask.
"""

import time
from typing import TYPE_CHECKING, Final

from shared.contract import Schema
from shared.http.endpoint import Routes
from shared.problems import Unavailable
from shared.roles import scheduler
from shared.telemetry import log, log_exception

if TYPE_CHECKING:
    from shared.audit.verification import Checked

routes = Routes()

SECONDS_CHECKED: Final = 25.0
SEALS_AT_ONCE: Final = 200


class Sealed(Schema):
    """What one tick did."""

    seals: int
    heads: int
    """Of days, put into the bucket."""


class NightlyCheck(Schema):
    """How far one check came back from the end, and how much was not as it was."""

    seals: int
    entries: int
    findings: int


@routes.endpoint("POST /api/internal/admin/audit-seal", allow=scheduler)
def seal_audit_trail() -> Sealed:
    """Seal what has settled, and put the heads of days that are over into the bucket. Raises Unavailable."""
    from shared.audit.heads import BucketAway, keep_heads  # what administrators ask for wants neither
    from shared.audit.sealing import seal_settled

    seals = seal_settled()
    try:
        return Sealed(seals=seals, heads=keep_heads())
    except BucketAway as away:
        log_exception("audit-heads-away", away)
        raise Unavailable("The bucket of the trail's heads is away") from away


@routes.endpoint("POST /api/internal/admin/audit-check", allow=scheduler)
def check_audit_trail() -> NightlyCheck:
    """Verify from the newest seal back for as long as a call may take; each finding is a line of the log, CRITICAL.

    Raises Unavailable.
    """
    from shared.audit.heads import BucketAway

    try:
        checked = _checked_back()
    except BucketAway as away:
        raise Unavailable("The bucket of the trail's heads is away") from away
    for finding in checked.findings:
        day = finding.day.isoformat() if finding.day else None
        event_id = str(finding.event_id) if finding.event_id else None
        log("audit-altered", severity="CRITICAL", kind=finding.kind, seal=finding.seal, eventId=event_id, day=day)
    return NightlyCheck(seals=checked.seals, entries=checked.events, findings=len(checked.findings))


def _checked_back() -> "Checked":
    from shared.audit.verification import batch_before, check_ends, check_seals, extent

    length, whole = extent(), check_ends()
    last, ends = length.last, time.perf_counter() + SECONDS_CHECKED
    while last >= max(length.first, 1) and time.perf_counter() < ends:
        first = batch_before(last, SEALS_AT_ONCE)
        part = check_seals(first, last)
        whole.seals, whole.events = whole.seals + part.seals, whole.events + part.events
        whole.findings += part.findings
        last = first - 1
    return whole
