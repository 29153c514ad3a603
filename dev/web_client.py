"""The built web client as the cloud's CDN serves it: the same headers, packed, asked for anew only where it changed."""

import functools
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from infra.web_headers import INDEX, MEETING, STORAGE, cached, headers, is_page, kind_of, meeting_headers

_PACKED = (".css", ".html", ".js", ".json", ".svg", ".txt", ".webmanifest")
_ONLY_WITH_TLS = "Strict-Transport-Security"


@dataclass(frozen=True)
class _File:
    """A file's bytes, with the tag that tells them from any others."""

    body: bytes
    packed: bytes | None
    tag: str


class WebClient:
    """Answers GET for the files of a folder; any other address without an ending is a page, which its index answers."""

    def __init__(self, folder: Path, storage_address: str = STORAGE, grafana_address: str | None = None) -> None:
        self._folder = folder.resolve()
        self._headers = _without_tls(headers(grafana_address, storage_address))
        self._meetings_headers = _without_tls(meeting_headers())

    @property
    def is_built(self) -> bool:
        """Whether there is a client to serve."""
        return (self._folder / INDEX).is_file()

    def answer(self, path: str, asked: Mapping[str, str]) -> web.Response | None:
        """The file or page of a path, by the request's headers; None where it has neither."""
        name = self._name_of(path)
        if name is None:
            return None
        place = self._folder / name
        found = _read(place, place.stat().st_mtime_ns)
        of_its_kind = self._meetings_headers if name == MEETING else self._headers
        told = {**of_its_kind, "Cache-Control": cached(name), "Content-Type": kind_of(name)}
        return _answer(found, told, asked)

    def _name_of(self, path: str) -> str | None:
        """The name below the folder of what answers a path."""
        wanted = (self._folder / path.lstrip("/")).resolve()
        if wanted.is_relative_to(self._folder) and wanted.is_file():
            return wanted.relative_to(self._folder).as_posix()
        return INDEX if self.is_built and is_page(path) else None


def _without_tls(told: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in told.items() if name != _ONLY_WITH_TLS}


def _answer(found: _File, told: dict[str, str], asked: Mapping[str, str]) -> web.Response:
    packed = found.packed if "gzip" in asked.get("Accept-Encoding", "") else None
    tag = f'"{found.tag}{"-gzip" if packed else ""}"'
    told |= {"ETag": tag, **({"Vary": "Accept-Encoding"} if found.packed else {})}
    if tag in asked.get("If-None-Match", ""):
        return web.Response(status=304, headers=told)
    if packed:
        told["Content-Encoding"] = "gzip"
    return web.Response(body=packed or found.body, headers=told)


@functools.lru_cache(maxsize=512)
def _read(place: Path, _changed_ns: int) -> _File:
    body = place.read_bytes()
    packed = gzip.compress(body, 9, mtime=0) if place.suffix in _PACKED else None
    return _File(body, packed, hashlib.sha256(body).hexdigest()[:20])
