"""Whether people find a time, get it, and meet."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, heat, lines, number, quantiles, rate, rise

_REQUESTS: Final = "bloom_http_requests_total"
_SECONDS: Final = "bloom_http_request_seconds"
_BOOK: Final = 'route="POST /api/appointments"'
_SLOTS: Final = 'route=~"GET /api/therapists/([{]id[}]/slots|available)"'
_JOIN: Final = 'route="POST /api/appointments/{id}/join"'
_CHANGES: Final = 'route=~"(POST|PATCH) /api/appointments/[{]id[}](/cancel|/confirm|/attendance)?"'

DASHBOARD: Final = Dashboard(
    "booking",
    "Booking",
    "From looking for a time to joining the meeting. A conflict is two people who wanted the same time, and no fault.",
    (
        Row(
            "Last hour",
            (
                number(
                    "Booked",
                    "Appointments, by whoever asked.",
                    rise(_REQUESTS, f'{_BOOK},status="2xx"', over="1h"),
                    width=6,
                ),
                number(
                    "Not to be had",
                    "Times that were taken meanwhile, or that rules forbid.",
                    rise(_REQUESTS, f'{_BOOK},status="4xx"', over="1h"),
                    width=6,
                ),
                number(
                    "Meetings joined",
                    "Each person who asked for the link.",
                    rise(_REQUESTS, f'{_JOIN},status="2xx"', over="1h"),
                    width=6,
                ),
                number(
                    "Conflicts in the database",
                    "Transactions made again because another was first, in all functions.",
                    rise("bloom_database_retries_total", 'fault="conflict"', over="1h"),
                    width=6,
                ),
            ),
        ),
        Row(
            "Times and bookings",
            (
                lines(
                    "What comes of bookings",
                    "2xx are booked, 4xx not to be had, 5xx are ours.",
                    Query(rate(_REQUESTS, _BOOK, by="status"), "{{status}}"),
                    unit="reqps",
                    stacked=True,
                ),
                heat(
                    "Seconds of a booking",
                    "With the meeting, which may take 2.5 seconds; without one the booking stands all the same.",
                    _SECONDS,
                    _BOOK,
                ),
                lines("Seconds to free times", "Cached where nothing changed.", *quantiles(_SECONDS, _SLOTS), unit="s"),
                lines(
                    "Changes to appointments",
                    "Moved, called off, confirmed, attendance noted.",
                    Query(rate(_REQUESTS, _CHANGES, by="route"), "{{route}}"),
                    unit="reqps",
                ),
                lines(
                    "What Zoom tells us",
                    "Its webhook, by what we answered; 4xx are wrong signatures or old ones.",
                    Query(rate(_REQUESTS, 'route="POST /api/webhooks/zoom"', by="status"), "{{status}}"),
                    unit="reqps",
                ),
                lines(
                    "Reminders, holds and offers",
                    "The minute's round; it should succeed once a minute.",
                    Query(rise(_REQUESTS, 'route="POST /api/internal/appointments/tick"', by="status"), "{{status}}"),
                ),
            ),
        ),
    ),
)
