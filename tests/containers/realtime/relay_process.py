"""A relay of a test's own, with other settings than the shared ones."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from dev.cloud import LocalCloud
from dev.ports import free_ports
from tests.waiting import until


class RelayProcess:
    """`python -m containers.realtime` beside the cloud's own relays."""

    def __init__(self, cloud: LocalCloud, log: Path, settings: Mapping[str, str]) -> None:
        port = free_ports(["relay"])["relay"]
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "containers.realtime"],
                env={**cloud.environment("realtime_1"), "PORT": str(port), **settings},
                stdout=output,
                stderr=output,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_until_up(self) -> None:
        until(lambda: self.process.poll() is not None or self._answers(), 60)
        assert self.process.poll() is None, self.log

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health").status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def own_relay(cloud: LocalCloud, folder: Path, **settings: str) -> Iterator[RelayProcess]:
    relay = RelayProcess(cloud, folder / "relay.log", settings)
    try:
        relay.wait_until_up()
        yield relay
    finally:
        relay.process.terminate()
        relay.process.wait(10)
