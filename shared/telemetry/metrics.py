"""What is counted and timed, by names and labels that are known beforehand; without METRICS nothing is kept or paid.

Each process keeps its own numbers (GET /metrics). A label's values are all written down here: what is none of them is
counted as `other`, so that no id and no word of a person's can ever become one.
"""

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal, Protocol

from shared.telemetry import traces
from shared.telemetry.traces import NOTHING

Values = tuple[str, ...]
Readings = Mapping[Values, float]
"""Values of a gauge at one moment, by the values of its labels."""

SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
SECONDS_OF_A_STATEMENT: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
SECONDS_OF_A_DELIVERY: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
SECONDS_OF_A_PAINT: Final = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0)
SECONDS_OF_AN_INTERACTION: Final = (0.016, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
LAYOUT_SHIFTS: Final = (0.001, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0)
SHARES: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
OTHER: Final = "other"

routes: Final[set[str]] = set()
"""The routes of this process, as METHOD and template; `create_app` adds them."""
PARTS: Final = frozenset({"redis", "inference", "pubsub", "smtp", "zoom"})
OUTCOMES: Final = frozenset({"answered", "away", "skipped"})
"""Of a call to a part; `skipped` is one that was not made, because the part just did not answer."""
STATUSES: Final = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx"})
OPERATIONS: Final = frozenset({"select", "insert", "update", "delete"})
ENDS: Final = frozenset({"committed", "raised", "away"})
LABELS: Final = frozenset({"Anxiety", "Bipolar", "Depression", "Normal", "Personality disorder", "Stress", "Suicidal"})
CLIENT_EVENTS: Final = frozenset({"join", "leave", "typing", "stop-typing", "read"})
DELIVERED: Final = frozenset(
    {"message-sent", "message-updated", "message-deleted", "message-analysed", "risk-raised", "risk-alert-changed"}
)
SOCKET_ENDS: Final = frozenset(
    {
        "left",
        "lost",
        "silent",
        "aged",
        "refused",
        "revoked",
        "flooded",
        "malformed",
        "too-slow",
        "too-many",
        "relay-ended",
    }
)
ROLES: Final = frozenset({"PATIENT", "THERAPIST", "ADMINISTRATOR"})
ALERT_STATES: Final = frozenset({"open", "acknowledged", "in_progress"})
WEB_PARTS: Final = frozenset(
    {
        "/",
        "/sign-in",
        "/sign-up",
        "/verify-email",
        "/forgot-password",
        "/reset-password",
        "/getting-started",
        "/settings",
        "/dashboard",
        "/therapists",
        "/appointments",
        "/messages",
        "/patients",
        "/availability",
        "/alerts",
        "/review",
        "/admin",
    }
)
"""The parts of the web client, by the first name of their pages' routes."""
AGES: Final = frozenset({"under_1m", "1m_to_5m", "5m_to_15m", "15m_to_1h", "over_1h"})


@dataclass(frozen=True)
class Metric:
    """One thing that is measured."""

    name: str
    """With its unit; a counter's page adds `_total`."""
    says: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Each label, and every value that it can have."""
    buckets: tuple[float, ...] = SECONDS

    def bounded(self, values: Values) -> Values:
        """The values, with `other` for those that are not known."""
        known = zip(values, self.labels.values(), strict=True)
        return tuple(value if value in allowed else OTHER for value, allowed in known)


HTTP_REQUESTS: Final = Metric("bloom_http_requests", "Answers given", "counter", {"route": routes, "status": STATUSES})
HTTP_SECONDS: Final = Metric(
    "bloom_http_request_seconds", "From a request to its answer", "histogram", {"route": routes}
)
HTTP_IN_FLIGHT: Final = Metric("bloom_http_requests_in_flight", "Requests being answered", "gauge")
DATABASE_CONNECTIONS: Final = Metric(
    "bloom_database_connections", "Connections of this process", "gauge", {"state": frozenset({"in_use", "idle"})}
)
STATEMENT_SECONDS: Final = Metric(
    "bloom_database_statement_seconds",
    "One statement",
    "histogram",
    {"operation": OPERATIONS},
    SECONDS_OF_A_STATEMENT,
)
TRANSACTION_SECONDS: Final = Metric(
    "bloom_database_transaction_seconds", "A transaction with all of its attempts", "histogram", {"end": ENDS}
)
DATABASE_RETRIES: Final = Metric(
    "bloom_database_retries",
    "Attempts made again: after a conflict (40001), or on a connection that was lost",
    "counter",
    {"fault": frozenset({"conflict", "lost"})},
)
CALLS: Final = Metric("bloom_calls", "Calls to other parts", "counter", {"part": PARTS, "outcome": OUTCOMES})
CALL_SECONDS: Final = Metric("bloom_call_seconds", "One call to another part", "histogram", {"part": PARTS})
BREAKERS: Final = Metric(
    "bloom_breaker_open",
    "1 while a part is left alone because it did not answer",
    "gauge",
    {"part": frozenset({"redis", "inference", "zoom"})},
)
PREDICTIONS: Final = Metric("bloom_model_predictions", "What the model said", "counter", {"label": LABELS})
CONFIDENCE: Final = Metric("bloom_model_confidence", "How sure the model was", "histogram", {"label": LABELS}, SHARES)
SPANS: Final = Metric(
    "bloom_telemetry_spans", "Spans that left, or did not", "gauge", {"fate": frozenset({"exported", "dropped"})}
)

SOCKETS_OPEN: Final = Metric("bloom_relay_sockets_open", "Sockets of this instance", "gauge")
SOCKETS_OPENED: Final = Metric("bloom_relay_sockets_opened", "Sockets that were opened", "counter")
SOCKETS_CLOSED: Final = Metric(
    "bloom_relay_sockets_closed", "Sockets that ended, and why", "counter", {"reason": SOCKET_ENDS}
)
ROOMS_OPEN: Final = Metric("bloom_relay_rooms_open", "Conversations with sockets on this instance", "gauge")
CLIENT_EVENT_SECONDS: Final = Metric(
    "bloom_relay_client_event_seconds",
    "From a client's event to its answer",
    "histogram",
    {"event": CLIENT_EVENTS, "outcome": frozenset({"done", "refused", "failed"})},
)
DELIVERY_SECONDS: Final = Metric(
    "bloom_relay_delivery_seconds",
    "From the moment that a change was kept to the moment that it is on its way to sockets",
    "histogram",
    {"event": DELIVERED},
    SECONDS_OF_A_DELIVERY,
)
FRAMES_TOLD: Final = Metric("bloom_relay_frames_told", "Changes told to sockets, each socket counted", "counter")
FRAMES_DROPPED: Final = Metric(
    "bloom_relay_frames_dropped",
    "Frames that no socket was sent: kept for a reader who gave up, or of no worth to one who lags",
    "counter",
    {"why": frozenset({"gave-up", "lagging"})},
)
CATCH_UPS: Final = Metric("bloom_relay_catch_ups", "Times a room read what it missed from the database", "counter")
REDIS_FOLLOWED: Final = Metric("bloom_relay_redis_followed", "1 while every channel wanted is followed", "gauge")
REDIS_RETURNS: Final = Metric("bloom_relay_redis_returns", "Times that Redis came, or came back", "gauge")

OUTBOX_WAITING: Final = Metric("bloom_outbox_waiting", "Events not handed over yet, counted up to 10,000", "gauge")
OUTBOX_OLDEST: Final = Metric("bloom_outbox_oldest_seconds", "Age of the oldest event not handed over", "gauge")
MAILS_WAITING: Final = Metric(
    "bloom_mails_waiting", "Events not handed over that are told by mail, counted up to 10,000", "gauge"
)
UNSCORED: Final = Metric(
    "bloom_messages_unscored",
    "Messages that wait to be told or scored, by how long they have",
    "gauge",
    {"age": AGES},
)
UNSCORED_OLDEST: Final = Metric(
    "bloom_messages_unscored_oldest_seconds", "Age of the oldest message that waits to be told or scored", "gauge"
)
ALERTS_OPEN: Final = Metric(
    "bloom_risk_alerts_open",
    "Risk alerts that are not resolved, by where they stand and for how long they have been open",
    "gauge",
    {"state": ALERT_STATES, "age": AGES},
)
ALERT_OLDEST: Final = Metric(
    "bloom_risk_alert_oldest_seconds", "Age of the oldest alert in a state", "gauge", {"state": ALERT_STATES}
)
SESSIONS_ACTIVE: Final = Metric(
    "bloom_sessions_active", "Sign-ins that have not ended, counted up to 200,000", "gauge", {"role": ROLES}
)
SIGN_UPS: Final = Metric("bloom_sign_ups_last_day", "Accounts made within 24 hours", "gauge", {"role": ROLES})
REVIEWS_OVERDUE: Final = Metric(
    "bloom_break_glass_reviews_overdue", "Opened records whose review is late, counted up to 1,000", "gauge"
)
ANSWERS: Final = Metric(
    "bloom_model_answers_last_month",
    "What therapists said of predictions within 30 days",
    "gauge",
    {"verdict": frozenset({"confirmed", "corrected"})},
)
DRIFTED: Final = Metric(
    "bloom_model_drifted",
    "1 where a measure of the latest week's report has drifted",
    "gauge",
    {"measure": frozenset({"label", "confidence", "words", "language"})},
)
KEY_AGE: Final = Metric(
    "bloom_key_age_days",
    "Days since the month that the id of a key in use begins with",
    "gauge",
    {"key": frozenset({"message_keys", "credential_keys", "clinical_keys", "event_keys", "audit_signing_key"})},
)
PAGE_PAINT_SECONDS: Final = Metric(
    "bloom_page_largest_paint_seconds",
    "Until the largest thing of a page was seen, as its readers' browsers tell (LCP)",
    "histogram",
    {"page": WEB_PARTS},
    SECONDS_OF_A_PAINT,
)
PAGE_INTERACTION_SECONDS: Final = Metric(
    "bloom_page_interaction_seconds",
    "From a press to what it changed on a page, nearly the longest of a visit (INP)",
    "histogram",
    {"page": WEB_PARTS},
    SECONDS_OF_AN_INTERACTION,
)
PAGE_LAYOUT_SHIFT: Final = Metric(
    "bloom_page_layout_shift",
    "How far a page's parts moved by themselves (CLS)",
    "histogram",
    {"page": WEB_PARTS},
    LAYOUT_SHIFTS,
)
COUNTED_AT: Final = Metric(
    "bloom_fleet_counted_timestamp_seconds", "When what the whole product shares was last counted (Unix time)", "gauge"
)

METRICS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


class Numbers(Protocol):
    """Whatever keeps them."""

    def count(self, metric: Metric, values: Values, by: float) -> None:
        """It happened."""

    def observe(self, metric: Metric, values: Values, value: float) -> None:
        """It took so long, or was so large."""

    def change(self, metric: Metric, by: float) -> None:
        """There are so many more of them now."""

    def page(self, accept: str) -> tuple[bytes, str]:
        """What Prometheus reads, and its media type."""


_numbers: Numbers | None = None
watched: Final[list[tuple[Metric, Callable[[], Readings]]]] = []
"""Gauges, and what says how they stand."""


def keep_in(numbers: Numbers | None) -> None:
    """From now on numbers are kept in this; None: nowhere."""
    global _numbers  # noqa: PLW0603 - one process has one
    _numbers = numbers


def is_counting() -> bool:
    """Whether this process keeps numbers."""
    return _numbers is not None


def watch(metric: Metric, read: Callable[[], Readings]) -> None:
    """A gauge is asked when somebody wants to know; a metric has one who reads it, the last."""
    watched[:] = [(other, reader) for other, reader in watched if other is not metric]
    watched.append((metric, read))


def count(metric: Metric, *values: str, by: float = 1) -> None:
    """It happened."""
    if _numbers is not None:
        _numbers.count(metric, values, by)


def observe(metric: Metric, value: float, *values: str) -> None:
    """It took so long, or was so large."""
    if _numbers is not None:
        _numbers.observe(metric, values, value)


def change(metric: Metric, by: float) -> None:
    """There are so many more of them now."""
    if _numbers is not None:
        _numbers.change(metric, by)


def page(accept: str) -> tuple[bytes, str] | None:
    """What Prometheus reads, and its media type: OpenMetrics with exemplars for who accepts it. None: off."""
    return None if _numbers is None else _numbers.page(accept)


def asking(part: str, away: type[Exception]) -> AbstractContextManager[object]:
    """Within the block another part is asked; what it raises of class `away` says that it did not answer."""
    if _numbers is None and not traces.is_recording():
        return NOTHING
    return _Call(part, away)


def skipped(part: str) -> None:
    """A part was not asked, because it just did not answer."""
    count(CALLS, part, "skipped")


class _Call:
    """A call under way."""

    __slots__ = ("_away", "_part", "_span", "_started")

    def __init__(self, part: str, away: type[Exception]) -> None:
        self._part, self._away = part, away

    def __enter__(self) -> "_Call":
        self._span = traces.span(self._part, "client")
        self._span.__enter__()
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = "away" if kind is not None and issubclass(kind, self._away) else "answered"
        observe(CALL_SECONDS, time.perf_counter() - self._started, self._part)
        count(CALLS, self._part, outcome)
        self._span.__exit__(kind, error, trace)
