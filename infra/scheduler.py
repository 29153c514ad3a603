"""Cloud Scheduler: a job for each entry of schedules.py, and one that starts a job of Cloud Run, as one account."""

import base64
from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_gcp import cloudfunctionsv2, cloudrunv2, cloudscheduler

from infra.identities import Identities
from infra.schedules import EVERY_MINUTE, SCHEDULES, Schedule
from infra.stack import Stack

ATTEMPT: Final = "60s"
FIRST_OF_THE_MONTH: Final = "50 3 1 * *"
RETRIES: Final = 3
"""Of what is called seldom; what comes every minute is its own repetition."""


def create(stack: Stack, identities: Identities, functions: Mapping[str, cloudfunctionsv2.Function]) -> None:
    """The jobs of a stack."""
    for name, schedule in SCHEDULES.items():
        url = functions[schedule.deployable].service_config.apply(lambda service: str(service.uri if service else ""))
        cloudscheduler.Job(
            name,
            name=stack.called(name),
            region=stack.region,
            schedule=schedule.cron,
            time_zone="Etc/UTC",
            attempt_deadline=ATTEMPT,
            retry_config=cloudscheduler.JobRetryConfigArgs(retry_count=_retries(schedule)),
            http_target=cloudscheduler.JobHttpTargetArgs(
                uri=pulumi.Output.concat(url, schedule.path),
                http_method="POST",
                body=base64.b64encode(schedule.body).decode(),
                headers={"Content-Type": "application/json"},
                oidc_token=cloudscheduler.JobHttpTargetOidcTokenArgs(
                    service_account_email=identities.email("scheduler"), audience=stack.origin
                ),
            ),
        )


def start_monthly(stack: Stack, identities: Identities, job: cloudrunv2.Job) -> None:
    """Start the job that ends the audit trail's retention, on the first night of each month."""
    cloudscheduler.Job(
        "audit-retirement",
        name=stack.called("audit-retirement"),
        region=stack.region,
        schedule=FIRST_OF_THE_MONTH,
        time_zone="Etc/UTC",
        attempt_deadline=ATTEMPT,
        retry_config=cloudscheduler.JobRetryConfigArgs(retry_count=RETRIES),
        http_target=cloudscheduler.JobHttpTargetArgs(
            uri=pulumi.Output.concat("https://run.googleapis.com/v2/", job.id, ":run"),
            http_method="POST",
            oauth_token=cloudscheduler.JobHttpTargetOauthTokenArgs(service_account_email=identities.email("scheduler")),
        ),
    )


def _retries(schedule: Schedule) -> int:
    return 0 if schedule.cron == EVERY_MINUTE else RETRIES
