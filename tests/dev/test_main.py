"""`python -m dev` as somebody runs it: what it says, how it ends, and what it refuses."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.environment import ROOT
from dev.ports import free_ports, setting_of
from tests.dev.stand_ins import alive
from tests.waiting import eventually

PARTS = ("redis", "upstash", "oidc", "gateway")


class CommandLine:
    """Runs `python -m dev` with ports and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "bloom"
        self.ports = free_ports()
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *parts: str, **settings: str) -> "subprocess.Popen[str]":
        ports = {setting_of(part): str(port) for part, port in self.ports.items()}
        environment = {**os.environ, **ports, "BLOOM_DATA_DIR": str(self.data_dir), **settings}
        process = subprocess.Popen(
            [sys.executable, "-m", "dev", *parts],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def refused(self, *parts: str, **settings: str) -> str:
        """The one line of a start that fails."""
        process = self.start(*parts, **settings)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        [line] = said.splitlines()
        assert line.startswith("✗ ")
        return line[2:]

    def record(self) -> list[dict[str, Any]]:
        path = self.data_dir / "pids.json"
        return json.loads(path.read_text()) if path.exists() else []

    def is_up(self) -> bool:
        return len(self.record()) == len(PARTS) and all(entry["state"] == "up" for entry in self.record())


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    command_line = CommandLine(tmp_path)
    yield command_line
    for process in command_line.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


async def test_it_shows_each_part_serves_and_leaves_nothing_behind(command_line: CommandLine) -> None:
    process = command_line.start(*PARTS)
    await eventually(command_line.is_up, seconds=60)
    page = httpx.get(f"http://localhost:{command_line.ports['gateway']}/dev")
    assert all(part in page.text for part in PARTS)
    pids = [entry["pid"] for entry in command_line.record()]
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=5)
    assert process.returncode == 0
    for part in PARTS:
        assert f"✓ {part:<13} 127.0.0.1:{command_line.ports[part]}" in said
    assert "sign in as patient@bloom.test" in said
    assert not any(map(alive, pids))


async def test_a_second_one_is_refused_while_the_first_runs(command_line: CommandLine) -> None:
    command_line.start("oidc")
    await eventually((command_line.data_dir / "lock").exists, seconds=60)
    assert command_line.refused("oidc") == (f"the local cloud already runs in {command_line.data_dir}: stop it first")


async def test_what_a_killed_one_left_does_not_stand_in_the_way(command_line: CommandLine) -> None:
    first = command_line.start(*PARTS)
    await eventually(command_line.is_up, seconds=60)
    left = [entry["pid"] for entry in command_line.record()]
    first.kill()
    first.communicate()
    command_line.start(*PARTS)
    await eventually(lambda: command_line.is_up() and command_line.record()[0]["pid"] not in left, seconds=60)
    assert not any(map(alive, left))


def test_a_port_in_use_is_named_with_the_setting_that_moves_it(command_line: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", command_line.ports["upstash"])):
        line = command_line.refused("upstash", "redis")
    port = command_line.ports["upstash"]
    assert line == f"port {port} for upstash is in use: free it, or set BLOOM_PORT_UPSTASH to another"


@pytest.mark.parametrize("value", ["", "0", "70000", "http", "-1"])
def test_a_malformed_port_is_named(command_line: CommandLine, value: str) -> None:
    line = command_line.refused("redis", BLOOM_PORT_SMTP=value)
    assert line == f"BLOOM_PORT_SMTP must be a port number from 1 to 65535, not {value!r}"


def test_two_parts_on_one_port_are_named(command_line: CommandLine) -> None:
    line = command_line.refused("redis", BLOOM_PORT_AUTH="4000", BLOOM_PORT_SMTP="4000")
    assert line == "auth and smtp both want port 4000: set BLOOM_PORT_SMTP to another"


def test_a_folder_that_cannot_be_written_is_named(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = command_line.refused("redis", BLOOM_DATA_DIR=str(tmp_path / "file" / "bloom"))
    assert line == f"{tmp_path}/file/bloom cannot be written: Not a directory"
