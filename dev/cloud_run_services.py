"""Cloud Run's service of the classifier on this machine: revisions, tags and traffic at the Admin API's paths (v2).

The revision that everybody is served by is the local cloud's own part, which is restarted with the model that traffic
moves to. A revision with a tag is a second process at an address of its own, which runs only while something asks for
it. Each new revision runs there first: one that does not come up fails, as it does there.
"""

import asyncio
import contextlib
import http.client
import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from dev.http_listener import Answer, Request
from dev.private_files import write_private
from dev.processes import started_at, tethered

SECONDS_TO_COME_UP: Final = 60.0
_PROBE_EVERY: Final = 0.05
SERVICE_TYPE: Final = "type.googleapis.com/google.cloud.run.v2.Service"
_IMAGE: Final = "classifier"
_LATEST: Final = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


@dataclass
class Kept:
    """What outlives this process."""

    template: dict[str, Any]
    traffic: list[dict[str, Any]]
    revisions: dict[str, dict[str, str]]
    """The variables of each, by name."""
    latest_ready: str
    latest_created: str
    generation: int = 1
    failed: str = ""
    """The revision that did not come up."""
    images: dict[str, str] = field(default_factory=dict)
    """What each revision runs, by its name."""
    serving: dict[str, str] = field(default_factory=dict)
    """The variables that the part which serves everybody has."""

    @classmethod
    def at_first(cls, service: str) -> "Kept":
        """One revision, of the image's own model, which serves everybody."""
        first = f"{service}-00001"
        template = {"revision": first, "containers": [{"image": _IMAGE}]}
        return cls(template, [{"type": _LATEST, "percent": 100}], {first: {}}, first, first)


