"""The Cloud Run job that trains, started by Google's client, which speaks to the local double just the same."""

import functools
from typing import Any, Final
from uuid import UUID

from shared.problems import Unavailable
from shared.settings import settings

from . import cloud_run

SECONDS_TO_START: Final = 20.0


class TrainingAway(Unavailable):
    """Cloud Run did not start the job, or no job is named here."""

    title = "The training could not be started; please try again later"


def start(run_id: UUID, feedback_days: int) -> str:
    """The resource name of the execution that Cloud Run began for this run. Raises TrainingAway."""
    if not settings().retrain_job:
        raise TrainingAway("No training job is set up here")
    try:
        operation = _client(settings().cloud_run_url).run_job(_request(run_id, feedback_days), timeout=SECONDS_TO_START)
        return str(operation.metadata.name)
    except cloud_run.failures():
        raise TrainingAway from None


def _request(run_id: UUID, feedback_days: int) -> Any:
    from google.cloud.run_v2 import RunJobRequest

    arguments = [f"--run-id={run_id}", f"--feedback-days={feedback_days}"]
    container = RunJobRequest.Overrides.ContainerOverride(args=arguments)
    return RunJobRequest(
        name=settings().retrain_job, overrides=RunJobRequest.Overrides(container_overrides=[container])
    )


@functools.cache
def _client(url: str) -> Any:
    from google.cloud.run_v2 import JobsClient
    from google.cloud.run_v2.services.jobs.transports import JobsRestTransport

    return cloud_run.connected(JobsClient, JobsRestTransport, url)
