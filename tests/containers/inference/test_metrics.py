"""What Prometheus is told: how much waits, how runs are filled, where time goes, and what the model says."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from containers.inference.classifier import Classifier
from containers.inference.settings import Settings

from .conftest import Stepped, serving, until
from .test_batching import asked, busy, waits, words


def samples(page: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name.removeprefix("bloom_inference_"), frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def test_the_line_is_shown_in_texts_and_tokens_and_runs_in_texts_tokens_and_padding(
    stepped: Callable[..., Stepped],
) -> None:
    on = stepped()
    first = await busy(on, 8)
    rest = [asked(on, words(20)), asked(on, words(29))]
    await waits(on, 2)
    batch = asked(on, [words(128)] * 2, of_batch=True)
    await waits(on, 2, "batch")
    told = samples(on.metrics.page().decode())
    assert told["waiting_tokens", frozenset({("lane", "single")})] == 49
    assert told["waiting_tokens", frozenset({("lane", "batch")})] == 256
    on.engine.let(10)
    await asyncio.gather(first, *rest, batch)
    told = samples(on.metrics.page().decode())
    nothing = frozenset[tuple[str, str]]()
    assert told["waiting_tokens", frozenset({("lane", "single")})] == 0
    assert on.engine.runs == [[8], [20, 29], [128, 128]]
    assert told["run_texts_sum", nothing] == told["run_windows_sum", nothing] == 5
    assert told["run_tokens_sum", nothing] == 8 + 49 + 256
    assert told["run_padding_sum", nothing] == pytest.approx(9 / 58)
    assert told["run_padding_bucket", frozenset({("le", "0.0")})] == 2


async def test_time_is_told_by_stage_and_predictions_by_label_and_confidence(client: httpx.AsyncClient) -> None:
    await client.post("/predict", json={"text": "See you on Friday"})
    told = samples((await client.get("/metrics")).text)
    for stage in ("read", "tokenise", "wait", "run", "combine"):
        assert told["stage_seconds_count", frozenset({("stage", stage)})] == 1
    assert told["predictions_total", frozenset({("label", "Normal")})] == 1
    assert told["confidence_count", frozenset({("label", "Normal")})] == 1
    assert told["text_windows_sum", frozenset()] == 1
    assert told["requests_total", frozenset({("route", "/predict"), ("status", "200")})] == 1


async def test_the_model_that_serves_is_told_with_its_thresholds_version_and_the_processes_memory(
    client: httpx.AsyncClient,
) -> None:
    model = (await client.get("/model")).json()
    told = samples((await client.get("/metrics")).text)
    said = {
        ("version", model["modelVersion"]),
        ("thresholds", model["thresholdsVersion"]),
        ("temperature", str(model["temperature"])),
    }
    assert told["model", frozenset(said)] == 1
    assert told["process_resident_memory_bytes", frozenset()] > 10_000_000


async def test_whether_texts_are_taken_is_told_from_the_signal_on(classifier: Classifier) -> None:
    async with serving(Settings(), lambda _: classifier) as (application, client):
        assert "bloom_inference_ready 1.0" in (await client.get("/metrics")).text
        application.lifecycle.begin_draining()
        assert "bloom_inference_ready 0.0" in (await client.get("/metrics")).text
        await until(lambda: not application.lifecycle.ready)
