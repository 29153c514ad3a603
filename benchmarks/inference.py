"""`make bench-inference`: the classifier in xlm-roberta-base's full size, beside what a team would write first.

Random weights, since speed does not depend on them; messages of the lengths that people write, made up. Ours is the
real container's process, over HTTP, with its queue and its batches; the peers are FastAPI over transformers' pipeline
and over ONNX Runtime, both in float32, one text a request. Each in turn has the same cores to itself while a client on
the others keeps 1, 2, 4 … requests open. Both sides of the comparison read at most 510 tokens of a message: the peers
cut there, ours would read on, so longer messages come in a line of their own.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from benchmarks.http_load import Answered, keep_busy, request
from benchmarks.inference_contenders import PEERS, ROOT, Contender, Running, infinity, ours, peers, serving
from benchmarks.inference_messages import lengths, texts
from benchmarks.inference_roofline import operations
from benchmarks.processes import family_seconds

CORES: Final = int(os.environ.get("BENCH_CORES", "1"))
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "8"))
"""How long each level of load lasts."""
LABELLED: Final = os.environ.get("BENCH_LABELLED", "")
"""A CSV file `id,text,label` to measure on what quantisation costs the shipped model."""
MADE: Final = os.environ.get("BENCH_MADE", "")
"""A folder that `benchmarks.inference_model` has filled before: making it takes a minute or two."""
SECONDS_TO_ANSWER: Final = 60
"""A long message among sixteen takes its time with a peer that works on all of them at once."""
INFINITY: Final = os.environ.get("BENCH_INFINITY", "")
"""Where an environment of its own holds the program `infinity_emb`: it asks for other packages than ours."""
LEVELS: Final = (1, 2, 4, 8, 16)
WINDOW: Final = 510
MESSAGES: Final = 400
ALONE_TOKENS: Final = 62
"""With its two marks a message of 64."""
TIMES: Final = 8
"""What is aimed at: so many times the pipeline's messages a second."""
P50_MS: Final = 25
OF_THE_RATE: Final = 0.75
MEMORY_MB: Final = 512
LOST: Final = 0.003
"""Of macro-F1, at most."""


@dataclass
class Measured:
    """What one contender did."""

    name: str
    alone: Answered
    levels: dict[int, Answered] = field(default_factory=dict)
    cpu_ms: float = 0.0
    """Of a message, at its best level: what else the machine does cannot change it much."""
    resident: float = 0.0
    peak: float = 0.0

    @property
    def best(self) -> Answered:
        """The level of most answers a second."""
        return max(self.levels.values(), key=lambda answered: answered.rate)

    def rate_within(self, p99: float) -> float:
        """Answers a second at the best level whose p99 is not above the given one."""
        return max((one.rate for one in self.levels.values() if one.percentile(99) <= p99), default=0.0)


def main() -> int:
    """Measure, print, and say what was aimed at."""
    available = sorted(os.sched_getaffinity(0))
    cores = set(available[:CORES])
    if not PEERS.is_dir():
        print("bench-inference: the peers are not installed; `make bench-inference` installs them")
        return 1
    with tempfile.TemporaryDirectory(prefix="bloom-bench-inference-") as name:
        folder = Path(MADE or name)
        if not MADE:
            _run("benchmarks.inference_model", name)
        network = str(folder / "model" / "model.onnx")
        roof = json.loads(_run("benchmarks.inference_roofline", network, cores={min(cores)}))
        os.sched_setaffinity(0, set(available[CORES:]) or cores)  # the client's own, and all that it starts for itself
        others = [infinity(folder, Path(INFINITY))] if INFINITY else []
        contenders = [*peers(folder), *others, ours(folder, len(cores))]
        print(f"{len(cores)} core(s) for the classifier, {SECONDS:.0f} s a level of load", flush=True)
        measured = [_measure(contender, cores) for contender in contenders]
        whole = _long_messages(contenders[-1], cores)
    if not INFINITY:
        print("\ninfinity: not measured, BENCH_INFINITY names no program")
    print("text-embeddings-inference: not measured, it comes as no package")
    _report(measured, whole)
    _report_roof(measured, roof)
    _report_accuracy()
    return 0


