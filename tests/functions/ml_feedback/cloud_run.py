"""Cloud Run's double within the test's process: one service, whose revisions are stand-ins of the classifier."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from dev.cloud_run_double import CloudRunDouble
from dev.cloud_run_services import ServiceDouble
from dev.environment import INFERENCE_SERVICE
from dev.http_listener import Answer, Request, listen
from dev.ports import free_ports
from tests.waiting import until

REVISION = Path(__file__).with_name("revision_stand_in.py")


class CloudRun:
    """The double, in an event loop of its own thread."""

    def __init__(self, folder: Path) -> None:
        self.served: list[dict[str, str]] = []
        """What everybody was served by, each time that it changed: a revision's variables."""
        self.meanwhile: Callable[[], None] | None = None
        """What happens once between a question and its answer."""
        self.url = ""
        self.challenger_url = f"http://127.0.0.1:{free_ports(['challenger'])['challenger']}"
        self._store = folder / "service.json"
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    async def _run(self) -> None:
        command, port = (sys.executable, "-I", "-S", str(REVISION)), int(self.challenger_url.rpartition(":")[2])
        service = ServiceDouble(INFERENCE_SERVICE, command, port, self._store, self.served.append)
        double = CloudRunDouble({}, service)

        async def answer(request: Request) -> Answer:
            happens, self.meanwhile = self.meanwhile, None
            if happens:
                await asyncio.to_thread(happens)
            return await double.answer(request)

        listener = await listen(answer, 0)
        self.url = f"http://127.0.0.1:{listener.port}"
        service.start()
        self._up.set()
        await self._stop.wait()
        await listener.close()
        await double.close()

    def service(self) -> dict[str, Any]:
        """The service as the Admin API shows it."""
        shown: dict[str, Any] = httpx.get(f"{self.url}/v2/{INFERENCE_SERVICE}").json()
        return shown

    def deploy(self, image: str, variables: dict[str, str], *traffic: dict[str, Any]) -> None:
        """What a release does: a template that knows nothing of revisions' names, and traffic where it says so."""
        env = [{"name": name, "value": value} for name, value in variables.items()]
        wanted = {**self.service(), "template": {"containers": [{"image": image, "env": env}]}}
        wanted |= {"traffic": list(traffic)} if traffic else {}
        assert httpx.patch(f"{self.url}/v2/{INFERENCE_SERVICE}", json=wanted).status_code == 200
        self.at_rest()

    def image_of(self, revision: str) -> str:
        """What a revision runs."""
        shown = httpx.get(f"{self.url}/v2/{INFERENCE_SERVICE}/revisions/{revision}").json()
        return str(shown["containers"][0]["image"])

    def at_rest(self) -> dict[str, Any]:
        """The same once nothing is being changed."""
        until(lambda: not self.service()["reconciling"])
        return self.service()


@contextmanager
def running(folder: Path) -> Iterator[CloudRun]:
    """A double that takes calls within the block."""
    cloud_run = CloudRun(folder)
    cloud_run.start()
    try:
        yield cloud_run
    finally:
        cloud_run.stop()
