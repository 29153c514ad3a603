"""A file's name is shown as it was given, without what a name should not have, and never reaches a link."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.messages.file_names import LONGEST, download_disposition, safe_name
from functions.messages.file_types import FileType, extensions_of

SOME_FILE = UUID("1f2e3d4c-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("given_name", "kind", "shown"),
    [
        ("diary.pdf", FileType.PDF, "diary.pdf"),
        ("Befund März.PDF", FileType.PDF, "Befund März.PDF"),
        ("睡眠.jpeg", FileType.JPEG, "睡眠.jpeg"),
        ("/etc/passwd", FileType.TEXT, "passwd.txt"),
        ("C:\\Users\\me\\scan.png", FileType.PNG, "scan.png"),
        ("../../../x.png", FileType.PNG, "x.png"),
        ("invoice.exe", FileType.PDF, "invoice.exe.pdf"),
        ("run.bat", FileType.TEXT, "run.bat.txt"),
        ("page.html", FileType.TEXT, "page.html.txt"),
        ("photo.jpg", FileType.PNG, "photo.jpg.png"),
        ("gpj.\u202eexe", FileType.JPEG, "gpj.exe.jpg"),
        ("a\r\nSet-Cookie: x=y.txt", FileType.TEXT, "a Set-Cookie_ x=y.txt"),
        ("bell\a\0\x1b[31m.txt", FileType.TEXT, "bell[31m.txt"),
        ("zero\u200bwidth\ufeff.txt", FileType.TEXT, "zerowidth.txt"),
        ('a"b<c>d|e?f*g.txt', FileType.TEXT, "a_b_c_d_e_f_g.txt"),
        ("con.txt", FileType.TEXT, "_con.txt"),
        ("LPT1", FileType.TEXT, "_LPT1.txt"),
        ("console.txt", FileType.TEXT, "console.txt"),
        (" . hidden . ", FileType.TEXT, "hidden.txt"),
        (".txt", FileType.TEXT, "txt.txt"),
        ("memo.opus", FileType.OGG, "memo.opus"),
        ("e\u0301.txt", FileType.TEXT, "\u00e9.txt"),
        ("folder/", FileType.TEXT, None),
        ("\u200b", FileType.TEXT, None),
        ("...", FileType.TEXT, None),
        ("", FileType.TEXT, None),
        (None, FileType.TEXT, None),
    ],
)
def test_what_a_file_is_called(given_name: str | None, kind: FileType, shown: str | None) -> None:
    assert safe_name(given_name, kind) == shown


@given(st.text(max_size=300), st.sampled_from(FileType))
def test_every_name_is_safe_and_stays_as_it_is_when_given_again(given_name: str, kind: FileType) -> None:
    shown = safe_name(given_name, kind)
    if shown is not None:
        assert 0 < len(shown) <= LONGEST
        assert not set(shown) & set('/\\<>:"|?*\0\r\n\t')
        assert shown.lower().endswith(extensions_of(kind))
        assert not shown.startswith((".", " "))
        assert safe_name(shown, kind) == shown


@pytest.mark.parametrize("kind", list(FileType))
def test_a_download_is_saved_under_a_name_that_names_nobody(kind: FileType) -> None:
    disposition = download_disposition(SOME_FILE, kind)
    assert disposition == f'attachment; filename="file-1f2e3d4c{extensions_of(kind)[0]}"'
