"""Cloud Run on this machine, at the Admin API's REST paths (v2): run a job, look at an execution, cancel it.

Google's own client starts jobs here as it does there. An execution is a process that belongs to this one, not to the
function that asked for it: a function that ends, or is started anew, takes no training with it. The classifier's
service is in `cloud_run_services.py`.
"""

import argparse
import asyncio
import json
import re
import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from dev.cloud_run_services import LocalPart, ServiceDouble
from dev.event_loop import run, run_until_stopped
from dev.http_listener import Answer, Request, listen
from dev.processes import tethered

EXECUTION_TYPE: Final = "type.googleapis.com/google.cloud.run.v2.Execution"
SECONDS_TO_END: Final = 2.0  # Cloud Run gives ten; the local cloud is to be gone within five


def _moment() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Execution:
    """One run of a job: a process."""

    name: str
    job: str
    process: asyncio.subprocess.Process
    created_at: str = field(default_factory=_moment)
    ended_at: str = ""
    cancelled: bool = False

    def as_json(self) -> dict[str, Any]:
        """The fields of google.cloud.run.v2.Execution that tell where it stands."""
        shown: dict[str, Any] = {"name": self.name, "job": self.job, "createTime": self.created_at, "taskCount": 1}
        if not self.ended_at:  # the process may be gone a moment before its end is noted
            return {**shown, "startTime": self.created_at, "runningCount": 1}
        outcome = "cancelledCount" if self.cancelled else "failedCount" if self.process.returncode else "succeededCount"
        return {**shown, "startTime": self.created_at, "completionTime": self.ended_at, outcome: 1}


class CloudRunDouble:
    """The jobs that are known by name, their executions, and the service."""

    def __init__(self, jobs: dict[str, Sequence[str]], service: ServiceDouble | None = None) -> None:
        """`jobs` are their commands, by resource name."""
        self._jobs = jobs
        self._service = service
        self._of_service = rf"/v2/{re.escape(service.name)}(/revisions/[\w-]+)?" if service else ""
        self._executions: dict[str, Execution] = {}
        self._numbers = count(1)
        self._waiting: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request) -> Answer:
        """One request of the Admin API."""
        if (request.method, request.path) == ("GET", "/health"):
            return Answer.of_json({"status": "up"})
        if self._service is not None and re.fullmatch(self._of_service, request.path):
            return await self._service.answer(request)
        found = re.fullmatch(r"/v2/(projects/[^:]+?)(?::(run|cancel))?", request.path)
        name, verb = (found[1], found[2]) if found else ("", None)
        if request.method == "POST" and verb == "run" and name in self._jobs:
            return self._operation(await self._begin(name, request.body))
        execution = self._executions.get(name)
        if execution and request.method == "POST" and verb == "cancel":
            return self._operation(self._cancel(execution))
        if execution and request.method == "GET" and verb is None:
            return Answer.of_json(execution.as_json())
        return Answer.of_json({"error": {"code": 404, "message": "not found", "status": "NOT_FOUND"}}, 404)

    async def close(self) -> None:
        """End what still runs: asked first, killed where it does not listen."""
        if self._service is not None:
            await self._service.close()
        running = [one.process for one in self._executions.values() if one.process.returncode is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        if running:
            waits = [asyncio.ensure_future(process.wait()) for process in running]
            await asyncio.wait(waits, timeout=SECONDS_TO_END)
        for process in running:
            if process.returncode is None:
                process.kill()

    async def _begin(self, job: str, body: bytes) -> Execution:
        overrides = json.loads(body or b"{}").get("overrides", {}).get("containerOverrides", [])
        arguments = overrides[0].get("args", []) if overrides else []
        process = await asyncio.create_subprocess_exec(*tethered([*self._jobs[job], *arguments]))
        execution = Execution(f"{job}/executions/{job.rpartition('/')[2]}-{next(self._numbers):05}", job, process)
        self._executions[execution.name] = execution
        waiting = asyncio.ensure_future(self._wait_for(execution))
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)
        return execution

    async def _wait_for(self, execution: Execution) -> None:
        await execution.process.wait()
        execution.ended_at = _moment()

    def _cancel(self, execution: Execution) -> Execution:
        if execution.process.returncode is None:
            execution.cancelled = True
            execution.process.send_signal(signal.SIGTERM)
        return execution

    def _operation(self, execution: Execution) -> Answer:
        """A long-running operation, whose metadata is the execution."""
        place = execution.job.rpartition("/jobs/")[0]
        metadata = {"@type": EXECUTION_TYPE, **execution.as_json()}
        name = f"{place}/operations/{execution.name.rpartition('/')[2]}"
        return Answer.of_json({"name": name, "metadata": metadata, "done": False})


def _service(arguments: argparse.Namespace) -> ServiceDouble | None:
    if not arguments.service:
        return None
    part = LocalPart(arguments.data / "served-model.json", arguments.data / "pids.json", "inference")
    command, store = shlex.split(arguments.revision), arguments.data / "service.json"
    return ServiceDouble(arguments.service, command, arguments.revision_port, store, part.serve)


async def _main(port: int, jobs: dict[str, Sequence[str]], service: ServiceDouble | None) -> None:
    double = CloudRunDouble(jobs, service)
    listener = await listen(double.answer, port)
    if service is not None:
        service.start()
    await run_until_stopped()
    await listener.close()
    await double.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3080)
    parser.add_argument("--job", required=True, help="resource name of the job that the command is")
    parser.add_argument("--service", help="resource name of the classifier's service")
    parser.add_argument("--revision", default="", help="command that serves a revision of it, as one word")
    parser.add_argument("--revision-port", type=int, default=3011, help="where a revision with a tag listens")
    parser.add_argument("--data", type=Path, help="folder of the local cloud, where the service is remembered")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    run(_main(arguments.port, {arguments.job: arguments.command}, _service(arguments)))
