"""/dev: every part's health, the numbers of the last half hour, and the last traces, mails and events, on one page."""

import html
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev.mails import Mail
from dev.pages import page, table
from dev.pubsub_store import Delivery
from dev.status_page_pictures import pictures
from dev.status_page_traces import legend, traces_table
from dev.telemetry_store import TelemetryStore

REFRESHED_AFTER_SECONDS = 5
TRACES_SHOWN = 10
MAILS_SHOWN = 6
EVENTS_SHOWN = 6
_WELL = ("up", "done")
NOT_RECORDED = (
    '<p class="card none">This cloud runs without its part <code>telemetry</code>: <code>make dev</code> has it.</p>'
)


def status_page(
    record: Path,
    store: TelemetryStore | None,
    mails: Sequence[Mail],
    pending: Sequence[Delivery],
    dead: Sequence[Delivery],
) -> str:
    """The whole page; it fetches itself again every few seconds."""
    parts = read_parts(record)
    traces = store.last_traces(TRACES_SHOWN) if store else []
    numbers = pictures(store) if store else NOT_RECORDED
    content = (
        f'<p class="lead">{_summary(parts)}</p>{numbers}'
        f"<h2>Parts{_more('/dev/parts', 'details and logs')}</h2>{_parts(parts)}"
        f"<h2>Last traces{_more('/dev/traces', 'all')}</h2>"
        f"{legend([span for spans in traces for span in spans])}{traces_table(traces)}"
        f'<div class="columns"><section><h2>Last mails{_more("/dev/mail", "all")}</h2>{_mails(mails)}</section>'
        f"<section><h2>Events{_more('/dev/events', 'all')}</h2>{_events(pending, dead)}</section></div>"
    )
    return page("The local cloud", content, refreshed_after=REFRESHED_AFTER_SECONDS)


def read_parts(record: Path) -> list[dict[str, Any]]:
    """Each part as the supervisor last wrote it down."""
    found: list[dict[str, Any]] = json.loads(record.read_text()) if record.exists() else []
    return found


def _summary(parts: Sequence[dict[str, Any]]) -> str:
    ill = [part for part in parts if part["state"] not in _WELL]
    if not parts:
        return "Nothing runs."
    if not ill:
        return f"All {len(parts)} parts are well."
    states = Counter(str(part["state"]) for part in ill)
    said = ", ".join(f"{number} {html.escape(state)}" for state, number in states.items())
    return f'{len(parts) - len(ill)} of {len(parts)} parts are well; <span class="ill">{said}</span>.'


def _parts(parts: Sequence[dict[str, Any]]) -> str:
    shown = "".join(
        f'<span class="part {html.escape(part["state"])}" title="{html.escape(part["state"])}">'
        f'<span class="dot"></span>'
        f"{html.escape(part['name'])} <code>{html.escape(part['address'])}</code></span>"
        for part in parts
    )
    return f'<div class="card parts">{shown}</div>'


def _mails(mails: Sequence[Mail]) -> str:
    if not mails:
        return '<p class="card none">None yet.</p>'
    return table(
        ("subject", "to"),
        [
            (
                f'<a href="/dev/mail/{mail.id}">{html.escape(mail.subject) or "(no subject)"}</a>',
                html.escape(", ".join(mail.recipients)),
            )
            for mail in mails[:MAILS_SHOWN]
        ],
    )


def _events(pending: Sequence[Delivery], dead: Sequence[Delivery]) -> str:
    if not pending and not dead:
        return '<p class="card none">Everything that was published is delivered.</p>'
    rows = [("given up", delivery) for delivery in dead] + [("on its way", delivery) for delivery in pending]
    return table(
        ("event", "to", ""),
        [
            (html.escape(delivery.attributes.get("type", "")), html.escape(delivery.subscription), state)
            for state, delivery in rows[:EVENTS_SHOWN]
        ],
    )


def _more(address: str, word: str) -> str:
    return f'<a href="{address}">{word}</a>'
