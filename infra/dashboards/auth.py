"""Who comes in, by which door, and who is turned away."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, heat, lines, number, quantiles, rate, rise

_REQUESTS: Final = "bloom_http_requests_total"
_SECONDS: Final = "bloom_http_request_seconds"
_SIGN_IN: Final = 'route="POST /api/auth/sign-in"'
_DOORS: Final = (
    'route=~"POST /api/auth/(sign-in|passkeys/sign-in|two-factor/verify)|GET /api/auth/oauth/[{]provider[}]/callback"'
)
_AUTH: Final = 'route=~".* /api/(auth|user)(/.*)?"'

DASHBOARD: Final = Dashboard(
    "auth",
    "Signing in",
    "Sign-ups, sign-ins by their door, and what is refused. Many refusals at once are somebody who guesses.",
    (
        Row(
            "Now",
            (
                number("Patients signed in", "Now.", 'max(bloom_sessions_active{role="PATIENT"})', width=6),
                number("Therapists signed in", "Now.", 'max(bloom_sessions_active{role="THERAPIST"})', width=6),
                number("Administrators signed in", "Now.", 'max(bloom_sessions_active{role="ADMINISTRATOR"})', width=6),
                number(
                    "Sign-ins refused, last hour",
                    "Wrong passwords or codes, and pauses after ten of them.",
                    rise(_REQUESTS, f'{_SIGN_IN},status="4xx"', over="1h"),
                    width=6,
                ),
            ),
        ),
        Row(
            "Doors",
            (
                lines(
                    "Sign-ins by door",
                    "Passwords, passkeys, second factors and providers, whatever came of it.",
                    Query(rate(_REQUESTS, _DOORS, by="route"), "{{route}}"),
                    unit="reqps",
                ),
                lines(
                    "What comes of sign-ins by password",
                    "4xx are wrong passwords and pauses, 5xx are ours.",
                    Query(rate(_REQUESTS, _SIGN_IN, by="status"), "{{status}}"),
                    unit="reqps",
                    stacked=True,
                ),
                heat(
                    "Seconds of a sign-in by password",
                    "Checking a password costs about a fifth of a second on purpose.",
                    _SECONDS,
                    _SIGN_IN,
                ),
                lines(
                    "Accounts made within a day",
                    "By role.",
                    Query("max by (role) (bloom_sign_ups_last_day)", "{{role}}"),
                ),
            ),
        ),
        Row(
            "All of it",
            (
                lines(
                    "Answers of the auth function",
                    "Accounts, sessions, profiles and personal data.",
                    Query(rate(_REQUESTS, _AUTH, by="status"), "{{status}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines("Seconds to its answers", "Of all its routes.", *quantiles(_SECONDS, _AUTH), unit="s", limit=0.5),
            ),
        ),
    ),
)
