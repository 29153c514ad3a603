"""What a file may be called for people, and what its download is called: pure calculation, and no name in a link."""

import re
import unicodedata
from typing import Final
from uuid import UUID

from .file_types import FileType, extension_of, extensions_of

LONGEST: Final = 120
"""Characters of a name with its ending: what every file system takes, four bytes a character."""

_NOT_IN_A_NAME: Final = re.compile(r'[<>:"|?*]')
_INVISIBLE: Final = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
"""Controls, marks of direction that let `exe.jpg` be read backwards, what has no width, ends of lines."""
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def safe_name(given: str | None, kind: FileType) -> str | None:
    """The last part of a path without what no name should have, ending as files of its type do; None for nothing."""
    last = re.split(r"[/\\]", given or "")[-1]
    shown = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", last) if _is_visible(c))
    name = re.sub(r" +", " ", _NOT_IN_A_NAME.sub("_", shown)).strip(" .")
    if not name:
        return None
    if _DEVICES.match(name):
        name = f"_{name}"
    stem, ending = _split(name, kind)
    return stem[: LONGEST - len(ending)].rstrip(" .") + ending


def _is_visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in _INVISIBLE


def _split(name: str, kind: FileType) -> tuple[str, str]:
    """The name and an ending of its type: its own, or the right one behind a wrong one."""
    for ending in extensions_of(kind):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)], name[-len(ending) :]
    return name, extension_of(kind)


def download_disposition(file_id: UUID, kind: FileType) -> str:
    """The Content-Disposition of a download (RFC 6266): to be saved and never opened in place.

    It stands in the link, and links are logged: so it names the file by a part of its id, and nobody.
    """
    return f'attachment; filename="file-{str(file_id)[:8]}{extension_of(kind)}"'