def _run(module: str, *arguments: str, cores: set[int] | None = None) -> str:
    """A part of the measurement in a process of its own; what it printed."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, cores or os.sched_getaffinity(0))  # before it has started a thread
    printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"bench-inference: {module} failed")
    return printed


def _measure(contender: Contender, cores: set[int]) -> Measured:
    messages = _requests(contender, lengths(MESSAGES, WINDOW))
    with serving(contender, cores) as running:
        _ask(running, messages, 4, SECONDS / 5)  # warm
        measured = Measured(contender.name, _ask(running, _requests(contender, [ALONE_TOKENS] * 20), 1, SECONDS / 2))
        for level in LEVELS:
            used = family_seconds(running.pid)
            measured.levels[level] = _ask(running, messages, level, SECONDS)
            used = family_seconds(running.pid) - used
            if measured.levels[level] is measured.best:
                measured.cpu_ms = used * 1000 / len(measured.best.took_ms)
            elif level > 2:
                break
        measured.resident, measured.peak = running.memory("VmRSS"), running.memory("VmHWM")
    _print(measured)
    return measured


def _long_messages(contender: Contender, cores: set[int]) -> Answered:
    with serving(contender, cores) as running:
        return _ask(running, _requests(contender, lengths(MESSAGES, 10**6)), 4, SECONDS)


def _requests(contender: Contender, token_counts: list[int]) -> list[bytes]:
    bodies = [(contender.body % text).encode() for text in texts(token_counts)]
    return [request("POST", contender.path, {}, body) for body in bodies]


def _ask(running: Running, messages: list[bytes], connections: int, seconds: float) -> Answered:
    """Keep so many requests open; the messages come in their order, whoever sends them."""
    order = cycle(messages)
    return keep_busy(running.port, [order] * connections, b'"label"', seconds, SECONDS_TO_ANSWER)


def _print(measured: Measured) -> None:
    print(f"\n{measured.name}: {measured.resident:.0f} MB resident, {measured.peak:.0f} MB at most", end=", ")
    print(f"{measured.cpu_ms:.0f} ms of CPU a message")
    print(f"  64 tokens, one at a time: p50 {measured.alone.percentile(50):.1f} ms")
    for level, answered in measured.levels.items():
        times = ", ".join(f"p{percent} {answered.percentile(percent):.0f} ms" for percent in (50, 99))
        refused = f", {len(answered.refused)} refused" if answered.refused else ""
        print(f"  {level:>2} open: {answered.rate:6.1f} messages/s, {times}{refused}", flush=True)


def _report(measured: list[Measured], whole: Answered) -> None:
    mine = measured[-1]
    print("\nmessages a second within the p99 that each peer has at its own best level:")
    for peer in measured[:-1]:
        p99 = peer.best.percentile(99)
        theirs, own = peer.best.rate, mine.rate_within(p99)
        print(f"  {peer.name}: {theirs:.1f} within {p99:.0f} ms; ours {own:.1f}, {own / theirs:.1f} times as many")
    times = mine.best.rate / measured[0].best.rate
    print(f"ours at its own best level: {mine.best.rate:.1f}, {times:.1f} times the pipeline's")
    print(f"CPU of a message: {measured[0].cpu_ms / mine.cpu_ms:.1f} times as much in the pipeline as in ours")
    print(f"messages of all lengths, read to their end where the peers cut: {whole.rate:.1f} a second, 4 open")
    print(f"aimed at: {TIMES} times the pipeline; p50 alone under {P50_MS} ms; under {MEMORY_MB} MB")


def _report_roof(measured: list[Measured], roof: dict[str, Any]) -> None:
    """What the core's own rate of products allows, which part of it is reached, and where the rest goes."""
    int8, float32 = roof["rates"]["int8"], roof["rates"]["float32"]
    mine, counts = measured[-1], lengths(MESSAGES, WINDOW)
    per_message = sum(operations(count + 2) for count in counts) / len(counts)
    most = CORES * int8 / per_message
    print(f"\na core's products: {float32:.0f}·10⁹ operations a second in float32, {int8:.0f} in int8", end=" ")
    print(f"({int8 / float32:.1f} times)")
    print(f"a message is {per_message:.1f}·10⁹ operations: at most {most:.1f} messages/s in int8, and", end=" ")
    print(f"{CORES * float32 / per_message:.1f} in float32; ours reaches {mine.best.rate / most:.0%} of the first")
    for tokens, spent in roof["spent"].items():
        reached = operations(int(tokens)) / (spent["ms"] / 1000) / int8
        shares = ", ".join(f"{kind} {share:.0%}" for kind, share in spent.items() if kind != "ms")
        print(f"{tokens} tokens in the network alone: {spent['ms']:.1f} ms, {reached:.0%} of the rate; time: {shares}")
    served = mine.alone.percentile(50) - roof["spent"]["64"]["ms"]
    print(f"of p50 alone, {served:.1f} ms are not the network: HTTP, tokenizer, queue (and what else the machine did)")
    print(f"aimed at: {OF_THE_RATE:.0%} of the int8 rate")


def _report_accuracy() -> None:
    if not LABELLED:
        print("\naccuracy lost to quantisation: not measured, BENCH_LABELLED names no file")
        return
    found = json.loads(_run("benchmarks.inference_accuracy", LABELLED))
    print(f"\nshipped model on {found['rows']} held-out rows (aimed at: at most {LOST:.1%} of macro-F1 lost)")
    exact = found["figures"]["float32"]["macroF1"]
    for name, figures in found["figures"].items():
        macro_f1, changed = figures["macroF1"], figures["changed"]
        print(f"  {name}: macro-F1 {macro_f1:.4f}, {exact - macro_f1:+.4f} lost, {changed:.2%} of labels changed")


if __name__ == "__main__":
    sys.exit(main())
