"""What a file is, is told by its bytes from the first to the last; what could be two things at once is nothing."""

import random
import time
import zipfile
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.messages.file_types import FileType, declared_type, extension_of, media_type_to_send, sniffed_type
from tests.functions.messages.file_samples import (
    GIF,
    JPEG,
    SAMPLES,
    WEBP,
    ZIP,
    box,
    element,
    heic,
    m4a,
    mp3,
    ogg,
    pdf,
    png,
    wav,
    webm,
)

EACH = [(kind, number) for kind, samples in SAMPLES.items() for number in range(len(samples))]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"


def archive() -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        file.writestr(zipfile.ZipInfo("classes.dex"), b"x")  # of the same moment each time
    return written.getvalue()


def test_there_is_a_sample_of_every_kind() -> None:
    assert set(SAMPLES) == set(FileType)


@pytest.mark.parametrize(("kind", "number"), EACH)
def test_each_kind_is_known_by_its_bytes(kind: str, number: int) -> None:
    assert sniffed_type(SAMPLES[kind][number]) == kind


@pytest.mark.parametrize(("kind", "number"), EACH)
def test_an_archive_behind_any_of_them_makes_it_nothing(kind: str, number: int) -> None:
    sample = SAMPLES[kind][number]
    assert sniffed_type(sample + archive()) is None
    assert sniffed_type(sample + ZIP + b"\n") is None


@pytest.mark.parametrize("kind", sorted(set(SAMPLES) - {"application/pdf"}))
@pytest.mark.parametrize("hidden", [SVG, HTML, b"%PDF-1.7", b"<?php echo 1;"], ids=["svg", "html", "pdf", "php"])
def test_a_page_or_document_in_front_of_any_of_them_makes_it_nothing(kind: str, hidden: bytes) -> None:
    assert sniffed_type(hidden + SAMPLES[kind][0]) is None
    assert sniffed_type(hidden + b"\n" + SAMPLES[kind][0]) is None


@pytest.mark.parametrize("hidden", [SVG, HTML, b"%PDF-1.7\n", b"<ScRiPt\n>"], ids=["svg", "html", "pdf", "script"])
@pytest.mark.parametrize(
    "within",
    [
        lambda hidden: png((b"tEXt", b"Comment\0" + hidden)),
        lambda hidden: JPEG[:2] + b"\xff\xfe" + (len(hidden) + 2).to_bytes(2) + hidden + JPEG[2:],
        lambda hidden: GIF[:-1] + b"\x21\xfe" + bytes((len(hidden),)) + hidden + b"\0;",
        lambda hidden: heic() + box(b"free", hidden),
        lambda hidden: m4a() + box(b"free", hidden),
        lambda hidden: ogg(b"OpusHead" + hidden),
        lambda hidden: mp3(tag=hidden),
        lambda hidden: webm(live=True) + element(0xEC, hidden),
    ],
    ids=["png", "jpeg", "gif", "heic", "m4a", "ogg", "mp3", "webm"],
)
def test_a_page_or_document_inside_of_a_valid_file_makes_it_nothing(within: object, hidden: bytes) -> None:
    assert sniffed_type(within(b"no harm ")) is not None  # type: ignore[operator]
    assert sniffed_type(within(hidden)) is None  # type: ignore[operator]


def test_a_script_far_into_a_picture_is_found_and_one_in_a_document_is_text() -> None:
    filler = random.Random(7).randbytes(300_000)
    assert sniffed_type(png((b"teXt", filler))) == "image/png"
    assert sniffed_type(png((b"teXt", filler + b"<script>"))) is None
    assert sniffed_type(pdf(filler + b"(<script>)")) == "application/pdf"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\t ",
        SVG,
        b"\xef\xbb\xbf  " + SVG,
        b'<?xml version="1.0"?>' + SVG,
        HTML,
        b"see <script>alert(1)</script>",
        b"<!-- a comment -->",
        b"#!/bin/sh\nrm -rf /\n",
        b"%!PS-Adobe-3.0",
        b"{\\rtf1 text}",
        "text".encode("utf-16"),
        "caf\u00e9".encode("latin-1"),
        b"\x1b]0;title\x07",
        b"nul\0",
        b"MZ\x90\0\x03",
        b"\x7fELF\x02\x01\x01",
        b"II*\0",
        b"BM" + bytes(60),
        archive(),
        b"\x1f\x8b\x08" + bytes(20),
        b"Rar!\x1a\x07\x01\0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(5000),
    ],
    ids=lambda content: content[:20].hex(),
)
def test_what_is_not_on_the_list_is_nothing(content: bytes) -> None:
    assert sniffed_type(content) is None


