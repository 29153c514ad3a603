"""`make bench-coldstart`: what importing each function costs, beside the bare libraries that it cannot do without.

Each measurement is a fresh Python, turn by turn with the peer, which imports Flask, SQLAlchemy's ORM, pg8000,
upstash-redis and pydantic and nothing of ours: the ratio says what our own code adds, whatever the machine. What
a function's lock does not hold is hidden, since it would not be there in the cloud (httpx loads rich where it is).
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from dev.environment import generated_secrets, product_settings
from dev.parts import FUNCTIONS
from dev.ports import PORTS

ROOT: Final = Path(__file__).resolve().parent.parent
RUNS: Final = 7
HEAVIEST: Final = 8
PEER: Final = "import flask, sqlalchemy.orm, pg8000, upstash_redis, pydantic"
OURS: Final = "from functions.{name} import main"
HIDE: Final = """
import sys
from importlib.metadata import packages_distributions
import re
locked = set(re.findall(r"^([A-Za-z0-9_.-]+)==", open({lock!r}).read(), re.M))
locked = {{re.sub(r"[-_.]+", "-", name).lower() for name in locked}}
for module, distributions in packages_distributions().items():
    if not any(re.sub(r"[-_.]+", "-", name).lower() in locked for name in distributions):
        sys.modules[module] = None
del packages_distributions
"""
MEASURE: Final = """
import json, resource, sys, time
started, busy = time.perf_counter(), time.process_time()
{code}
took = [(time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("MEASURED" + json.dumps([*took, peak]))
"""
MARK: Final = 'sys.stderr.write("BEGIN\\n")\n{code}'
PEER_NAME: Final = "bare peer"


def main() -> None:
    """Measure and print."""
    runs: dict[str, list[list[float]]] = {name: [] for name in (PEER_NAME, *FUNCTIONS)}
    for _ in range(RUNS):
        for name, taken in runs.items():
            taken.append(measure(name))
    peer = _medians(runs[PEER_NAME])
    print(f"medians of {RUNS} fresh starts\n{'':<14}{'wall ms':>9}{'CPU ms':>8}{'ratio':>7}{'MB':>6}{'ratio':>7}")
    for name, taken in runs.items():
        wall, cpu, megabytes = _medians(taken)
        print(f"{name:<14}{wall:>9.0f}{cpu:>8.0f}{cpu / peer[1]:>7.2f}{megabytes:>6.0f}{megabytes / peer[2]:>7.2f}")
    for name in FUNCTIONS:
        print(f"\nheaviest imports of {name} (ms of their own): {', '.join(heaviest(name))}")


def measure(name: str) -> list[float]:
    """Milliseconds of wall and CPU, and megabytes at the peak, of one fresh import."""
    measured: list[float] = json.loads(_run([], name, MEASURE).stdout.partition("MEASURED")[2])
    return measured


def _medians(taken: list[list[float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def heaviest(name: str) -> list[str]:
    """The packages that cost most by themselves, summed over their modules."""
    lines = _run(["-X", "importtime"], name, MARK).stderr.partition("BEGIN")[2].splitlines()
    own: dict[str, float] = {}
    for line in lines[1:]:
        parts = line.removeprefix("import time:").split("|")
        if len(parts) == 3 and parts[0].strip().isdecimal():
            package = parts[2].strip().partition(".")[0]
            own[package] = own.get(package, 0) + int(parts[0]) / 1000
    ordered = sorted(own.items(), key=lambda item: -item[1])[:HEAVIEST]
    return [f"{package} {ms:.0f}" for package, ms in ordered]


def _run(options: list[str], name: str, program: str) -> subprocess.CompletedProcess[str]:
    code = PEER if name == PEER_NAME else OURS.format(name=name)
    lock = ROOT / "functions" / ("auth" if name == PEER_NAME else name) / "requirements.txt"
    whole = HIDE.format(lock=str(lock)) + program.format(code=code)
    command = [sys.executable, *options, "-c", whole]
    return subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=True)


def _environment() -> dict[str, Any]:
    local = product_settings(PORTS, "postgresql+pg8000://bloom_app@/bloom?unix_sock=/nowhere")
    keys = generated_secrets(ROOT / ".bloom" / "env")
    return {**os.environ, **local, **keys, "PYTHONPATH": str(ROOT)}


if __name__ == "__main__":
    main()
