"""A small file of each kind that is taken, made byte by byte as its format says."""

import base64
import io
import struct
import wave
import zlib
from typing import Final


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*more: tuple[bytes, bytes]) -> bytes:
    """One grey dot; `more` are chunks besides."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), *more, (b"IDAT", zlib.compress(b"\0\x80"))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in (*chunks, (b"IEND", b"")))


def wav(seconds: float = 0.01) -> bytes:
    """Silence."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * round(8000 * seconds)))
    return written.getvalue()


def box(name: bytes, *inside: bytes) -> bytes:
    """A box of an ISO base media file."""
    return struct.pack(">I", 8 + sum(map(len, inside))) + name + b"".join(inside)


def handler(kind: bytes) -> bytes:
    """The box that says what a track is."""
    return box(b"hdlr", bytes(8), kind, bytes(12), b"\0")


def m4a(*kinds: bytes, brand: bytes = b"M4A ") -> bytes:
    """Tracks of these kinds, `soun` where none is named."""
    tracks = [box(b"trak", box(b"mdia", handler(kind))) for kind in kinds or (b"soun",)]
    return box(b"ftyp", brand, bytes(4), b"isom") + box(b"moov", *tracks) + box(b"mdat", b"\x21\x10\x04")


def heic(brand: bytes = b"heic") -> bytes:
    """A picture without content."""
    inside = box(b"meta", bytes(4), handler(b"pict"))
    return box(b"ftyp", brand, bytes(4), b"mif1", brand) + inside + box(b"mdat", b"\0\0")


def ogg(first: bytes = b"OpusHead\x01\x02", pages: int = 2) -> bytes:
    """Pages of one stream."""
    contents = [first, *(b"sound" for _ in range(pages - 1))]
    return b"".join(
        b"OggS\0"
        + bytes((2 if number == 0 else 0,))
        + struct.pack("<QIII", 0, 7, number, 0)
        + bytes((1, len(content)))
        + content
        for number, content in enumerate(contents)
    )


def element(name: int, *inside: bytes, size: int | None = None) -> bytes:
    """An EBML element, of a size that is not known where -1 is given."""
    content = b"".join(inside)
    length = b"\x01" + b"\xff" * 7 if size == -1 else (0x01 << 56 | len(content)).to_bytes(8)
    return name.to_bytes((name.bit_length() + 7) // 8) + length + content


def webm(*types: int, doc_type: bytes = b"webm", live: bool = False) -> bytes:
    """Tracks of these types, sound where none is named; `live` as a browser records it, of no known length."""
    head = element(0x1A45DFA3, element(0x4282, doc_type))
    tracks = element(0x1654AE6B, *(element(0xAE, element(0x83, bytes((kind,)))) for kind in types or (2,)))
    cluster = element(0x1F43B675, b"\xe7\x81\x00", size=-1 if live else None)
    return head + element(0x18538067, tracks, cluster, size=-1 if live else None)


def mp3(frames: int = 10, tag: bytes = b"") -> bytes:
    """Silent frames of MPEG 1, layer III, 128 kbit/s, 44.1 kHz, behind an ID3 tag where there is one."""
    head = b"ID3\x04\0\0" + bytes((0, 0, len(tag) >> 7, len(tag) & 127)) + tag if tag else b""
    return head + (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def pdf(body: bytes = b"") -> bytes:
    """An empty document."""
    return (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
        + body
        + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"
    )


# One dot each.
JPEG: Final = (
    base64.b64decode(
        "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////"
        "////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
    )
    + b"\xff\xd9"
)
GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WEBP: Final = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
ZIP: Final = b"PK\x03\x04" + bytes(26) + b"PK\x05\x06" + bytes(18)

SAMPLES: Final[dict[str, tuple[bytes, ...]]] = {
    "image/jpeg": (JPEG, JPEG + JPEG, JPEG + b"MotionPhoto_Data" + m4a(b"vide")),
    "image/png": (png(), png((b"tEXt", b"Comment\0<x:xmpmeta xmlns:x='adobe:ns:meta/'>"))),
    "image/gif": (GIF, GIF.replace(b"89a", b"87a"), GIF + b"\0"),
    "image/webp": (WEBP,),
    "image/heic": (heic(), heic(b"heix")),
    "application/pdf": (
        pdf(),
        pdf(b"% padding\n" * 500 + b"2 0 obj\n<</JS(app.alert\\('<script>'\\))>>\nendobj\n" * 200),
    ),
    "text/plain": (
        "Schlaf: 3 h. Stimmung 4/10.\n\tdanach \u00f6fter wach, 2 < 3 > 1 \U0001f634\r\n".encode(),
        b"\xef\xbb\xbfwith a mark of order",
        b"a page break\x0c",
    ),
    "audio/mpeg": (mp3(), mp3(tag=b"\0" * 300), mp3(3) + b"TAG" + bytes(125), mp3().replace(b"\xff\xfb", b"\xff\xfa")),
    "audio/mp4": (m4a(), m4a(brand=b"isom"), m4a(b"soun", b"mdir"), m4a(brand=b"mp42")),
    "audio/ogg": (ogg(), ogg(b"\x01vorbis"), ogg(b"\x7fFLAC\x01")),
    "audio/wav": (wav(), wav()[:4] + b"\xff" * 4 + wav()[8:]),
    "audio/webm": (webm(), webm(live=True)),
}
