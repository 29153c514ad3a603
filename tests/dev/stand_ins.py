"""What stands in for other parts in the tests of the local cloud."""

import asyncio
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from dev.http_listener import Answer, Request
from dev.ports import free_ports
from dev.processes import is_zombie, started_at
from dev.redis_server import redis_answers, redis_command
from tests.waiting import until

ISSUER = "http://127.0.0.1:3062"


def alive(pid: int) -> bool:
    """Whether a process of this number runs."""
    return bool(started_at(pid)) and not is_zombie(pid)


class RedisProcess:
    """A Redis that a test can take away and bring back."""

    def __init__(self, folder: Path) -> None:
        self.port = free_ports(["redis"])["redis"]
        self._folder = folder
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(redis_command(self.port, self._folder), stdout=subprocess.DEVNULL)
        until(lambda: redis_answers(self.port))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(10)

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)


@dataclass
class Subscriber:
    """A function's stand-in: remembers what was pushed and answers with the statuses it was told, then 204."""

    statuses: list[int] = field(default_factory=list)
    received: list[Request] = field(default_factory=list)
    url: str = ""
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared, it keeps its answers back."""

    def __post_init__(self) -> None:
        self.answering.set()

    async def answer(self, request: Request) -> Answer:
        self.received.append(request)
        await self.answering.wait()
        return Answer(self.statuses.pop(0) if self.statuses else 204, b"")
