"""Whether bytes are a picture of a kind that is taken, from the first to the last: pure calculation."""

import re
import struct
from collections.abc import Iterator
from typing import Final

# After a JPEG's own end, phones keep more pictures and short films; of what runs or unpacks there is to be nothing.
_NOT_BEHIND_A_JPEG: Final = re.compile(
    rb"PK\x03\x04|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|%PDF-|\x7fELF|<html|<svg|<\?php", re.IGNORECASE
)
_SEGMENT: Final = re.compile(rb"\xff+([\xc0-\xfe])")
_MARKER_IN_A_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
MOST_PIECES: Final = 200_000
"""Chunks, blocks, boxes or pages that a file of at most 25 MiB is looked through for: no camera makes more of them."""
_HEIC_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}


def is_png(content: bytes) -> bool:
    """Whether chunks fill it from IHDR to IEND (PNG, W3C Recommendation, section 5)."""
    if content[:16] != b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR":
        return False
    place = 8
    for _ in range(MOST_PIECES):
        if place + 12 > len(content):
            break
        length, kind = struct.unpack_from(">I4s", content, place)
        place += 12 + length
        if kind == b"IEND":
            return bool(length == 0 and place == len(content))
    return False


def is_gif(content: bytes) -> bool:
    """Whether blocks fill it up to the trailer (GIF89a specification)."""
    if content[:6] not in (b"GIF87a", b"GIF89a") or len(content) < 14:
        return False
    place = 13 + _colours(content[10])
    for _ in range(MOST_PIECES):
        if place >= len(content):
            break
        block = content[place]
        if block == 0x3B:
            return not content[place + 1 :].strip(b"\0")  # some programs fill up with zeros
        if block == 0x2C and place + 10 < len(content):
            place = _after_blocks(content, place + 11 + _colours(content[place + 9]))
        elif block == 0x21:
            place = _after_blocks(content, place + 2)
        else:
            return False
    return False


def _colours(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(content: bytes, place: int) -> int:
    """Where the blocks of up to 255 bytes end that begin here; the end of the file where there are too many."""
    for _ in range(MOST_PIECES):
        if place >= len(content) or not content[place]:
            return place + 1
        place += content[place] + 1
    return len(content)


def is_webp(content: bytes) -> bool:
    """Whether it is one RIFF container of a WebP picture, all of it (RFC 9649)."""
    if content[:4] != b"RIFF" or content[8:15] != b"WEBPVP8" or content[15:16] not in (b" ", b"L", b"X"):
        return False
    return len(content) - 8 == int.from_bytes(content[4:8], "little")


def is_jpeg(content: bytes) -> bool:
    """Whether its segments lead to the end of the picture (ITU-T T.81, annex B), with nothing harmful behind it."""
    if content[:3] != b"\xff\xd8\xff":
        return False
    end = _end_of_jpeg(content)
    return end is not None and not _NOT_BEHIND_A_JPEG.search(content, end)


def _end_of_jpeg(content: bytes) -> int | None:
    """Where its first picture ends: behind segments, of which at least one is followed by a scan."""
    place, scanned = 2, False
    while found := _SEGMENT.match(content, place):
        marker, place = found[1], found.end()
        if marker == b"\xd9":
            return place if scanned else None
        place += int.from_bytes(content[place : place + 2])
        if marker == b"\xda":
            scanned = True
            following = _MARKER_IN_A_SCAN.search(content, place)
            place = following.start() if following else len(content)
    return None


def is_heic(content: bytes) -> bool:
    """Whether boxes fill it and say that it is a HEIF picture coded with HEVC (ISO/IEC 23008-12)."""
    if not brands_of(content) & _HEIC_BRANDS:
        return False
    names = {name for name, _ in boxes_of(content)}
    return b"meta" in names and b"" not in names


def boxes_of(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The outermost boxes of an ISO base media file (ISO/IEC 14496-12), name and content; a nameless one at last
    where they do not fill it, or are too many."""
    place = 0
    for _ in range(MOST_PIECES):
        if place >= len(content):
            return
        size, name = int.from_bytes(content[place : place + 4]), content[place + 4 : place + 8]
        header = 8
        if size == 1:
            size, header = int.from_bytes(content[place + 8 : place + 16]), 16
        elif size == 0:
            size = len(content) - place
        if len(name) < 4 or size < header or place + size > len(content):
            yield b"", b""
            return
        yield name, content[place + header : place + size]
        place += size
    yield b"", b""


def brands_of(content: bytes) -> set[bytes]:
    """What the `ftyp` box says that a file is: its major brand, and those that it is compatible with; none without."""
    if content[4:8] != b"ftyp":
        return set()
    said = content[8 : min(int.from_bytes(content[:4]), 256)]
    return {said[:4], *(said[place : place + 4] for place in range(8, len(said), 4))}
