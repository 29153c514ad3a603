"""The two relays that `make bench-relay` compares, each as its processes, its messages and what they used."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from benchmarks.processes import family_seconds
from benchmarks.relay_population import Room
from dev.cloud import LocalCloud
from shared.clock import now
from shared.events import MessageSent, message_channel
from shared.messages import seal_body

PEER: Final = Path(__file__).parent / "peers" / "socket_io.mjs"
BODY: Final = "I slept a little better this week, but mornings are still hard and I worry about work."


class Contender(Protocol):
    """A relay to be measured."""

    name: str

    def command(self, port: int) -> list[str]:
        """What starts one process of it."""

    def message(self, room: Room, seq: int) -> tuple[bytes, bytes]:
        """Redis channel and payload of a room's next message."""


@dataclass(frozen=True)
class Bloom:
    """Ours: bodies travel sealed, and each room has channels of its own."""

    name = "Bloom Health"

    def command(self, port: int) -> list[str]:
        """`python -m containers.realtime`."""
        return ["env", f"PORT={port}", sys.executable, "-m", "containers.realtime"]

    def message(self, room: Room, seq: int) -> tuple[bytes, bytes]:
        """A `MessageSent`, sealed as the function that keeps it does."""
        message_id = uuid.uuid4()
        event = MessageSent(
            occurred_at=now(),
            message_id=message_id,
            conversation_id=uuid.UUID(room.conversation_id),
            seq=seq,
            version=1,
            sender_id=uuid.UUID(room.sender_id),
            client_id=str(message_id),
            sealed_body=base64.b64encode(seal_body(message_id, BODY)).decode(),
        )
        return message_channel(event.conversation_id).encode(), event.model_dump_json().encode()


@dataclass(frozen=True)
class SocketIo:
    """Node's Socket.IO with its Redis adapter: bodies travel in plain, and each process hears of every room."""

    cloud: LocalCloud
    name = "Socket.IO (Node)"

    def command(self, port: int) -> list[str]:
        """`node socket_io.mjs`."""
        database = urlsplit(self.cloud.settings["DATABASE_URL"])
        folder = Path(parse_qs(database.query)["unix_sock"][0]).parent
        node = shutil.which("node") or "node"
        words = [self.cloud.settings["REDIS_URL"], str(folder), database.username or "", database.path.strip("/")]
        return [node, "--expose-gc", str(PEER), str(port), *words]

    def message(self, room: Room, seq: int) -> tuple[bytes, bytes]:
        """As the adapter publishes it (MessagePack): who publishes, the packet, and where it goes."""
        message_id = str(uuid.uuid4())
        shown = {
            "id": message_id,
            "conversationId": room.conversation_id,
            "seq": seq,
            "senderId": room.sender_id,
            "clientId": message_id,
            "body": BODY,
            "version": 1,
            "revision": None,
            "sentAt": now().isoformat(),
            "editedAt": None,
            "deletedAt": None,
        }
        packet = {"type": 2, "data": ["new-message", shown], "nsp": "/"}
        addressed = {"rooms": [room.conversation_id], "except": [], "flags": {}}
        return f"socket.io#/#{room.conversation_id}#".encode(), _packed(["bench", packet, addressed])


@dataclass
class Processes:
    """Those of one contender, on ports that stay."""

    contender: Contender
    environment: dict[str, str]
    log: Path
    ports: list[int]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """All of them, until they listen."""
        with self.log.open("ab") as output:
            self.running = [
                subprocess.Popen(self.contender.command(port), env=self.environment, stdout=output, stderr=output)
                for port in self.ports
            ]
        for port in self.ports:
            self._wait_for(port)

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self.running):
                raise RuntimeError(f"{self.contender.name} did not start: see {self.log}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError(f"{self.contender.name} does not listen: see {self.log}")

    def kill(self) -> None:
        """All at once, without a word."""
        for process in self.running:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        """In good order."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def memory(self) -> float:
        """KiB resident, of all; Node is asked to collect its garbage before."""
        for process in self.running:
            if isinstance(self.contender, SocketIo):
                process.send_signal(signal.SIGUSR2)
        time.sleep(1)
        return sum(_resident(process.pid) for process in self.running)

    def cpu_seconds(self) -> float:
        """Used so far, of all."""
        return sum(family_seconds(process.pid) for process in self.running)


@contextmanager
def running(cloud: LocalCloud, contender: Contender, ports: list[int]) -> Iterator[Processes]:
    """Its processes, from their start to their end."""
    environment = {**os.environ, **cloud.environment("database"), **_of_relay(cloud)}
    processes = Processes(contender, environment, cloud.data_dir / f"{ports[0]}.log", ports)
    try:
        processes.start()
        yield processes
    finally:
        processes.stop()


def _of_relay(cloud: LocalCloud) -> dict[str, str]:
    return {**cloud.settings, "HOST": "127.0.0.1"}


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _packed(value: Any) -> bytes:
    """MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) of what a message is made of."""
    if value is None:
        return b"\xc0"
    if isinstance(value, int):
        return b"\xce" + value.to_bytes(4)
    if isinstance(value, str):
        return b"\xda" + len(value.encode()).to_bytes(2) + value.encode()
    if isinstance(value, list):
        return b"\xdc" + len(value).to_bytes(2) + b"".join(map(_packed, value))
    members = b"".join(_packed(name) + _packed(member) for name, member in value.items())
    return b"\xde" + len(value).to_bytes(2) + members
