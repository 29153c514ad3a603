"""`make bench-telemetry`: what counting and tracing cost a message, and what they cost where they are off.

One process answers POST /api/messages beside a real database, Redis, classifier and collector, and changes every few
messages between three settings: nothing recorded, numbers and one request in ten as a trace (the default of who turns
it on), and numbers and every request. Each turn's p50, and its CPU with all that left for the collector, is compared
with the turn without next to it, so that what else the machine does meets both; medians of those ratios are printed.
What the hooks cost where everything is off is timed by itself, since nothing can be left out of the code to compare.
"""

import importlib
import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.population import Pair, populate
from dev.cloud import LocalCloud
from shared import telemetry
from shared.database.engine import engine
from shared.http.app import create_app
from shared.settings import settings
from shared.telemetry import metrics

ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "20"))
MESSAGES: Final = int(os.environ.get("BENCH_MESSAGES", "40"))
"""Of each turn."""
WARM_UP: Final = 5
PARTS: Final = {"postgres", "database", "redis", "upstash", "pubsub", "inference", "telemetry"}
SETTINGS: Final = {"BCRYPT_COST": "4", "LIMITS": "send-message=1000000/1", "LOG_LEVEL": "WARNING"}
PATH: Final = "/api/messages"
HOOKS_OF_A_MESSAGE: Final = 60
"""Calls into telemetry that a POST /api/messages makes, counted generously: statements are not even hooked then."""
CALLS: Final = 200_000
VARIANTS: Final[dict[str, Mapping[str, str]]] = {
    "off": {"METRICS_ENABLED": "false", "OTEL_TRACES_SAMPLER_ARG": "0"},
    "numbers and a tenth traced": {"METRICS_ENABLED": "true", "OTEL_TRACES_SAMPLER_ARG": "0.1"},
    "numbers and all traced": {"METRICS_ENABLED": "true", "OTEL_TRACES_SAMPLER_ARG": "1"},
}


@dataclass
class Variant:
    """One setting, and what its turns gave."""

    name: str
    settings: Mapping[str, str]
    p50_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    """Of the process, for a message."""

    def turn(self, client: Any, messages: Iterator[dict[str, Any]]) -> None:
        """Answer some messages so."""
        os.environ.update(self.settings)
        settings.cache_clear()
        telemetry.stop()
        engine().dispose()
        engine.cache_clear()
        leaving = telemetry.start("messages")
        for message in itertools.islice(messages, WARM_UP):
            client.post(PATH, **message)
        took, busy = [], time.process_time()
        for message in itertools.islice(messages, MESSAGES):
            started = time.perf_counter()
            answer = client.post(PATH, **message)
            took.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.text
        leaving.run_all()
        self.cpu_ms.append((time.process_time() - busy) * 1000 / MESSAGES)
        self.p50_ms.append(statistics.median(took))


def main() -> None:
    """Measure and print."""
    with LocalCloud(parts=PARTS, settings=SETTINGS) as cloud:
        [pair] = populate(cloud, 1)
        client, messages = _client(), _messages(pair)
        variants = [Variant(name, chosen) for name, chosen in VARIANTS.items()]
        for number in range(ROUNDS + 1):
            for step in range(len(variants)):
                variants[(number + step) % len(variants)].turn(client, messages)
            if number == 0:  # everything was loaded and connected in it
                for variant in variants:
                    variant.p50_ms.clear()
                    variant.cpu_ms.clear()
        telemetry.stop()
        engine().dispose()
    _print(variants)
    _print_hooks(statistics.median(variants[0].p50_ms))


def _client() -> Any:
    main_of_messages = importlib.import_module("functions.messages.main")
    slices = [getattr(module, "routes", None) for module in vars(main_of_messages).values()]
    return create_app("messages", *(routes for routes in slices if routes is not None)).test_client()


def _messages(pair: Pair) -> Iterator[dict[str, Any]]:
    for number in itertools.count():
        trace = f"00-{os.urandom(16).hex()}-00f067aa0ba902b7-01"
        yield {
            "json": {"conversationId": pair.conversation_id, "body": f"I slept a little better, number {number}"},
            "headers": {"Authorization": f"Bearer {pair.patient_token}", "Traceparent": trace},
        }


def _print(variants: list[Variant]) -> None:
    off = variants[0]
    print(f"POST {PATH}, {ROUNDS} turns of {MESSAGES} messages each, medians")
    print(f"{'':<28}{'p50 ms':>8}{'ratio':>8}{'quartiles':>16}{'CPU ms':>9}{'ratio':>8}{'quartiles':>16}")
    for variant in variants:
        columns = [(variant.p50_ms, off.p50_ms, 8, 1), (variant.cpu_ms, off.cpu_ms, 9, 2)]
        print(f"{variant.name:<28}" + "".join(_column(*column) for column in columns))


def _column(mine: list[float], without: list[float], width: int, digits: int) -> str:
    ratios = [one / other for one, other in zip(mine, without, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{statistics.median(mine):>{width}.{digits}f}{middle:>8.3f}{f'{low:.3f} to {high:.3f}':>16}"


def _print_hooks(p50_ms: float) -> None:
    hooks: dict[str, Callable[[], object]] = {
        "span": lambda: telemetry.span("part").__enter__(),
        "count": lambda: telemetry.count(metrics.CALLS, "redis", "answered"),
        "asking": lambda: telemetry.asking("redis", OSError).__enter__(),
    }
    took = {name: _nanoseconds(hook) for name, hook in hooks.items()}
    whole = HOOKS_OF_A_MESSAGE * max(took.values()) / 1e6
    said = ", ".join(f"{name} {nanoseconds:.0f} ns" for name, nanoseconds in took.items())
    print(f"off: {said}; {HOOKS_OF_A_MESSAGE} of them a message are {whole:.3f} ms, {whole / p50_ms:.2%} of its p50")


def _nanoseconds(hook: Callable[[], object]) -> float:
    started = time.perf_counter_ns()
    for _ in range(CALLS):
        hook()
    return (time.perf_counter_ns() - started) / CALLS


if __name__ == "__main__":
    main()
