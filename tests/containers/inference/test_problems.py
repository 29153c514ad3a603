"""Every way in which a request can fail, and what the caller is told: problem details, never the text."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from containers.inference.classifier import Classifier
from containers.inference.engines import Logits
from containers.inference.settings import Settings

from .conftest import HeldEngine, serving, until

SECRET = "marzipan-elephant-7"


def expect(answer: httpx.Response, status: int, name: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"urn:bloom:problem:{name}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["instance"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    return problem


async def send(client: httpx.AsyncClient, body: object, route: str = "/predict") -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(route, content=content, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, f'{{"text": "{SECRET}'.encode()],
    ids=["empty", "cut", "bytes", "deep", "open"],
)
async def test_a_body_that_is_no_json_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    expect(await send(client, body), 400, "malformed")


@pytest.mark.parametrize("body", [[], "text", None, 3])
async def test_a_body_that_is_no_object_is_unacceptable(client: httpx.AsyncClient, body: object) -> None:
    problem = expect(await send(client, body), 422, "unacceptable")
    assert problem["errors"] == [{"pointer": "", "detail": "must be an object"}]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/text"),
        ({"text": None}, "/text"),
        ({"text": 3}, "/text"),
        ({"text": ["a"]}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": " \n\t"}, "/text"),
        ({"text": "\ud800"}, "/text"),
        ({"text": "hello", "texts": []}, "/texts"),
        ({"text": "hello", SECRET: 1}, ""),
    ],
)
async def test_a_field_at_fault_is_named(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    problem = expect(await send(client, body), 422, "unacceptable")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"texts": "a"}, "/texts"),
        ({"texts": []}, "/texts"),
        ({"texts": ["a", 3]}, "/texts/1"),
        ({"texts": [""]}, "/texts/0"),
    ],
)
async def test_a_text_at_fault_in_a_batch_is_named(client: httpx.AsyncClient, body: object, pointer: str) -> None:
    problem = expect(await send(client, body, "/predict/batch"), 422, "unacceptable")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_what_is_over_a_limit_is_too_large(classifier: Classifier, small_limits: Settings) -> None:
    async with serving(small_limits, lambda _: classifier) as (_, client):
        expect(await send(client, {"text": SECRET * 20}), 413, "too-large")
        problem = expect(await send(client, {"text": "a" * 51}), 413, "too-large")
        assert problem["errors"] == [{"pointer": "/text", "detail": "must hold at most 50 characters"}]
        assert (await send(client, {"text": "a" * 50})).status_code == 200
        expect(await send(client, {"texts": ["a", "b", "c"]}, "/predict/batch"), 413, "too-large")


async def test_only_json_is_taken(client: httpx.AsyncClient) -> None:
    expect(await client.post("/predict", content=b'{"text": "a"}'), 415, "unsupported-media-type")
    typed = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await client.post("/predict", content=b'{"text": "a"}', headers=typed)).status_code == 200


async def test_unknown_routes_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    expect(await client.get("/nothing"), 404, "not-found")
    problem = await client.get("/predict")
    expect(problem, 405, "method-not-allowed")
    assert problem.headers["allow"] == "POST"


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "soon", "9" * 400, "٣"])
async def test_a_deadline_that_is_no_number_of_milliseconds_is_malformed(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.post("/predict", json={"text": "a"}, headers=[(b"X-Deadline-Ms", value.encode())])
    assert "X-Deadline-Ms" in str(expect(answer, 400, "malformed")["detail"])


async def test_a_full_queue_says_so_and_takes_texts_again_later(
    held: tuple[HeldEngine, Classifier], small_limits: Settings
) -> None:
    engine, classifier = held
    async with serving(small_limits, lambda _: classifier) as (application, client):
        first = asyncio.create_task(send(client, {"text": "one"}))
        await until(engine.entered.is_set)
        rest = [asyncio.create_task(send(client, {"text": text})) for text in ("two", "three")]
        await until(lambda: b"waiting_texts 2.0" in application.metrics.page())
        refused = await send(client, {"text": SECRET})
        assert refused.headers["retry-after"] == "1"
        expect(refused, 429, "queue-full")
        engine.door.set()
        assert [answer.status_code for answer in await asyncio.gather(first, *rest)] == [200] * 3
        assert (await send(client, {"text": "four"})).status_code == 200


async def test_a_network_that_fails_is_told_without_its_message(
    classifier: Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing:
        def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
            raise RuntimeError(f"cannot multiply {SECRET}")

    broken = Classifier(classifier.description, classifier._tokenizer, Failing())
    async with serving(Settings(), lambda _: broken) as (_, client):
        expect(await send(client, {"text": SECRET}), 500, "prediction-failed")
    printed = capsys.readouterr()
    assert "RuntimeError" in printed.out
    assert SECRET not in printed.out + printed.err


async def test_a_marked_text_is_in_no_log_error_or_metric(
    client: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    for body in (
        {"text": SECRET},
        {"text": SECRET * 2000},
        {"texts": [SECRET]},
        {SECRET: SECRET},
        [SECRET],
        f"{{{SECRET}".encode(),
    ):
        for route in ("/predict", "/predict/batch"):
            assert SECRET not in (await send(client, body, route)).text
    assert SECRET not in (await client.get("/metrics")).text
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err
