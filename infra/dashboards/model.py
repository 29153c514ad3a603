"""What the model says, how sure it is, how fast, and what therapists say of it."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, heat, lines, number, quantile, quantiles, rate

_ANSWERS: Final = "bloom_model_answers_last_month"
_CONFIRMED: Final = f'max({_ANSWERS}{{verdict="confirmed"}})'
_CORRECTED: Final = f'max({_ANSWERS}{{verdict="corrected"}})'

DASHBOARD: Final = Dashboard(
    "model",
    "Model and feedback",
    "The classifier as functions see it, then from inside. Explicit phrases alert without it.",
    (
        Row(
            "Now",
            (
                number(
                    "Right, by therapists",
                    "Share of their answers within 30 days that confirm the model.",
                    f"{_CONFIRMED} / ({_CONFIRMED} + {_CORRECTED})",
                    "percentunit",
                ),
                number("Their answers", "Within 30 days.", f"{_CONFIRMED} + {_CORRECTED}"),
                number(
                    "Measures that drifted",
                    "In the latest week.",
                    "sum(max by (measure) (bloom_model_drifted))",
                    limit=1,
                ),
                number(
                    "Oldest message not analysed",
                    "It waits for the model.",
                    "max(bloom_messages_unscored_oldest_seconds)",
                    "s",
                    limit=60,
                ),
                number(
                    "Left alone",
                    "1 while functions do not ask it.",
                    'max(bloom_breaker_open{part="inference"})',
                    limit=1,
                ),
                number("Instances ready", "Where the classifier is asked itself.", "sum(bloom_inference_ready)"),
            ),
        ),
        Row(
            "As functions see it",
            (
                lines(
                    "What it says",
                    "A class that grows by itself is drift, or something that happened in the world.",
                    Query(rate("bloom_model_predictions_total", by="label"), "{{label}}"),
                    unit="reqps",
                    stacked=True,
                ),
                heat("How sure it is", "From 0 to 1.", "bloom_model_confidence", unit="percentunit"),
                lines(
                    "Calls",
                    "Away: not within 0.8 seconds. Skipped: not asked, as it just did not answer.",
                    Query(rate("bloom_calls_total", 'part="inference"', by="outcome"), "{{outcome}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines(
                    "Seconds of a call",
                    "Within a message's request.",
                    *quantiles("bloom_call_seconds", 'part="inference"'),
                    unit="s",
                    limit=0.8,
                ),
                lines(
                    "Messages that wait, by age",
                    "To be told or scored.",
                    Query("max by (age) (bloom_messages_unscored)", "{{age}}"),
                    stacked=True,
                ),
                lines(
                    "Drift, by measure",
                    "1 in a week in which a measure drifted.",
                    Query("max by (measure) (bloom_model_drifted)", "{{measure}}"),
                ),
            ),
        ),
        Row(
            "From inside",
            (
                heat(
                    "Seconds of an answer", "Of POST /predict.", "bloom_inference_request_seconds", 'route="/predict"'
                ),
                lines(
                    "Seconds by stage, 19 of 20",
                    "Waiting that grows is a line that is too long: more instances.",
                    Query(quantile(0.95, "bloom_inference_stage_seconds", by="stage"), "{{stage}}"),
                    unit="s",
                ),
                lines(
                    "Texts in line",
                    "By lane: messages are single, everything else is batch.",
                    Query("sum by (lane) (bloom_inference_waiting_texts)", "{{lane}}"),
                ),
                lines(
                    "Texts not classified",
                    "By reason.",
                    Query(rate("bloom_inference_dropped_total", by="reason"), "{{reason}}"),
                    unit="reqps",
                ),
                lines(
                    "Versions",
                    "Instances by what they have loaded; two at once while a model is rolled out.",
                    Query("sum by (version) (bloom_inference_model)", "{{version}}"),
                    stacked=True,
                ),
                lines(
                    "Answers",
                    "By route and status.",
                    Query(rate("bloom_inference_requests_total", by="route, status"), "{{route}} {{status}}"),
                    unit="reqps",
                ),
            ),
        ),
    ),
)
