"""Which event goes to which deployable: feeds Pub/Sub's push subscriptions and their local double."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Subscription:
    """A push subscription of the events topic, filtered by the attribute `type`."""

    event_types: tuple[str, ...]
    deployable: str
    path: str
    ack_deadline_seconds: int = 30
    max_delivery_attempts: int = 20
    """After so many failures the message goes to the dead letters (Pub/Sub allows 5 to 100)."""

    def wants(self, event_type: str) -> bool:
        """Whether an event of this type is pushed."""
        return event_type in self.event_types


SUBSCRIPTIONS: Final[dict[str, Subscription]] = {
    "auth-events": Subscription(
        (
            "verification-requested",
            "sign-up-repeated",
            "account-notice",
            "account-erased",
            "account-unlocked",
            "privacy-notice",
            "sessions-revoked",
        ),
        "auth",
        "/api/internal/auth/events",
    ),
    "appointments-events": Subscription(
        (
            "care-ended",
            "appointment-changed",
            "series-booked",
            "meeting-wanted",
            "reminder-due",
            "time-freed",
            "time-offered",
            "zoom-noticed",
        ),
        "appointments",
        "/api/internal/appointments/events",
    ),
    "messages-events": Subscription(
        ("message-sent", "message-updated", "message-deleted", "unread-waiting", "risk-raised", "risk-alert-changed"),
        "messages",
        "/api/internal/messages/events",
    ),
}
