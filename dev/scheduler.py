"""Cloud Scheduler on one machine: calls the scheduled routes when their time comes, with a token as Google's."""

import argparse
import asyncio
import http.client
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dev.event_loop import run, run_until_stopped
from dev.id_tokens import IdTokens, load_key
from dev.outgoing import post
from infra.schedules import EVERY_MINUTE, SCHEDULES, Schedule

CALL_DEADLINE_SECONDS = 60
_FIELD_STARTS = (0, 0, 1, 1, 0)


def is_due(cron: str, moment: datetime) -> bool:
    """Whether a cron expression of five fields names this minute (UTC); Sunday is 0 or 7."""
    weekday = moment.isoweekday() % 7
    values = (moment.minute, moment.hour, moment.day, moment.month, weekday)
    fields = cron.split()
    matches = [_matches(field, value, start) for field, value, start in zip(fields, values, _FIELD_STARTS, strict=True)]
    matches[4] = matches[4] or (weekday == 0 and _matches(fields[4], 7, 0))
    days_are_alternatives = fields[2] != "*" and fields[4] != "*"  # cron's own rule
    day = (matches[2] or matches[4]) if days_are_alternatives else (matches[2] and matches[4])
    return matches[0] and matches[1] and matches[3] and day


def _matches(field: str, value: int, start: int) -> bool:
    return any(_matches_one(choice, value, start) for choice in field.split(","))


def _matches_one(choice: str, value: int, start: int) -> bool:
    span, _, step = choice.partition("/")
    first, _, last = span.partition("-")
    if span == "*":
        low, high = start, value
    else:
        low, high = int(first), int(last or (value if step else first))
    return low <= value <= high and (value - low) % int(step or 1) == 0


class Job:
    """One schedule and the URL it calls."""

    def __init__(
        self, name: str, schedule: Schedule, base_url: str, tokens: IdTokens, account: str, audience: str
    ) -> None:
        self._name = name
        self._schedule = schedule
        self._url = base_url + schedule.path
        self._tokens = tokens
        self._account = account
        self._audience = audience

    async def run(self, every_minute_seconds: float) -> None:
        """Call for ever; what runs every minute in the cloud runs here as often as wanted."""
        if self._schedule.cron == EVERY_MINUTE:
            while True:
                await asyncio.sleep(every_minute_seconds)
                await self.call()
        while True:
            await asyncio.sleep(_until_next_minute(datetime.now(UTC)))
            if is_due(self._schedule.cron, datetime.now(UTC)):
                await self.call()

    async def call(self) -> None:
        """One call; a failure is told in the log and the next tick is the retry."""
        headers = {
            "Authorization": f"Bearer {self._tokens.bearer(self._account, self._audience)}",
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": self._name,
        }
        try:
            status = await post(self._url, self._schedule.body, headers, CALL_DEADLINE_SECONDS)
        except (OSError, http.client.HTTPException) as error:
            print(f"{self._name}: {self._url} did not answer: {error}", file=sys.stderr, flush=True)
            return
        if status >= 300:
            print(f"{self._name}: {self._url} answered {status}", file=sys.stderr, flush=True)


def _until_next_minute(moment: datetime) -> float:
    following = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return (following - moment).total_seconds()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every-minute-seconds", type=float, default=60)
    parser.add_argument("--target", action="append", default=[], help="DEPLOYABLE=URL")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--audience", required=True)
    return parser.parse_args()


async def _main(arguments: argparse.Namespace) -> None:
    tokens = IdTokens(load_key(arguments.key), arguments.issuer)
    targets = dict(target.split("=", 1) for target in arguments.target)
    jobs = [
        Job(name, schedule, targets[schedule.deployable], tokens, arguments.account, arguments.audience)
        for name, schedule in SCHEDULES.items()
        if schedule.deployable in targets
    ]
    tasks = [asyncio.create_task(job.run(arguments.every_minute_seconds)) for job in jobs]
    await run_until_stopped()
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    run(_main(_arguments()))
