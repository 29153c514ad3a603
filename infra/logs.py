"""Where what the deployables write goes: a log bucket in the stack's own region, with no copy in the global one."""

from typing import Final

import pulumi
from pulumi_gcp import logging

from infra.stack import Stack

DAYS: Final = {True: 90, False: 30}
"""How long lines are kept, for patients and without; trails of who did what are elsewhere, and longer (buckets.py)."""


def create(stack: Stack) -> None:
    """The bucket, what fills it, and what keeps the same lines out of `_Default`; metrics of lines count them all.

    A preview writes to `_Default`: a log bucket's name cannot be used again for a week after it is gone.
    """
    if stack.name.startswith("pr-"):
        return
    ours = written_by(stack)
    bucket = logging.ProjectBucketConfig(
        "logs",
        project=stack.project,
        location=stack.region,
        bucket_id=stack.called("logs"),
        retention_days=DAYS[stack.production],
    )
    logging.ProjectSink(
        "logs-sink",
        name=stack.called("logs"),
        destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
        filter=ours,
        unique_writer_identity=True,
    )
    logging.ProjectExclusion(
        "logs-elsewhere", name=stack.called("logs"), filter=ours, description="kept in the stack's own region"
    )


def written_by(stack: Stack) -> str:
    """A filter of all that a stack's functions, containers, jobs and schedules write."""
    kinds = '"cloud_run_revision" OR "cloud_run_job" OR "cloud_scheduler_job"'
    named = " OR ".join(
        f'resource.labels.{label}:"{stack.called("")}"' for label in ("service_name", "job_name", "job_id")
    )
    return f"resource.type=({kinds}) AND ({named})"
