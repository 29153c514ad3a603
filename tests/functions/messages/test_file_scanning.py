"""ClamAV's daemon is asked over its own protocol; whatever it does not say clearly counts as not scanned yet."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.ports import free_ports
from functions.messages import file_scanning
from functions.messages.file_scanning import ClamScanner, ScannerAway, Verdict, file_scanner
from shared.settings import SettingsError
from tests.functions.messages.clamd_stand_in import EICAR, ClamdStandIn, running
from tests.waiting import until

CLAMD = shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
LARGE = bytes(25 * 1024 * 1024 - len(EICAR))


@pytest.fixture(params=["tcp", "unix"])
def stand_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClamdStandIn]:
    with running(str(tmp_path / "clamd.sock") if request.param == "unix" else "") as made:
        yield made


@pytest.fixture(params=["tcp", "unix"], scope="module")
def clamd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real daemon that knows one signature."""
    if CLAMD is None:
        pytest.skip("Debian's clamav-daemon is not installed here")
    folder = tmp_path_factory.mktemp("clamd")
    folder.chmod(0o755)
    (folder / "db").mkdir()
    (folder / "db" / "local.ndb").write_text(f"Eicar-Test-Signature:0:0:{EICAR.hex()}\n")
    port = free_ports(["clamd"])["clamd"]
    listens = f"LocalSocket {folder}/s" if request.param == "unix" else f"TCPSocket {port}\nTCPAddr 127.0.0.1"
    (folder / "clamd.conf").write_text(
        f"DatabaseDirectory {folder}/db\nForeground yes\nLogTime no\nStreamMaxLength 30M\n{listens}\n"
    )
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen([CLAMD, f"--config-file={folder}/clamd.conf"], stdout=log, stderr=log)
    url = f"unix://{folder}/s" if request.param == "unix" else f"tcp://127.0.0.1:{port}"
    try:
        until(lambda: daemon.poll() is not None or _answers(url))
        assert daemon.poll() is None, (folder / "log").read_text()
        yield url
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)


def _answers(url: str) -> bool:
    try:
        return scan(url, b"anybody?") == Verdict(None)
    except ScannerAway:
        return False


def scan(url: str, content: bytes) -> Verdict:
    return ClamScanner(urlsplit(url)).scan(content)


def test_the_real_daemon_finds_what_it_knows_and_nothing_else(clamd: str) -> None:
    assert scan(clamd, b"a quiet text") == Verdict(None)
    assert scan(clamd, EICAR) == Verdict("Eicar-Test-Signature.UNOFFICIAL")


def test_the_real_daemon_takes_the_largest_file(clamd: str) -> None:
    assert scan(clamd, LARGE) == Verdict(None)


def test_the_real_daemon_says_when_a_file_is_too_large_for_it(clamd: str) -> None:
    with pytest.raises(ScannerAway):
        scan(clamd, bytes(31 * 1024 * 1024))


def test_what_is_given_arrives_whole_and_is_judged(stand_in: ClamdStandIn) -> None:
    assert scan(stand_in.url, LARGE) == Verdict(None)
    assert scan(stand_in.url, LARGE + EICAR) == Verdict("Eicar-Test-Signature")
    assert stand_in.given == [LARGE, LARGE + EICAR]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"stream: OK",
        b"OK\0",
        b"stream: FOUND\0",
        b"\xff\xfe\0",
        b"x" * 10_000,
    ],
)
def test_what_is_no_clear_verdict_is_none(stand_in: ClamdStandIn, reply: bytes) -> None:
    stand_in.reply = reply
    with pytest.raises(ScannerAway):
        scan(stand_in.url, b"x")


def test_a_scanner_that_has_enough_before_the_end_is_heard(stand_in: ClamdStandIn) -> None:
    stand_in.most = 1000
    with pytest.raises(ScannerAway):
        scan(stand_in.url, LARGE)


def test_the_name_of_what_was_found_is_tamed(stand_in: ClamdStandIn) -> None:
    stand_in.reply = b"stream: Win.Trojan<b>\n-1(abc:68) FOUND\0"
    with pytest.raises(ScannerAway):
        scan(stand_in.url, b"x")
    stand_in.reply = b"stream: Win.Trojan<b> -1(abc:68) FOUND\0"
    assert scan(stand_in.url, b"x") == Verdict("Win.Trojan_b__-1(abc_68)")


def test_a_scanner_that_is_not_there_is_away(tmp_path: Path) -> None:
    for url in ("tcp://127.0.0.1:9", f"unix://{tmp_path}/nobody"):
        with pytest.raises(ScannerAway):
            scan(url, b"x")


def test_a_scanner_that_never_answers_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_scanning, "SECONDS_TO_ANSWER", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ScannerAway):
        scan(f"tcp://127.0.0.1:{silent.getsockname()[1]}", b"x")


def test_a_scanner_that_hangs_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_scanning, "SECONDS_TO_ANSWER", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url, said = f"tcp://127.0.0.1:{silent.getsockname()[1]}", []
        for _ in range(5):
            with pytest.raises(ScannerAway) as away:
                scan(url, b"x")
            said.append(str(away.value))
    assert said == ["TimeoutError"] * 3 + ["left alone"] * 2


def test_the_setting_decides(environment: Callable[..., None]) -> None:
    for url, chosen in (("", None), ("tcp://clamd:3310", ClamScanner), ("unix:///run/clamav/clamd.ctl", ClamScanner)):
        environment(clamd_url=url)
        assert type(file_scanner()) is (chosen or type(None))
    environment(clamd_url="http://clamd")
    with pytest.raises(SettingsError, match=r"^CLAMD_URL: "):
        file_scanner()
