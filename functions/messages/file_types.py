"""What a file is by its own bytes: an allow list, told by structure and never by a name or by what its sender says."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .file_documents import holds_markup, is_archive_at_its_end, is_pdf, is_plain_text
from .file_pictures import is_gif, is_heic, is_jpeg, is_png, is_webp
from .file_sounds import is_m4a, is_mp3, is_ogg, is_wav, is_webm

LARGEST: Final = 25 * 1024 * 1024
"""Bytes that a file may have."""


class FileType(StrEnum):
    """What may be kept, by the media type that it is stored and given out under."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    GIF = "image/gif"
    WEBP = "image/webp"
    HEIC = "image/heic"
    PDF = "application/pdf"
    TEXT = "text/plain"
    MP3 = "audio/mpeg"
    M4A = "audio/mp4"
    OGG = "audio/ogg"
    WAV = "audio/wav"
    WEBM = "audio/webm"


@dataclass(frozen=True)
class _Kind:
    extensions: tuple[str, ...]
    """Those that a name may end in; the first is what a name gets that has another or none."""
    is_one: Callable[[bytes], bool]
    aliases: tuple[str, ...] = ()
    """What browsers and phones call it besides."""


_KINDS: Final = {
    FileType.JPEG: _Kind((".jpg", ".jpeg"), is_jpeg, ("image/jpg", "image/pjpeg")),
    FileType.PNG: _Kind((".png",), is_png),
    FileType.GIF: _Kind((".gif",), is_gif),
    FileType.WEBP: _Kind((".webp",), is_webp),
    FileType.HEIC: _Kind((".heic", ".heif"), is_heic, ("image/heif",)),
    FileType.PDF: _Kind((".pdf",), is_pdf, ("application/x-pdf",)),
    FileType.MP3: _Kind((".mp3",), is_mp3, ("audio/mp3",)),
    FileType.M4A: _Kind((".m4a", ".mp4"), is_m4a, ("audio/m4a", "audio/x-m4a")),
    FileType.OGG: _Kind((".ogg", ".oga", ".opus"), is_ogg, ("audio/opus",)),
    FileType.WAV: _Kind((".wav",), is_wav, ("audio/x-wav", "audio/wave", "audio/vnd.wave")),
    FileType.WEBM: _Kind((".webm",), is_webm),
    FileType.TEXT: _Kind((".txt",), is_plain_text),
}
_BY_NAME: Final = {str(kind): kind for kind in FileType} | {
    alias: kind for kind, about in _KINDS.items() for alias in about.aliases
}


def declared_type(content_type: str) -> FileType | None:
    """The type that a sender names, whatever its spelling and parameters; None for one that is not taken."""
    return _BY_NAME.get(content_type.partition(";")[0].strip().lower())


def sniffed_type(content: bytes) -> FileType | None:
    """The one type that the bytes are from their first to their last; None for anything else.

    What could be read as a page, a script, a picture that runs scripts (SVG) or an archive besides is none.
    """
    found = [kind for kind, about in _KINDS.items() if about.is_one(content)]
    if len(found) != 1 or is_archive_at_its_end(content):
        return None
    if found[0] is not FileType.TEXT and holds_markup(content, everywhere=found[0] is not FileType.PDF):
        return None
    return found[0]


def extension_of(kind: FileType) -> str:
    """The ending of the names of such files, with its dot."""
    return _KINDS[kind].extensions[0]


def extensions_of(kind: FileType) -> tuple[str, ...]:
    """The endings that a name of such a file may have."""
    return _KINDS[kind].extensions


def media_type_to_send(kind: FileType) -> str:
    """The Content-Type that a browser is told, so that it has nothing to guess."""
    return f"{kind}; charset=utf-8" if kind is FileType.TEXT else kind.value
