"""Who answers POST /predict in `make bench-inference`: ours and two peers, each one process on the same cores."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dev.ports import free_ports

ROOT: Final = Path(__file__).resolve().parent.parent
PEERS: Final = Path(sys.prefix) / "peers"
"""Where `make bench-inference` installs what only the peers need."""
SECONDS_TO_START: Final = 120


@dataclass(frozen=True)
class Contender:
    """A command that serves on the port that `{port}` stands for."""

    name: str
    command: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)
    ready: str = "/openapi.json"
    path: str = "/predict"
    body: str = '{"text": "%s"}'


@dataclass(frozen=True)
class Running:
    """A contender that answers."""

    port: int
    pid: int

    def memory(self, line: str) -> float:
        """MB of a line of /proc/PID/status: `VmRSS` now, `VmHWM` at most so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(found.split()[1]) / 1024 for found in status.splitlines() if found.startswith(line))


def ours(folder: Path, threads: int) -> Contender:
    """The container's own process, over what `convert` made."""
    settings = {"MODEL_PATH": str(folder / "model"), "INFERENCE_THREADS": str(threads), "PORT": "{port}"}
    return Contender("Bloom Health", (sys.executable, "-m", "containers.inference"), settings, "/ready")


def peers(folder: Path) -> list[Contender]:
    """The pipeline and ONNX Runtime, in float32."""

    def peer(name: str, app: str) -> Contender:
        uvicorn = (sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.inference_peers:{app}")
        settings = {"BENCH_FOLDER": str(folder), "PYTHONPATH": str(PEERS), "HF_HUB_OFFLINE": "1"}
        return Contender(name, (*uvicorn, "--port", "{port}", "--no-access-log", "--log-level", "error"), settings)

    return [
        peer("FastAPI, transformers pipeline", "transformers_pipeline"),
        peer("FastAPI, ONNX Runtime float32", "onnx_runtime"),
    ]


def infinity(folder: Path, program: Path) -> Contender:
    """infinity-emb's own server, from an environment of its own; it batches by itself."""
    options = ("--engine", "torch", "--device", "cpu", "--dtype", "float32", "--no-bettertransformer")
    quick = ("--no-model-warmup", "--log-level", "error")
    command = (str(program), "v2", "--model-id", str(folder / "model"), *options, *quick, "--port", "{port}")
    settings = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
    return Contender("infinity, torch float32", command, settings, "/health", "/classify", '{"input": ["%s"]}')


@contextmanager
def serving(contender: Contender, cores: set[int]) -> Iterator[Running]:
    """The contender on these cores, once it answers, until the block ends."""
    port = free_ports(["contender"])["contender"]
    settings = {name: value.format(port=port) for name, value in contender.settings.items()}
    process = subprocess.Popen(
        [part.format(port=port) for part in contender.command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=subprocess.DEVNULL,
    )
    os.sched_setaffinity(process.pid, cores)  # before it has started a thread
    try:
        _await(contender.name, f"http://127.0.0.1:{port}{contender.ready}", process)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _await(name: str, url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"bench-inference: {name} did not start") from None
            time.sleep(0.1)
