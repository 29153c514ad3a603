"""The pages under /dev/: what runs, which mails were sent, which events wait."""

import html
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.mails import LINK, Mail
from dev.pubsub_store import Delivery
from dev.seed_accounts import ACCOUNTS


def page(title: str, content: str, refreshed_after: int = 0) -> str:
    """A whole page; the content is HTML already, the title is not. It may fetch itself again after so many seconds."""
    links = (
        ("/", "start"),
        ("/dev", "overview"),
        ("/dev/traces", "traces"),
        ("/dev/mail", "mails"),
        ("/dev/events", "events"),
        ("/dev/parts", "parts"),
    )
    navigation = "".join(f'<a href="{address}">{name}</a>' for address, name in links)
    refresh = f'<meta http-equiv="refresh" content="{refreshed_after}">' if refreshed_after else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)} · Bloom Health</title>'
        f'<meta name="viewport" content="width=device-width">{refresh}<link rel="stylesheet" href="/dev/style.css">'
        f'</head><body><div class="page"><nav><strong>Bloom Health</strong>{navigation}</nav>'
        f"<h1>{html.escape(title)}</h1>{content}</div></body></html>"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are HTML already."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def welcome_page() -> str:
    """What the origin shows while no web client is built."""
    accounts = table(
        ("role", "e-mail", "password"),
        [(account.role, account.email, f"<code>{account.password}</code>") for account in ACCOUNTS],
    )
    return page(
        "Bloom Health",
        "<p>This is the local cloud. The web client is not built yet; functions answer under <code>/api/</code>.</p>"
        '<ul><li><a href="/api/openapi.json">The OpenAPI document</a></li>'
        '<li><a href="/dev">The parts that run</a></li><li><a href="/dev/mail">The mails that were sent</a></li></ul>'
        f"<h2>Accounts to sign in with</h2>{accounts}",
    )


def parts_page(record: Path) -> str:
    """Each part's state, as the supervisor last wrote it down."""
    parts: list[dict[str, Any]] = json.loads(record.read_text()) if record.exists() else []
    rows = [
        (
            html.escape(part["name"]),
            _state(html.escape(part["state"])),
            html.escape(part["address"]),
            str(part["pid"] or ""),
            _time(part["since"]),
            str(part["restarts"]),
            f"<code>{html.escape(part['log'])}</code>",
        )
        for part in parts
    ]
    return page("Parts", table(("part", "state", "address", "pid", "since", "restarts", "log"), rows))


def mails_page(mails: Sequence[Mail]) -> str:
    """The list of mails, the newest first."""
    rows = [
        (
            f'<a href="/dev/mail/{mail.id}">{html.escape(mail.subject) or "(no subject)"}</a>',
            html.escape(", ".join(mail.recipients)),
            html.escape(mail.date),
        )
        for mail in mails
    ]
    return page("Mails", table(("subject", "to", "sent"), rows) if rows else '<p class="card none">None yet.</p>')


def mail_page(mail: Mail) -> str:
    """One mail; its HTML part stays in a sandbox where no script runs."""
    heading = table(
        ("from", "to", "sent"),
        [(html.escape(mail.sender), html.escape(", ".join(mail.recipients)), html.escape(mail.date))],
    )
    text = f"<h2>Text</h2><pre>{_with_links(mail.text)}</pre>" if mail.text else ""
    frame = (
        f'<h2>HTML</h2><iframe sandbox="allow-popups allow-popups-to-escape-sandbox" '
        f'src="/dev/mail/{mail.id}/html"></iframe>'
        if mail.html
        else ""
    )
    return page(mail.subject or "(no subject)", heading + text + frame)


def events_page(pending: Sequence[Delivery], dead: Sequence[Delivery]) -> str:
    """What Pub/Sub has not delivered; the contents stay out of it."""
    heads = ("message", "type", "subscription", "tries", "last failure")
    return page(
        "Events",
        f"<h2>On their way: {len(pending)}</h2>{table(heads, map(_event_row, pending))}"
        f"<h2>Given up: {len(dead)}</h2>{table(heads, map(_event_row, dead))}",
    )


def _event_row(delivery: Delivery) -> tuple[str, ...]:
    event_type = delivery.attributes.get("type", "")
    values = (delivery.message_id, event_type, delivery.subscription, delivery.attempts, delivery.failure)
    return tuple(html.escape(str(value)) for value in values)


def _state(state: str) -> str:
    return f'<span class="state {state}"><span class="dot"></span>{state}</span>'


def _with_links(text: str) -> str:
    """The text as HTML with its links to click on."""
    pieces, end = [], 0
    for found in LINK.finditer(text):
        address = html.escape(found.group())
        pieces += [html.escape(text[end : found.start()]), f'<a href="{address}" rel="noreferrer">{address}</a>']
        end = found.end()
    return "".join(pieces) + html.escape(text[end:])


def _time(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%H:%M:%S UTC") if unix else ""
