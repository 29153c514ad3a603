"""What is paid for by use: requests, CPU, memory, calls to paid parts; in units, as prices are the provider's."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, lines, number, rate, rise

_CPU: Final = "bloom_process_cpu_seconds_total"
_REQUESTS: Final = "bloom_http_requests_total"
_CALLS: Final = "bloom_calls_total"
_STATEMENTS: Final = "bloom_database_statement_seconds_count"
_DAY: Final = "1d"

DASHBOARD: Final = Dashboard(
    "cost",
    "Cost",
    "What the bill is made of, in the units that are billed. The budget itself, with its mails, is Cloud Billing's.",
    (
        Row(
            "Last day",
            (
                number("Requests", "To functions.", rise(_REQUESTS, over=_DAY)),
                number("CPU seconds", "Of functions and relays.", rise(_CPU, over=_DAY), "s"),
                number(
                    "CPU seconds of the classifier",
                    "Where it is asked itself.",
                    rise("process_cpu_seconds_total", over=_DAY),
                    "s",
                ),
                number("Redis requests", "Upstash bills each.", rise(_CALLS, 'part="redis"', over=_DAY)),
                number("Statements", "Of them the database's request units are made.", rise(_STATEMENTS, over=_DAY)),
                number("Texts classified", "By whichever version.", rise("bloom_model_predictions_total", over=_DAY)),
            ),
        ),
        Row(
            "By part",
            (
                lines(
                    "Requests by function",
                    "By function.",
                    Query(rate(_REQUESTS, by="job"), "{{job}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines(
                    "CPU",
                    "Cores in use, by part.",
                    Query(rate(_CPU, by="job"), "{{job}}"),
                    Query(rate("process_cpu_seconds_total", by="job"), "{{job}}"),
                    stacked=True,
                ),
                lines(
                    "Memory",
                    "By part, all instances together.",
                    Query("sum by (job) (bloom_process_resident_memory_bytes)", "{{job}}"),
                    Query("sum by (job) (process_resident_memory_bytes)", "{{job}}"),
                    unit="bytes",
                    stacked=True,
                ),
                lines(
                    "Instances",
                    "By part.",
                    Query("count by (job) (bloom_process_resident_memory_bytes)", "{{job}}"),
                    Query("count by (job) (process_resident_memory_bytes)", "{{job}}"),
                    stacked=True,
                ),
                lines(
                    "Calls to other parts",
                    "Redis, Pub/Sub, mail and the classifier.",
                    Query(rate(_CALLS, 'outcome!="skipped"', by="part"), "{{part}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines(
                    "Requests that nobody made",
                    "Scheduler and Pub/Sub, by route: what an idle product costs.",
                    Query(rate(_REQUESTS, 'route=~".* /api/internal/.*"', by="route"), "{{route}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines("Sockets", "A relay's instance holds 1,000.", Query("sum(bloom_relay_sockets_open)", "sockets")),
                lines(
                    "Spans",
                    "Exported to the collector, and dropped.",
                    Query("sum by (fate) (bloom_telemetry_spans)", "{{fate}}"),
                ),
            ),
        ),
    ),
)
