"""What the database is asked, how long it takes, and what has to be tried again."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, heat, lines, number, quantile, quantiles, rate, rise

_STATEMENT: Final = "bloom_database_statement_seconds"
_TRANSACTION: Final = "bloom_database_transaction_seconds"
_RETRIES: Final = "bloom_database_retries_total"

DASHBOARD: Final = Dashboard(
    "database",
    "Database",
    "What functions and relays ask of it. A conflict is tried again, and nobody notices unless there are many.",
    (
        Row(
            "Last hour",
            (
                number("Connections in use", "Now.", 'sum(bloom_database_connections{state="in_use"})', width=6),
                number("Connections idle", "Now.", 'sum(bloom_database_connections{state="idle"})', width=6),
                number(
                    "Attempts made again",
                    "After a conflict, or on a lost connection.",
                    rise(_RETRIES, over="1h"),
                    width=6,
                ),
                number(
                    "Transactions that found it away",
                    "Answered with 503.",
                    rise(f"{_TRANSACTION}_count", 'end="away"', over="1h"),
                    limit=1,
                    width=6,
                ),
            ),
        ),
        Row(
            "Statements",
            (
                lines(
                    "Statements",
                    "By operation.",
                    Query(rate(f"{_STATEMENT}_count", by="operation"), "{{operation}}"),
                    unit="reqps",
                    stacked=True,
                ),
                heat("Every statement by its seconds", "A band far above the others is a scan or a lock.", _STATEMENT),
                lines(
                    "Seconds of a statement, 99 of 100",
                    "By operation.",
                    Query(quantile(0.99, _STATEMENT, by="operation"), "{{operation}}"),
                    unit="s",
                ),
                lines(
                    "Statements by function",
                    "What a function asks for a request is a matter of its code, not of load.",
                    Query(rate(f"{_STATEMENT}_count", by="job"), "{{job}}"),
                    unit="reqps",
                ),
            ),
        ),
        Row(
            "Transactions and connections",
            (
                lines(
                    "How transactions end",
                    "Raised is mostly an answer to the caller: not found, taken, refused.",
                    Query(rate(f"{_TRANSACTION}_count", by="end"), "{{end}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines("Seconds of a transaction", "With all of its attempts.", *quantiles(_TRANSACTION), unit="s"),
                lines(
                    "Tried again",
                    "By why.",
                    Query(rate(_RETRIES, by="fault"), "{{fault}}"),
                    unit="reqps",
                ),
                lines(
                    "Connections",
                    "By function and state. All in use and none idle: requests wait for one.",
                    Query("sum by (job, state) (bloom_database_connections)", "{{job}} {{state}}"),
                    stacked=True,
                ),
            ),
        ),
    ),
)