class ServiceDouble:
    """One service, by its resource name."""

    def __init__(
        self, name: str, command: Sequence[str], port: int, store: Path, serve: Callable[[dict[str, str]], None]
    ) -> None:
        """`command` runs a revision, which is told where to listen by PORT; `serve` restarts who serves everybody."""
        self.name = name
        self._command = command
        self._port = port
        self._store = store
        self._serve = serve
        self._kept = Kept(**json.loads(store.read_text())) if store.exists() else Kept.at_first(self._short)
        self._process: asyncio.subprocess.Process | None = None
        self._running = ""
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Bring back what ran when this process ended."""
        self._go_on()

    async def answer(self, request: Request) -> Answer:
        """GET or PATCH of the service, GET of a revision of it."""
        if request.path != f"/v2/{self.name}":
            return self._revision(request.path.rpartition("/revisions/")[2])
        if request.method == "GET":
            return Answer.of_json(self._as_json())
        if request.method != "PATCH":
            return Answer.of_json({"error": {"code": 400, "message": "unknown", "status": "INVALID_ARGUMENT"}}, 400)
        wanted = json.loads(request.body)
        if wanted.get("etag") not in (None, "", self._etag):
            return Answer.of_json({"error": {"code": 409, "message": "stale etag", "status": "ABORTED"}}, 409)
        self._take(wanted)
        operation = f"{self.name.rpartition('/services/')[0]}/operations/{self._etag}"
        metadata = {"@type": SERVICE_TYPE, **self._as_json()}
        return Answer.of_json({"name": operation, "metadata": metadata, "done": False})

    async def close(self) -> None:
        """End the second process."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work
        await self._end_process()

    @property
    def _short(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def _etag(self) -> str:
        return f"g{self._kept.generation}"

    @property
    def _tagged(self) -> str:
        return next((str(target["revision"]) for target in self._kept.traffic if target.get("tag")), "")

    def _take(self, wanted: dict[str, Any]) -> None:
        kept = self._kept
        kept.template, kept.traffic = wanted["template"], wanted.get("traffic", [])
        kept.generation += 1
        name = kept.template["revision"] = kept.template.get("revision") or f"{self._short}-{kept.generation:05}"
        if name not in kept.revisions:
            container = kept.template["containers"][0]
            kept.revisions[name] = {
                variable["name"]: variable.get("value", "") for variable in container.get("env", [])
            }
            kept.images[name] = container["image"]
            kept.latest_created = name
        self._save()
        self._go_on()

    def _go_on(self) -> None:
        if self._work is not None:
            self._work.cancel()
        self._work = asyncio.ensure_future(self._reconcile())

    async def _reconcile(self) -> None:
        """Bring up what is new or tagged, then have traffic as it is wanted."""
        kept = self._kept
        new = kept.latest_created if kept.latest_created not in (kept.latest_ready, kept.failed) else ""
        if new or self._tagged:
            await self._bring_up(new or self._tagged)
        serving = kept.revisions[self._everybodys()]
        if serving != kept.serving:
            kept.serving = serving
            self._serve(serving)
        if not self._tagged:
            await self._end_process()
        self._save()

    def _everybodys(self) -> str:
        target = next(target for target in self._kept.traffic if target.get("percent") == 100)
        return str(target.get("revision") or self._kept.latest_ready)

    async def _bring_up(self, name: str) -> None:
        if self._running != name or self._process is None or self._process.returncode is not None:
            await self._end_process()
            environment = {**os.environ, **self._kept.revisions[name], "HOST": "127.0.0.1", "PORT": str(self._port)}
            self._process = await asyncio.create_subprocess_exec(*tethered(self._command), env=environment)
            self._running = name
        if await self._comes_up(self._process):
            self._kept.latest_ready = name
        else:
            self._kept.failed = name

    async def _comes_up(self, process: asyncio.subprocess.Process) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_COME_UP):
                while process.returncode is None:
                    if await asyncio.to_thread(_is_ready, self._port):
                        return True
                    await asyncio.sleep(_PROBE_EVERY)
        return False

    async def _end_process(self) -> None:
        process, self._process, self._running = self._process, None, ""
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 1.5)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _save(self) -> None:
        write_private(self._store, json.dumps(asdict(self._kept)))

    def _as_json(self) -> dict[str, Any]:
        """The fields of google.cloud.run.v2.Service that tell what is wanted and what is."""
        kept = self._kept
        working = self._work is not None and not self._work.done()
        state = "CONDITION_RECONCILING" if working else "CONDITION_SUCCEEDED"
        if not working and kept.failed and kept.failed == kept.latest_created:
            state = "CONDITION_FAILED"
        return {
            "name": self.name,
            "template": kept.template,
            "traffic": kept.traffic,
            "trafficStatuses": [self._status(target) for target in kept.traffic],
            "latestReadyRevision": f"{self.name}/revisions/{kept.latest_ready}",
            "latestCreatedRevision": f"{self.name}/revisions/{kept.latest_created}",
            "reconciling": working,
            "terminalCondition": {"type": "Ready", "state": state},
            "etag": self._etag,
        }

    def _revision(self, name: str) -> Answer:
        """The fields of google.cloud.run.v2.Revision that tell what it runs."""
        if name not in self._kept.revisions:
            return Answer.of_json({"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}}, 404)
        env = [{"name": key, "value": value} for key, value in self._kept.revisions[name].items()]
        container = {"image": self._kept.images.get(name, _IMAGE), "env": env}
        return Answer.of_json({"name": f"{self.name}/revisions/{name}", "containers": [container]})

    def _status(self, target: dict[str, Any]) -> dict[str, Any]:
        shown = {name: target[name] for name in ("type", "revision", "percent", "tag") if target.get(name)}
        up = self._running == target.get("revision") and target.get("revision") != self._kept.failed
        return {**shown, "uri": f"http://127.0.0.1:{self._port}"} if target.get("tag") and up else shown


class LocalPart:
    """The part of the local cloud that serves everybody: its variables are a file that it reads as it starts."""

    def __init__(self, told: Path, record: Path, part: str) -> None:
        """`record` is where the supervisor notes its processes."""
        self._told, self._record, self._part = told, record, part

    def serve(self, variables: dict[str, str]) -> None:
        """Write the file and end the process; its supervisor starts it anew."""
        write_private(self._told, json.dumps(variables))
        for entry in json.loads(self._record.read_text()) if self._record.exists() else []:
            if entry["name"] == self._part and entry["pid"] and started_at(entry["pid"]) == entry["started"]:
                os.kill(entry["pid"], signal.SIGTERM)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
