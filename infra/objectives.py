"""What the product promises, and what tells a person that a promise is at risk: one list, which everything reads.

Prometheus' rules (infra/rules.py), Cloud Monitoring's policies (infra/monitoring.py) and the dashboards are made of it.
An objective is watched by how fast it uses up what it may miss in 30 days, over a long window for weight and a short
one for being over when it is (https://sre.google/workbook/alerting-on-slos/, multi-window and multi-burn-rate).
"""

from dataclasses import dataclass
from typing import Final, Literal

from infra.schedules import EVERY_MINUTE, SCHEDULES

Urgency = Literal["page", "ticket"]
"""Whether somebody is woken, or sees to it in working hours."""

PERIOD_HOURS: Final = 30 * 24
LEAST_MISSES: Final = 5
"""In the long window: where little happens, one miss is a large share and no reason to wake anybody."""
PUBLIC: Final = 'route!~".* /api/internal/.*"'


@dataclass(frozen=True)
class Objective:
    """A share of what happens that has to go well, over 30 days."""

    name: str
    says: str
    share: float
    every: str
    """A counter of all that happens."""
    missed: str = ""
    """A counter of what went badly; empty where `met` is counted."""
    met: str = ""

    def misses(self, window: str, function: str = "rate") -> str:
        """PromQL of what went badly in a window."""
        every, part = (f"sum({function}({counter}[{window}]))" for counter in (self.every, self.missed or self.met))
        return part if self.missed else f"({every} - {part})"

    def missed_share(self, window: str) -> str:
        """PromQL of the share that went badly in a window."""
        return f"{self.misses(window)} / sum(rate({self.every}[{window}]))"

    def burn_rate(self, window: str) -> str:
        """PromQL of how many times faster than allowed the budget goes; at 1 it lasts for 30 days."""
        return f"{self.missed_share(window)} / {round(1 - self.share, 6)}"


@dataclass(frozen=True)
class Burn:
    """A speed at which a budget is used up that somebody has to know of."""

    long: str
    short: str
    rate: float
    urgency: Urgency


@dataclass(frozen=True)
class Alert:
    """A condition that a person is told of."""

    name: str
    says: str
    query: str
    """PromQL; whatever it answers is a reason."""
    minutes: int
    """For how long it has to answer before it is told."""
    urgency: Urgency
    page: str
    """Its heading in docs/runbook.md."""

    @property
    def runbook(self) -> str:
        """Where to read on."""
        return runbook(self.page)


def runbook(page: str) -> str:
    """A heading of the runbook."""
    return f"docs/runbook.md#{page}"


OBJECTIVES: Final = (
    Objective(
        "availability",
        "999 of 1,000 requests are answered without a fault of ours",
        0.999,
        every=f"bloom_http_requests_total{{{PUBLIC}}}",
        missed=f'bloom_http_requests_total{{{PUBLIC},status="5xx"}}',
    ),
    Objective(
        "latency",
        "99 of 100 requests are answered within half a second",
        0.99,
        every=f"bloom_http_request_seconds_count{{{PUBLIC}}}",
        met=f'bloom_http_request_seconds_bucket{{{PUBLIC},le="0.5"}}',
    ),
    Objective(
        "message-latency",
        "95 of 100 messages are kept, handed on and analysed within 100 ms",
        0.95,
        every='bloom_http_request_seconds_count{route="POST /api/messages"}',
        met='bloom_http_request_seconds_bucket{route="POST /api/messages",le="0.1"}',
    ),
    Objective(
        "delivery-delay",
        "95 of 100 messages are on their way to open sockets within 50 ms",
        0.95,
        every='bloom_relay_delivery_seconds_count{event="message-sent"}',
        met='bloom_relay_delivery_seconds_bucket{event="message-sent",le="0.05"}',
    ),
)

BURNS: Final = (
    Burn("1h", "5m", 14.4, "page"),  # 2 % of the budget in the hour
    Burn("6h", "30m", 6, "page"),  # 5 % in six hours
    Burn("3d", "6h", 1, "ticket"),  # 10 % in three days
)

WATCHES: Final = (
    Alert(
        "risk-alert-waits",
        "A risk alert has been open for 15 minutes and nobody has acknowledged it",
        'max(bloom_risk_alert_oldest_seconds{state="open"}) > 900',
        0,
        "page",
        "risk-alert-waits",
    ),
    Alert(
        "risk-alert-stays",
        "A risk alert was acknowledged more than a day ago and is not resolved",
        'max(bloom_risk_alert_oldest_seconds{state=~"acknowledged|in_progress"}) > 86400',
        60,
        "ticket",
        "risk-alert-stays",
    ),
    Alert(
        "outbox-lags",
        "An event has waited for more than two minutes to be handed over",
        "max(bloom_outbox_oldest_seconds) > 120",
        5,
        "page",
        "outbox-lags",
    ),
    Alert(
        "scoring-lags",
        "A message has waited for more than a minute to be told or scored",
        "max(bloom_messages_unscored_oldest_seconds) > 60",
        2,
        "page",
        "scoring-lags",
    ),
    Alert(
        "fleet-unknown",
        "Nobody knows how long alerts, events and messages wait: the count of the minute is missing",
        "absent(bloom_fleet_counted_timestamp_seconds)",
        10,
        "page",
        "fleet-unknown",
    ),
    Alert(
        "reviews-overdue",
        "A record was opened more than 72 hours ago and nobody has reviewed why",
        "max(bloom_break_glass_reviews_overdue) > 0",
        60,
        "ticket",
        "reviews-overdue",
    ),
    Alert(
        "model-drifted",
        "What patients write no longer looks like what the model learnt from",
        "max by (measure) (bloom_model_drifted) > 0",
        60,
        "ticket",
        "model-drifted",
    ),
    Alert(
        "key-old",
        "A key that seals data has been in use for more than 400 days",
        "max by (key) (bloom_key_age_days) > 400",
        60,
        "ticket",
        "key-old",
    ),
)


def _burning(objective: Objective, burn: Burn) -> Alert:
    """Fast in both windows, and by more than a handful of misses."""
    limit = round(burn.rate * (1 - objective.share), 6)
    shares = (f"{objective.missed_share(window)} > {limit}" for window in (burn.long, burn.short))
    enough = f"{objective.misses(burn.long, 'increase')} >= {LEAST_MISSES}"
    return Alert(
        f"{objective.name}-{burn.long}",
        f"This is missed too often: {objective.says}",
        " and ".join(f"({condition})" for condition in (*shares, enough)),
        0,
        burn.urgency,
        objective.name,
    )


def _not_run(job: str, path: str) -> Alert:
    counted = f'bloom_http_requests_total{{route="POST {path}",status="2xx"}}'
    return Alert(
        f"job-not-run-{job}",
        f"The job {job} of every minute has not succeeded for a quarter of an hour",
        f"(sum(increase({counted}[15m])) < 1) or absent({counted})",
        15,
        "page",
        "job-not-run",
    )


ALERTS: Final = (
    *(_burning(objective, burn) for objective in OBJECTIVES for burn in BURNS),
    *WATCHES,
    *(_not_run(name, job.path) for name, job in SCHEDULES.items() if job.cron == EVERY_MINUTE),
)
