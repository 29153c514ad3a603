"""What Cloud Scheduler calls and when: feeds its jobs and their local double."""

from dataclasses import dataclass
from typing import Final

EVERY_MINUTE: Final = "* * * * *"
EVERY_HOUR: Final = "40 * * * *"
MONDAY_NIGHT: Final = "30 2 * * 1"
EVERY_NIGHT: Final = "20 3 * * *"
SUNDAY_NIGHT: Final = "0 2 * * 0"
SIX_TIMES_A_NIGHT: Final = "*/10 4 * * *"  # each goes on from where the one before ended


@dataclass(frozen=True)
class Schedule:
    """A job that POSTs to an internal route of a deployable."""

    cron: str
    """Five fields, UTC."""
    deployable: str
    path: str
    body: bytes = b"{}"


SCHEDULES: Final[dict[str, Schedule]] = {
    "outbox-sweep": Schedule(EVERY_MINUTE, "messages", "/api/internal/outbox/sweep"),
    "files-tending": Schedule(EVERY_MINUTE, "messages", "/api/internal/files/tend"),
    "messages-tick": Schedule(EVERY_MINUTE, "messages", "/api/internal/messages/tick"),
    "appointments-tick": Schedule(EVERY_MINUTE, "appointments", "/api/internal/appointments/tick"),
    "search-packs": Schedule(EVERY_HOUR, "messages", "/api/internal/messages/search-packs"),
    "meetings-reconciliation": Schedule(SIX_TIMES_A_NIGHT, "appointments", "/api/internal/appointments/reconcile"),
    "fleet-count": Schedule(EVERY_MINUTE, "admin", "/api/internal/admin/fleet"),
    "ml-tick": Schedule(EVERY_MINUTE, "ml_feedback", "/api/internal/ml/tick"),
    "retraining": Schedule(SUNDAY_NIGHT, "ml_feedback", "/api/internal/ml/retrain", b'{"feedbackDays": 30}'),
    "drift": Schedule(MONDAY_NIGHT, "ml_feedback", "/api/internal/ml/drift"),
    "audit-seal": Schedule(EVERY_MINUTE, "admin", "/api/internal/admin/audit-seal"),
    "audit-check": Schedule(EVERY_NIGHT, "admin", "/api/internal/admin/audit-check"),
    "admin-tick": Schedule(EVERY_MINUTE, "admin", "/api/internal/admin/tick"),
    "erasures": Schedule(EVERY_NIGHT, "auth", "/api/internal/auth/erasures"),
}
