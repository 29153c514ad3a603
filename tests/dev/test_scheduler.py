"""The scheduler's clock and its calls."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwt

from dev.id_tokens import IdTokens, load_key
from dev.scheduler import Job, is_due
from infra.schedules import EVERY_MINUTE, Schedule
from tests.dev.stand_ins import Subscriber
from tests.waiting import eventually

SUNDAY = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "moment", "due"),
    [
        ("* * * * *", SUNDAY, True),
        ("0 2 * * 0", SUNDAY, True),
        ("0 2 * * 7", SUNDAY, True),
        ("0 2 * * 0", SUNDAY.replace(day=2), False),
        ("0 2 * * 0", SUNDAY.replace(minute=1), False),
        ("0 2 * * 1-5", SUNDAY.replace(day=4), True),
        ("*/15 * * * *", SUNDAY.replace(minute=45), True),
        ("*/15 * * * *", SUNDAY.replace(minute=46), False),
        ("5,10 * * * *", SUNDAY.replace(minute=10), True),
        ("10-20/5 * * * *", SUNDAY.replace(minute=15), True),
        ("3/10 * * * *", SUNDAY.replace(minute=23), True),
        ("0 2 1 * *", SUNDAY, True),
        ("0 2 15 * 0", SUNDAY, True),
        ("0 2 */2 * *", SUNDAY.replace(day=3), True),
        ("0 2 * 4 *", SUNDAY, False),
    ],
)
def test_a_cron_expression_names_its_minutes(cron: str, moment: datetime, due: bool) -> None:
    assert is_due(cron, moment) is due


async def test_a_job_calls_again_and_again_with_the_schedulers_token(
    subscriber: Subscriber, tokens: IdTokens, key_file: Path
) -> None:
    subscriber.statuses = [500]
    schedule = Schedule(EVERY_MINUTE, "messages", "/api/internal/outbox/sweep")
    job = Job("outbox-sweep", schedule, subscriber.url, tokens, "scheduler@bloom", "http://localhost:3000")
    task = asyncio.create_task(job.run(0.01))
    await eventually(lambda: len(subscriber.received) >= 2)
    task.cancel()
    request = subscriber.received[0]
    assert (request.method, request.path) == ("POST", "/api/internal/outbox/sweep")
    assert request.headers["x-cloudscheduler-jobname"] == "outbox-sweep"
    claims = jwt.decode(request.headers["authorization"].removeprefix("Bearer "), load_key(key_file)).claims
    assert (claims["email"], claims["aud"]) == ("scheduler@bloom", "http://localhost:3000")


async def test_a_job_whose_function_is_away_is_told_in_the_log(
    tokens: IdTokens, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = Schedule(EVERY_MINUTE, "messages", "/sweep")
    await Job("outbox-sweep", schedule, "http://127.0.0.1:1", tokens, "a", "b").call()
    assert "outbox-sweep: http://127.0.0.1:1/sweep did not answer" in capsys.readouterr().err
