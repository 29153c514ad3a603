"""Whether bytes are a PDF or plain text, and whether something else hides in them: pure calculation."""

import re
from typing import Final

HEAD: Final = 1024
"""Bytes at the start within which readers look for a PDF's mark, and browsers for a page's first tag."""
_END_OF_PDF: Final = 1024
_LONGEST_ARCHIVE_COMMENT: Final = 65_535

# In a head: marks short enough to come about by chance in millions of compressed bytes.
_TAGS_AT_THE_START: Final = re.compile(
    rb"<(?:!doctype|html|head|body|script|iframe|svg|object|embed|style|\?php)", re.IGNORECASE
)
# Anywhere: marks too long for that. XMP, which many pictures carry, is XML but has none of them.
_TAGS_ANYWHERE: Final = re.compile(
    rb"<!doctype html|<script[\s>/]|<iframe[\s>/]|<foreignobject[\s>]|<svg[\s:][^<]{0,2000}xmlns",
    re.IGNORECASE,
)
_TAGS_IN_TEXT: Final = re.compile(r"<(?:!doctype|html|script|iframe|svg|foreignobject|\?php|\?xml)\b", re.IGNORECASE)
_BEGINS_LIKE_MARKUP: Final = re.compile(r"\s*<[a-z!?/]", re.IGNORECASE)
_NOT_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_OTHER_SOURCES: Final = ("%PDF-", "%!PS", "{\\rtf", "#!")
"""How files begin that are text to a reader, and a program to what opens them."""


def is_pdf(content: bytes) -> bool:
    """Whether they begin as a PDF (ISO 32000) with nothing before its mark, and end as one."""
    return re.match(rb"%PDF-[12]\.\d", content) is not None and b"%%EOF" in content[-_END_OF_PDF:]


def is_plain_text(content: bytes) -> bool:
    """Whether they are UTF-8 without control characters, and neither markup nor a script."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if not text.strip() or _NOT_IN_TEXT.search(text) or text.lstrip().startswith(_OTHER_SOURCES):
        return False
    return not (_BEGINS_LIKE_MARKUP.match(text) or _TAGS_IN_TEXT.search(text))


def holds_markup(content: bytes, *, everywhere: bool) -> bool:
    """Whether a browser that guesses, or is told so, could read them as a page: by their head, or by any part."""
    head = content[: 4 * HEAD]
    if _TAGS_AT_THE_START.search(head) or (everywhere and b"%PDF-" in head):
        return True
    return everywhere and _TAGS_ANYWHERE.search(content) is not None


def is_archive_at_its_end(content: bytes) -> bool:
    """Whether they end as a ZIP does, which is read from its end: its last record, whose comment is all that follows.

    ZIP is also what office documents, Android packages and Java archives are (APPNOTE.TXT, 4.3.16).
    """
    start = max(0, len(content) - _LONGEST_ARCHIVE_COMMENT - 22)
    found = content.find(b"PK\x05\x06", start)
    while found >= 0:
        comment = int.from_bytes(content[found + 20 : found + 22], "little")
        if found + 22 + comment >= len(content) - 2:  # some readers forgive a byte or two behind it
            return True
        found = content.find(b"PK\x05\x06", found + 1)
    return False
