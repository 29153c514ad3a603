"""The built client as the local origin serves it: as the CDN does, with what the cloud puts beside each file."""

import gzip
import os
from pathlib import Path

import pytest

from dev.web_client import WebClient
from infra.web_headers import FOR_GOOD, headers, meeting_headers

SCRIPT = "console.log('a');\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<title>client</title>")
    (tmp_path / "dist" / "assets" / "main-1f3a.js").write_text(SCRIPT)
    (tmp_path / "dist" / "meeting.html").write_text("<title>meeting</title>")
    (tmp_path / "dist" / "icon.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.txt").write_text("not served")
    return tmp_path / "dist"


@pytest.fixture
def client(folder: Path) -> WebClient:
    return WebClient(folder, "http://127.0.0.1:3070/bloom-files", "http://127.0.0.1:3999")


def test_each_file_goes_out_with_the_headers_of_the_cloud(client: WebClient) -> None:
    cloud = headers("http://127.0.0.1:3999", "http://127.0.0.1:3070/bloom-files")
    for path in ("/", "/assets/main-1f3a.js", "/icon.png"):
        answer = client.answer(path, {})
        assert answer is not None
        told = {name: answer.headers[name] for name in cloud if name != "Strict-Transport-Security"}
        assert told == {name: cloud[name] for name in told}
        assert len(told) == len(cloud) - 1
        assert "Strict-Transport-Security" not in answer.headers  # which no browser heeds without TLS


def test_the_meetings_page_has_headers_of_its_own(client: WebClient) -> None:
    answer, cloud = client.answer("/meeting.html", {}), meeting_headers()
    assert answer is not None
    assert {name: answer.headers.get(name) for name in cloud} == cloud | {"Strict-Transport-Security": None}


def test_what_is_named_by_its_content_is_kept_and_the_page_is_asked_for(client: WebClient) -> None:
    script, page = client.answer("/assets/main-1f3a.js", {}), client.answer("/messages/4", {})
    assert script is not None
    assert page is not None
    assert (script.headers["Cache-Control"], script.content_type) == (FOR_GOOD, "text/javascript")
    assert (page.headers["Cache-Control"], page.content_type) == ("no-cache", "text/html")
    assert page.body == b"<title>client</title>"


def test_text_is_packed_for_who_takes_it(client: WebClient) -> None:
    packed = client.answer("/assets/main-1f3a.js", {"Accept-Encoding": "gzip, deflate, br"})
    plain = client.answer("/assets/main-1f3a.js", {})
    image = client.answer("/icon.png", {"Accept-Encoding": "gzip"})
    assert packed is not None
    assert plain is not None
    assert image is not None
    assert isinstance(packed.body, bytes)
    assert gzip.decompress(packed.body).decode() == SCRIPT
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in image.headers


def test_what_did_not_change_is_not_sent_again(client: WebClient, folder: Path) -> None:
    first = client.answer("/sign-in", {})
    assert first is not None
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.answer("/sign-in", known)
    assert again is not None
    assert (again.status, again.body, again.headers["ETag"]) == (304, None, first.headers["ETag"])
    (folder / "index.html").write_text("<title>newer</title>")
    os.utime(folder / "index.html", ns=(1, 1))  # as a build may leave it
    newer = client.answer("/sign-in", known)
    assert newer is not None
    assert (newer.status, newer.body) == (200, b"<title>newer</title>")


@pytest.mark.parametrize("path", ["/assets/gone-1a.js", "/icon.gif", "/../secret.txt", "//etc/passwd.txt"])
def test_a_file_that_is_not_there_is_not_there(client: WebClient, path: str) -> None:
    assert client.answer(path, {}) is None


def test_without_a_build_nothing_is_served(tmp_path: Path) -> None:
    client = WebClient(tmp_path / "dist")
    assert not client.is_built
    assert client.answer("/", {}) is None
