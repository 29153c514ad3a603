"""Google's own client runs a job on this machine, sees how it ended, and can call it off."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.run_v2 import CancelExecutionRequest, ExecutionsClient, JobsClient, RunJobRequest
from google.cloud.run_v2 import Execution as ExecutionMessage
from google.cloud.run_v2.services.executions.transports import ExecutionsRestTransport
from google.cloud.run_v2.services.jobs.transports import JobsRestTransport

from dev.cloud_run_double import CloudRunDouble, Execution
from dev.http_listener import listen

JOB = "projects/p/locations/l/jobs/j"
WRITES = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]); sys.exit(int(sys.argv[3]))"


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """The double's address; its jobs write a file, or stay until they are ended."""
    stays = (sys.executable, "-c", "import signal; signal.pause()")
    double = CloudRunDouble({JOB: (sys.executable, "-c", WRITES), f"{JOB}-stays": stays})
    listener = await listen(double.answer, 0)
    yield f"127.0.0.1:{listener.port}"
    await listener.close()
    await double.close()


def over_http(host: str) -> dict[str, Any]:
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return {"host": host, "url_scheme": "http", "credentials": anonymous}


def begun(host: str, job: str, *arguments: str) -> str:
    container = RunJobRequest.Overrides.ContainerOverride(args=arguments)
    request = RunJobRequest(name=job, overrides=RunJobRequest.Overrides(container_overrides=[container]))
    return str(JobsClient(transport=JobsRestTransport(**over_http(host))).run_job(request, timeout=10).metadata.name)


async def execution(host: str, name: str, until: Callable[[Any], object]) -> Any:
    client = ExecutionsClient(transport=ExecutionsRestTransport(**over_http(host)))
    async with asyncio.timeout(20):
        while not until(found := await asyncio.to_thread(client.get_execution, name=name)):
            await asyncio.sleep(0.01)
    return found


@pytest.mark.parametrize(("code", "counts"), [(0, (1, 0)), (3, (0, 1))])
async def test_a_job_runs_with_its_arguments_and_tells_how_it_ended(
    host: str, tmp_path: Path, code: int, counts: tuple[int, int]
) -> None:
    name = await asyncio.to_thread(begun, host, JOB, str(tmp_path / "out"), "written", str(code))
    found = await execution(host, name, lambda seen: seen.completion_time)
    assert (found.succeeded_count, found.failed_count) == counts
    assert (tmp_path / "out").read_text() == "written"
    assert found.job == JOB


async def test_an_execution_is_called_off(host: str) -> None:
    name = await asyncio.to_thread(begun, host, f"{JOB}-stays")
    await execution(host, name, lambda seen: seen.running_count)
    client = ExecutionsClient(transport=ExecutionsRestTransport(**over_http(host)))
    await asyncio.to_thread(client.cancel_execution, CancelExecutionRequest(name=name))
    found = await execution(host, name, lambda seen: seen.completion_time)
    assert (found.cancelled_count, found.failed_count) == (1, 0)


async def test_a_process_that_is_gone_runs_until_its_end_is_noted() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    await process.wait()
    execution = Execution(f"{JOB}/executions/one", JOB, process)
    before = ExecutionMessage.from_json(json.dumps(execution.as_json()))
    execution.ended_at = "2026-11-27T00:18:45Z"
    after = ExecutionMessage.from_json(json.dumps(execution.as_json()))
    assert (before.running_count, before.completion_time, before.succeeded_count) == (1, None, 0)
    assert (after.running_count, after.completion_time, after.succeeded_count) == (
        0,
        datetime(2026, 11, 27, 0, 18, 45, tzinfo=UTC),
        1,
    )


async def test_what_is_not_there_is_not_found(host: str) -> None:
    with pytest.raises(NotFound):
        await asyncio.to_thread(begun, host, f"{JOB}-other")
    with pytest.raises(NotFound):
        await execution(host, f"{JOB}/executions/none", bool)


async def test_what_runs_ends_with_the_double() -> None:
    double = CloudRunDouble({JOB: (sys.executable, "-c", "import signal; signal.pause()")})
    listener = await listen(double.answer, 0)
    await asyncio.to_thread(begun, f"127.0.0.1:{listener.port}", JOB)
    [running] = double._executions.values()
    await listener.close()
    await double.close()
    assert await running.process.wait() != 0
