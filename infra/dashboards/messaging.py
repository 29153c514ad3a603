"""From a message's POST to the socket that shows it."""

from typing import Final

from infra.dashboards.panels import Dashboard, Query, Row, heat, lines, number, quantile, quantiles, rate, rise
from infra.objectives import OBJECTIVES

_SEND: Final = 'route="POST /api/messages"'
_DELIVERY: Final = "bloom_relay_delivery_seconds"
_DELIVERED_SOON: Final = next(one for one in OBJECTIVES if one.name == "delivery-delay")

DASHBOARD: Final = Dashboard(
    "messaging",
    "Messages and relay",
    "A message is kept, handed to the relay, told to sockets and analysed. Late here is not lost.",
    (
        Row(
            "Now",
            (
                number("Open sockets", "Of all instances of the relay.", "sum(bloom_relay_sockets_open)"),
                number("Open conversations", "With at least one socket.", "sum(bloom_relay_rooms_open)"),
                number(
                    "Redis followed",
                    "1 where every instance hears every channel; below, sockets catch up by the database.",
                    "min(bloom_relay_redis_followed)",
                    limit=1,
                    good_above=True,
                ),
                number(
                    "Told in time",
                    f"In the last hour; {_DELIVERED_SOON.says}.",
                    f"1 - ({_DELIVERED_SOON.missed_share('1h')} or vector(0))",
                    "percentunit",
                    limit=_DELIVERED_SOON.share,
                    good_above=True,
                ),
                number(
                    "Messages, last hour",
                    "Kept.",
                    rise("bloom_http_requests_total", f'{_SEND},status="2xx"', over="1h"),
                ),
                number("Mails waiting", "Events that are told by mail.", "max(bloom_mails_waiting)"),
            ),
        ),
        Row(
            "Sending",
            (
                heat(
                    "Seconds to keep, hand on and analyse",
                    "Where the classifier is slow, a message waits for it 0.8 seconds at most.",
                    "bloom_http_request_seconds",
                    _SEND,
                ),
                heat("Seconds from kept to told", "Of every change, to sockets that are open.", _DELIVERY),
                lines(
                    "Messages",
                    "By what was answered.",
                    Query(rate("bloom_http_requests_total", _SEND, by="status"), "{{status}}"),
                    unit="reqps",
                    stacked=True,
                ),
                lines(
                    "Seconds from kept to told, 19 of 20",
                    "By what was told.",
                    Query(quantile(0.95, _DELIVERY, by="event"), "{{event}}"),
                    unit="s",
                    limit=0.05,
                ),
                lines(
                    "What waits",
                    "Events not handed over, and messages to be told or scored.",
                    Query("max(bloom_outbox_waiting)", "events"),
                    Query("sum(max by (age) (bloom_messages_unscored))", "messages"),
                ),
                lines("Seconds to Redis", "Of functions.", *quantiles("bloom_call_seconds", 'part="redis"'), unit="s"),
            ),
        ),
        Row(
            "Sockets",
            (
                lines("Sockets", "By instance.", Query("sum by (instance) (bloom_relay_sockets_open)", "{{instance}}")),
                lines(
                    "Sockets that ended, by reason",
                    "`too-slow` and `flooded` again and again are one client that is broken.",
                    Query(rate("bloom_relay_sockets_closed_total", by="reason"), "{{reason}}"),
                    Query(rate("bloom_relay_sockets_opened_total"), "opened"),
                    unit="short",
                ),
                lines(
                    "Seconds to answer a client, 19 of 20",
                    "Joining, typing, reading.",
                    Query(quantile(0.95, "bloom_relay_client_event_seconds", by="event"), "{{event}}"),
                    unit="s",
                ),
                lines(
                    "Changes told, and frames given up",
                    "Each socket counted; what is given up is caught up by `seq`.",
                    Query(rate("bloom_relay_frames_told_total"), "told"),
                    Query(rate("bloom_relay_frames_dropped_total", by="why"), "{{why}}"),
                    Query(rate("bloom_relay_catch_ups_total"), "rooms that caught up"),
                ),
            ),
        ),
    ),
)
