"""Whether the product keeps its promises, and whether anybody waits."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, heat, lines, number, quantiles, rate
from infra.objectives import OBJECTIVES, PUBLIC

_SECONDS: Final = "bloom_http_request_seconds"
_AVAILABILITY: Final = OBJECTIVES[0]
_FAULTS: Final = rate("bloom_http_requests_total", 'status="5xx"', by="route")

DASHBOARD: Final = Dashboard(
    "overview",
    "Overview",
    "Start here: who waits, what is answered and how fast, and how quickly each objective's budget is being used up.",
    (
        Row(
            "Who waits",
            (
                number(
                    "Alerts that nobody has answered",
                    "Risk alerts that are open. Any that grows old here is somebody who waits.",
                    'sum(max by (age) (bloom_risk_alerts_open{state="open"}))',
                ),
                number(
                    "Oldest of them",
                    "After 15 minutes administrators are told, and so is whoever is woken by alerts.",
                    'max(bloom_risk_alert_oldest_seconds{state="open"})',
                    "s",
                    limit=900,
                ),
                number(
                    "Oldest message not analysed",
                    "Explicit phrases alert at once; what the model would add waits for this long.",
                    "max(bloom_messages_unscored_oldest_seconds)",
                    "s",
                    limit=60,
                ),
                number(
                    "Oldest event not handed over",
                    "Mails and everything that follows a change wait behind it.",
                    "max(bloom_outbox_oldest_seconds)",
                    "s",
                    limit=120,
                ),
                number(
                    "People signed in",
                    "Sign-ins that have not ended.",
                    "sum(max by (role) (bloom_sessions_active))",
                ),
                number(
                    "New accounts, last day",
                    "Of all roles.",
                    "sum(max by (role) (bloom_sign_ups_last_day))",
                ),
            ),
        ),
        Row(
            "Promises",
            (
                number(
                    "Answered without a fault of ours",
                    f"Of the last hour's requests; {_AVAILABILITY.says}.",
                    f"1 - ({_AVAILABILITY.missed_share('1h')} or vector(0))",
                    "percentunit",
                    limit=_AVAILABILITY.share,
                    good_above=True,
                    width=6,
                ),
                lines(
                    "How fast budgets are used up",
                    "At 1 an objective's budget lasts for its 30 days; at 14.4 two percent of it go in an hour.",
                    *(Query(objective.burn_rate("1h"), objective.name) for objective in OBJECTIVES),
                    limit=1,
                    width=18,
                ),
            ),
        ),
        Row(
            "Requests",
            (
                lines(
                    "Answers by kind",
                    "Requests from outside, by the class of their status.",
                    Query(rate("bloom_http_requests_total", PUBLIC, by="status"), "{{status}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines(
                    "Seconds to an answer",
                    "Requests from outside.",
                    *quantiles(_SECONDS, PUBLIC),
                    unit="s",
                    limit=0.5,
                ),
                heat(
                    "Every answer by its seconds", "A second band above the usual one is a part that is slow.", _SECONDS
                ),
                lines(
                    "Faults of ours by route",
                    "The ten routes with the most; nothing here is good.",
                    Query(f"topk(10, {_FAULTS})", "{{route}}"),
                    unit="reqps",
                ),
            ),
        ),
        Row(
            "Pages, as browsers tell",
            (
                lines(
                    "Seconds to the largest paint",
                    "On people's own devices and connections; 2.5 s for three of four is what we aim at.",
                    *quantiles("bloom_page_largest_paint_seconds"),
                    unit="s",
                    limit=2.5,
                    width=8,
                ),
                lines(
                    "Seconds from a press to what it changes",
                    "The slowest presses of each visit.",
                    *quantiles("bloom_page_interaction_seconds"),
                    unit="s",
                    limit=0.2,
                    width=8,
                ),
                lines(
                    "How far pages move by themselves",
                    "A score; above 0.1 people press beside what they meant.",
                    *quantiles("bloom_page_layout_shift"),
                    limit=0.1,
                    width=8,
                ),
            ),
        ),
        Row(
            "Alerts and events",
            (
                lines(
                    "Alerts not resolved, by age",
                    "Of all states but resolved.",
                    Query("sum by (age) (max by (state, age) (bloom_risk_alerts_open))", "{{age}}"),
                    stacked=True,
                ),
                lines(
                    "What waits to be handed over",
                    "A step that does not come down again is a consumer that fails.",
                    Query("max(bloom_outbox_waiting)", "events"),
                    Query("max(bloom_mails_waiting)", "of them told by mail"),
                ),
                lines(
                    "Calls to other parts that went unanswered",
                    "By part; `skipped` ones were not made because the part just did not answer.",
                    Query(rate("bloom_calls_total", 'outcome!="answered"', by="part, outcome"), "{{part}} {{outcome}}"),
                    unit="reqps",
                ),
                lines(
                    "Requests in flight",
                    "By function.",
                    Query("sum by (job) (bloom_http_requests_in_flight)", "{{job}}"),
                ),
            ),
        ),
    ),
)