@pytest.mark.parametrize(
    "content",
    [
        m4a(b"soun", b"vide"),
        m4a(b"vide"),
        m4a(b"mdir"),
        m4a(brand=b"qt  "),
        box(b"ftyp", b"avif", bytes(4), b"avif") + box(b"meta", bytes(4)),
        webm(1),
        webm(2, 1),
        webm(doc_type=b"matroska"),
        webm()[:60],
        ogg(b"\x80theora"),
        ogg(b"fishead\0"),
        ogg() + ogg(b"\x80theora"),
        ogg() + b"OggS",
        wav() + b"trailing!",
        wav()[:-3],
        WEBP + b"\0",
        WEBP[:-2],
        png()[:-4],
        png() + b"\0",
        GIF[:-1],
        GIF + b"x",
        JPEG[:-2],
        b"\xff\xd8\xff\xd9",
        JPEG + b"%PDF-1.4",
        JPEG + b"7z\xbc\xaf\x27\x1c",
        heic() + b"\0",
        heic()[:-1],
        mp3(1),
        b"ID3\x04\0\0\0\0\x7f\x7f",
        pdf()[:-8],
        b"\n" + pdf(),
        b"%PDF-1.7 that never ends",
    ],
    ids=lambda content: content[:12].hex(),
)
def test_a_film_and_what_is_cut_off_or_goes_on_is_nothing(content: bytes) -> None:
    assert sniffed_type(content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF" + b"\xff" * 4 + b"WAVE" + (b"fmt " + bytes(4)) * 300_000,
        box(b"ftyp", b"M4A ", bytes(4)) + box(b"free") * 300_000,
        heic() + box(b"free") * 300_000,
        webm() + b"\xec\x80" * 1_000_000,
        webm(live=True)[:44] + b"\xec\x80" * 1_000_000,
        ogg(pages=300_000),
        GIF[:-1] + b"\x21\xfe" + b"\x01x" * 1_000_000,
        GIF[:-1] + b"\x21\xfe\0" * 1_000_000,
        png()[:33] + (bytes(4) + b"teXt" + bytes(4)) * 300_000,
    ],
    ids=["wav", "m4a", "heic", "webm", "webm inside", "ogg", "gif blocks", "gif", "png"],
)
def test_a_file_of_uncounted_pieces_is_nothing_and_soon_so(content: bytes) -> None:
    began = time.process_time()
    assert sniffed_type(content) is None
    assert time.process_time() - began < 5


@given(st.sampled_from(EACH), st.data())
def test_no_piece_of_a_file_makes_the_sniffer_fail(which: tuple[str, int], data: st.DataObject) -> None:
    content = bytearray(SAMPLES[which[0]][which[1]])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[place] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    assert sniffed_type(cut) in {None, *FileType}


@given(st.binary(max_size=3000))
def test_no_bytes_make_the_sniffer_fail(content: bytes) -> None:
    assert sniffed_type(content) in {None, FileType.TEXT}


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("image/JPEG", FileType.JPEG),
        ("image/jpg", FileType.JPEG),
        ("audio/webm; codecs=opus", FileType.WEBM),
        ("text/plain;charset=UTF-8", FileType.TEXT),
        ("audio/x-m4a", FileType.M4A),
        ("audio/x-wav", FileType.WAV),
        ("image/heif", FileType.HEIC),
        ("image/svg+xml", None),
        ("text/html", None),
        ("application/octet-stream", None),
        ("video/webm", None),
        ("", None),
    ],
)
def test_what_a_sender_calls_it_is_understood_or_not_taken(declared: str, kind: FileType | None) -> None:
    assert declared_type(declared) == kind


@pytest.mark.parametrize("kind", list(FileType))
def test_each_kind_has_an_ending_and_a_type_to_be_sent_as(kind: FileType) -> None:
    assert extension_of(kind).startswith(".")
    assert declared_type(media_type_to_send(kind)) == kind
