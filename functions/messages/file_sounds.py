"""Whether bytes are a sound recording of a kind that is taken, from the first to the last: pure calculation."""

import itertools
import re
from collections.abc import Iterator
from typing import Final

from .file_pictures import MOST_PIECES, boxes_of, brands_of

_UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF)
"""What recorders leave that could not go back and write how long it became."""
_FRAMES_LOOKED_AT: Final = 8
_BITRATES: Final = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Of MPEG version 1, and of 2 and 2.5, layer III, in kbit/s."""
_SAMPLE_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_OGG_SOUNDS: Final = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ")
_HANDLER: Final = re.compile(rb"hdlr.{8}(.{4})", re.DOTALL)
_NO_SOUND_BRANDS: Final = {b"qt  ", b"heic", b"heix", b"mif1", b"avif", b"crx "}
EBML, DOC_TYPE, SEGMENT, CLUSTER = 0x1A45DFA3, 0x4282, 0x18538067, 0x1F43B675
TRACKS, TRACK, TRACK_TYPE, SOUND_TRACK = 0x1654AE6B, 0xAE, 0x83, 2


def is_wav(content: bytes) -> bool:
    """Whether it is one RIFF container of a wave, all of it."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return False
    size = int.from_bytes(content[4:8], "little")
    whole = size in _UNKNOWN_SIZES or len(content) - 8 in (size, size + size % 2)
    names = list(_chunks(content))
    return whole and b"fmt " in names and names[-1:] != [b""] and b"data" in names


def _chunks(content: bytes) -> Iterator[bytes]:
    place = 12
    for _ in range(MOST_PIECES):
        if place + 8 > len(content):
            return
        name, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        if name == b"data" and size in _UNKNOWN_SIZES:
            yield name
            return
        place += 8 + size + size % 2
        yield name if place <= len(content) + size % 2 else b""
    yield b""


def is_mp3(content: bytes) -> bool:
    """Whether MPEG audio frames of layer III follow one another from its start, or from the end of its ID3 tag."""
    place = 0
    if content[:3] == b"ID3" and len(content) > 10 and not any(byte & 0x80 for byte in content[6:10]):
        size = sum(byte << 7 * (3 - index) for index, byte in enumerate(content[6:10]))
        place = 10 + size + (10 if content[5] & 0x10 else 0)
        place += len(content[place : place + 4096]) - len(content[place : place + 4096].lstrip(b"\0"))
    frames = 0
    while frames < _FRAMES_LOOKED_AT and (length := _frame_length(content[place : place + 4])):
        frames, place = frames + 1, place + length
    return frames == _FRAMES_LOOKED_AT or (frames >= 2 and _is_end_of_mp3(content[place:]))


def _is_end_of_mp3(rest: bytes) -> bool:
    return not rest.strip(b"\0") or rest[:3] == b"TAG" or rest[:8] == b"APETAGEX"


def _frame_length(header: bytes) -> int:
    """Bytes of the frame that a header begins (ISO/IEC 11172-3, 2.4.1.3); 0 where it is none of layer III."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kilobits = _BITRATES[1 if version == 3 else 2][bitrate]
    return (144 if version == 3 else 72) * kilobits * 1000 // _SAMPLE_RATES[version][rate] + (header[2] >> 1 & 1)


def is_m4a(content: bytes) -> bool:
    """Whether boxes fill it, and its tracks are sound and nothing to look at (ISO/IEC 14496-12)."""
    brands = brands_of(content)
    if not brands or brands & _NO_SOUND_BRANDS:
        return False
    handlers: set[bytes] = set()
    for name, inside in boxes_of(content):
        if name == b"":
            return False
        if name == b"moov":
            handlers.update(_HANDLER.findall(inside))
    return b"soun" in handlers and b"vide" not in handlers


def is_ogg(content: bytes) -> bool:
    """Whether pages fill it (RFC 3533), and each stream that they begin is sound."""
    place, begun = 0, set()
    for _ in range(MOST_PIECES):
        if place >= len(content):
            break
        if content[place : place + 5] != b"OggS\0" or place + 27 > len(content):
            return False
        table = content[place + 27 : place + 27 + content[place + 26]]
        start = place + 27 + content[place + 26]
        if content[place + 5] & 2:
            begun.add(content[start : start + 8])
        place = start + sum(table)
    return place == len(content) and bool(begun) and all(first.startswith(_OGG_SOUNDS) for first in begun)


def is_webm(content: bytes) -> bool:
    """Whether it is an EBML file (RFC 8794) that says it is WebM, all of it, with sound tracks alone."""
    outer = list(itertools.islice(_elements(content, 0, len(content)), 3))
    if [name for name, _, _ in outer] != [EBML, SEGMENT]:
        return False
    (_, head, head_end), (_, segment, segment_end) = outer
    document = [content[start:end] for name, start, end in _elements(content, head, head_end) if name == DOC_TYPE]
    if [kind.rstrip(b"\0") for kind in document] != [b"webm"]:
        return False
    return set(_track_types(content, segment, segment_end)) == {SOUND_TRACK}


def _track_types(content: bytes, segment: int, end: int) -> Iterator[int]:
    for name, start, stop in _elements(content, segment, end):
        if name == CLUSTER:  # what is played comes after what it is played as
            return
        for inner, begin, finish in _elements(content, start, stop) if name == TRACKS else ():
            if inner == TRACK:
                yield from (
                    int.from_bytes(content[first:last])
                    for kind, first, last in _elements(content, begin, finish)
                    if kind == TRACK_TYPE
                )


def _elements(content: bytes, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Id, start and end of the elements that lie one behind the other; -1 at last where they do not fill it."""
    for _ in range(MOST_PIECES):
        if place >= end:
            return
        name, after = _number(content, place, keep_marker=True)
        size, start = _number(content, after, keep_marker=False)
        unknown = start > after and size == (1 << 7 * (start - after)) - 1
        stop = end if unknown else start + size
        if after in (place, start) or stop > end:
            yield -1, place, end
            return
        yield name, start, stop
        place = stop
    yield -1, place, end


def _number(content: bytes, place: int, *, keep_marker: bool) -> tuple[int, int]:
    """A number of variable length (RFC 8794, section 4) and where it ends; the same place where there is none."""
    if place >= len(content) or not content[place]:
        return 0, place
    length = 9 - content[place].bit_length()
    if place + length > len(content):
        return 0, place
    value = int.from_bytes(content[place : place + length])
    return (value if keep_marker else value & ~(1 << 7 * length)), place + length
