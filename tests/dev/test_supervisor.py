"""The supervisor with small parts: order, restarts, failures, and an end that leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.ports import CannotStart
from dev.processes import end_leftovers, started_at
from dev.running_part import Part, State, Status
from dev.supervisor import Supervisor
from tests.dev.stand_ins import alive
from tests.waiting import eventually, until

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = "import time, pathlib, sys; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"


class Bench:
    """A supervisor's workplace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[Status] = []
        self.supervisors: list[Supervisor] = []

    def part(self, name: str, code: str = SLEEPER, **more: Any) -> Part:
        mark = self.folder / f"{name}.up"
        more.setdefault("ready", lambda _pid: mark.exists())
        command = [sys.executable, "-c", textwrap.dedent(code), str(mark)]
        return Part(name, command, dict(os.environ), folder=self.folder, **more)

    def supervise(self, *parts: Part) -> Supervisor:
        supervisor = Supervisor(parts, self.folder, self.seen.append)
        self.supervisors.append(supervisor)
        return supervisor


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for supervisor in bench.supervisors:
        supervisor.stop()


def test_a_part_waits_for_those_it_needs(bench: Bench) -> None:
    supervisor = bench.supervise(
        bench.part("last", after=("work",)),
        bench.part("work", "", runs_once=True, after=("first",)),
        bench.part("first"),
    )
    supervisor.start()
    finished = [status.name for status in bench.seen if status.state in (State.UP, State.DONE)]
    assert finished == ["first", "work", "last"]
    assert all(alive(supervisor[name].status.pid) for name in ("first", "last"))


async def test_a_part_that_dies_is_started_again_and_counted(bench: Bench) -> None:
    supervisor = bench.supervise(bench.part("part"))
    supervisor.start()
    first = supervisor["part"].status.pid
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: supervisor["part"].status.pid not in (0, first) and supervisor["part"].up.is_set())
    assert supervisor["part"].status.restarts == 1
    recorded = json.loads((bench.folder / "pids.json").read_text())
    assert [(entry["name"], entry["restarts"], entry["state"]) for entry in recorded] == [("part", 1, "up")]


def test_a_part_that_cannot_start_ends_the_start_with_its_last_words(bench: Bench) -> None:
    supervisor = bench.supervise(
        bench.part("broken", "import sys; print('the reason'); sys.exit(3)"), bench.part("good")
    )
    with pytest.raises(CannotStart, match=r"^broken ended at once \(exit code 3\): the reason — .*broken\.log$"):
        supervisor.start()


def test_one_that_refuses_to_end_is_killed_with_what_it_started(bench: Bench) -> None:
    stubborn = """
        import pathlib, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path("child").write_text(str(child.pid))
        pathlib.Path(sys.argv[1]).touch()
        time.sleep(600)
    """
    supervisor = bench.supervise(bench.part("stubborn", stubborn), bench.part("meek"))
    supervisor.start()
    pids = [supervisor[name].status.pid for name in supervisor.names] + [int((bench.folder / "child").read_text())]
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 5
    until(lambda: not any(map(alive, pids)))


def test_a_stopped_part_stays_away_until_it_is_wanted(bench: Bench) -> None:
    supervisor = bench.supervise(bench.part("part"))
    supervisor.start()
    pid = supervisor["part"].status.pid
    supervisor["part"].ask_to_stop()
    supervisor["part"].wait_until_ended(3)
    assert supervisor["part"].status.state is State.STOPPED
    assert not alive(pid)
    supervisor["part"].start()
    supervisor.wait_until_up(["part"])
    assert alive(supervisor["part"].status.pid)


KILLED_SUPERVISOR = """
import os, sys, time
from pathlib import Path
from dev.running_part import Part
from dev.supervisor import Supervisor
folder = Path(sys.argv[1])
command = [sys.executable, "-c", "import time; time.sleep(600)"]
Supervisor([Part("part", command, dict(os.environ), lambda pid: True, folder=folder)], folder).start()
(folder / "started").touch()
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
async def test_when_the_supervisor_is_killed_its_parts_end_too(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    supervisor = subprocess.Popen([sys.executable, "-c", KILLED_SUPERVISOR, str(tmp_path)], env=environment)
    await eventually((tmp_path / "started").exists)
    [entry] = json.loads((tmp_path / "pids.json").read_text())
    assert alive(entry["pid"])
    supervisor.kill()
    supervisor.wait()
    await eventually(lambda: not alive(entry["pid"]))


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def record(folder: Path, pid: int, started: str) -> Path:
    file = folder / "pids.json"
    file.write_text(json.dumps([{"name": "redis", "pid": pid, "started": started}]))
    return file


def test_what_a_killed_run_left_is_ended(tmp_path: Path, stranger: "subprocess.Popen[bytes]") -> None:
    file = record(tmp_path, stranger.pid, started_at(stranger.pid))
    assert end_leftovers(file) == ["redis"]
    assert not alive(stranger.pid)


def test_another_process_with_a_recorded_number_is_left_alone(
    tmp_path: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    assert end_leftovers(record(tmp_path, stranger.pid, "1")) == []
    assert alive(stranger.pid)


@pytest.mark.parametrize("text", ["", "{", "[]", "[1]", '[{"pid": 1}]'])
def test_a_damaged_record_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pids.json").write_text(text)
    assert end_leftovers(tmp_path / "pids.json") == []
    assert end_leftovers(tmp_path / "none.json") == []
