"""What the privacy officer is told by mail about emergency access to records: ids, codes and times, and no names."""

from dataclasses import replace
from typing import Final

from shared.events import PrivacyNotice

from .notice_words import Words

NAME: Final = "privacy officer"
LIST: Final = "/admin/break-glass"
"""Where each of these mails leads."""
AFTER: Final = "Who these numbers stand for, and the reason in words, is in the list that this link leads to."

NOTICES: Final[dict[str, Words]] = {
    "record-opened": Words(
        "A patient's record was opened",
        "an administrator opened a patient's record for 60 minutes at the most. Another administrator has to review it "
        "within 72 hours.",
        "Look at the list",
        AFTER,
    ),
    "record-reviewed": Words(
        "The opening of a record was reviewed",
        "another administrator reviewed why a patient's record was opened.",
        "Look at the list",
        AFTER,
    ),
    "reviews-overdue": Words(
        "A review is overdue",
        "nobody has reviewed within 72 hours why a patient's record was opened. You are told once a day until somebody "
        "has.",
        "Look at the list",
        AFTER,
    ),
}


def words_for(event: PrivacyNotice) -> Words:
    """The words of a mail, with its facts line by line."""
    told = NOTICES[event.notice]
    facts = {"Number": ", ".join(str(grant_id) for grant_id in event.grant_ids), **event.facts}
    lines = "\n\n".join(f"{what}: {fact}" for what, fact in facts.items())
    return replace(told, words=f"{told.words}\n\n{lines}")
