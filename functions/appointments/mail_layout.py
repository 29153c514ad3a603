"""How a mail about appointments looks: the same words twice, once as plain text and once as a quiet page."""

from dataclasses import dataclass
from html import escape
from typing import Final

from shared.mail import CalendarFile, Mail
from shared.mailing import Recipient
from shared.settings import settings

from .mail_times import ShownTime
from .mail_words import Text, Words

PAGE: Final = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{subject}</title></head>
<body style="margin:0;padding:1.5rem;background:#f4f7f5;color:#23312d;font:16px/1.5 sans-serif">
<div style="max-width:34rem;margin:0 auto;padding:1.5rem 2rem;background:#fff;border-radius:.75rem">
<p>{greeting}</p>
<p>{lead}</p>
{times}{words}{button}{after}<p style="color:#5d6f69;font-size:14px">{ending}</p>
<p style="margin-bottom:0">Bloom Health</p>
</div></body></html>
"""
TIME: Final = (
    '<p style="margin:1rem 0;padding:.75rem 1rem;border-left:4px solid #2f6f5e;background:#f4f7f5">'
    '<strong>{day}</strong><br>{hours}<br><span style="color:#5d6f69">{place}</span></p>\n'
)
PARAGRAPH: Final = "<p>{words}</p>\n"
BUTTON: Final = (
    '<p style="margin:1.5rem 0"><a href="{link}" style="display:inline-block;background:#2f6f5e;color:#fff;'
    'padding:.7rem 1.2rem;border-radius:.5rem;text-decoration:none">{label}</a></p>\n'
)
SMALL: Final = '<a href="{link}" style="color:#2f6f5e">{link}</a>'
REMINDER_SETTINGS: Final = "/settings/notifications"


@dataclass(frozen=True)
class Content:
    """What one mail says: its text, the times it is about, more sentences, and where its button leads on our origin."""

    text: Text
    path: str
    times: tuple[ShownTime, ...] = ()
    sentences: tuple[str, ...] = ()
    calendar: CalendarFile | None = None
    chosen: bool = False
    """Whether the reader gets it by choice, and is told where to choose otherwise."""


def composed(content: Content, words: Words, reader: Recipient, key: str) -> Mail:
    """The mail that says it to this reader."""
    return Mail(
        to=reader.email,
        subject=content.text.subject,
        text=_plain(content, words, reader),
        html=_page(content, words, reader),
        key=key,
        calendar=content.calendar,
    )


def page_link(path: str) -> str:
    """A page of our own."""
    return settings().base_url + path


def _plain(content: Content, words: Words, reader: Recipient) -> str:
    choice = [f"{words.reminder_settings} {page_link(REMINDER_SETTINGS)}"] if content.chosen else []
    paragraphs = [
        words.greeting.format(name=reader.name),
        content.text.lead,
        *("\n".join(f"    {line}" for line in time.lines) for time in content.times),
        *content.sentences,
        f"{content.text.label}:\n{page_link(content.path)}",
        content.text.after,
        *choice,
        words.no_replies,
        "Bloom Health",
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _page(content: Content, words: Words, reader: Recipient) -> str:
    return PAGE.format(
        language=words.language,
        subject=escape(content.text.subject),
        greeting=escape(words.greeting.format(name=reader.name)),
        lead=escape(content.text.lead),
        times="".join(_time(time) for time in content.times),
        words="".join(PARAGRAPH.format(words=escape(sentence)) for sentence in content.sentences),
        button=BUTTON.format(link=escape(page_link(content.path)), label=escape(content.text.label)),
        after=PARAGRAPH.format(words=escape(content.text.after)) if content.text.after else "",
        ending=_ending(content, words),
    )


def _time(shown: ShownTime) -> str:
    return TIME.format(day=escape(shown.day), hours=escape(shown.hours), place=escape(shown.place))


def _ending(content: Content, words: Words) -> str:
    if not content.chosen:
        return escape(words.no_replies)
    link = SMALL.format(link=escape(page_link(REMINDER_SETTINGS)))
    return f"{escape(words.reminder_settings)} {link}<br>{escape(words.no_replies)}"
