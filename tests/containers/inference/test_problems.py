"""Every way in which a request can fail, and what the caller is told: problem details, never the text."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from containers.inference.classifier import Classifier
from containers.inference.engines import Engine, Logits
from containers.inference.settings import Settings

from .conftest import HeldEngine, Stepped, serving, until

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
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        f'{{"text": "{SECRET}'.encode(),
        b'{"text": NaN}',
        b"-Infinity",
        b"9" * 9999,
    ],
    ids=["empty", "cut", "bytes", "deep", "open", "NaN", "infinity", "number"],
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
        (b'{"text": "\xed\xa0\x80"}', "/text"),
        (b'{"text": 1e400}', "/text"),
        ({"text": {"text": "a"}}, "/text"),
        ({"text": False}, "/text"),
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
        problem = expect(await send(client, {"texts": ["a", "a" * 51]}, "/predict/batch"), 413, "too-large")
        assert [error["pointer"] for error in problem["errors"]] == ["/texts/1"]


async def test_of_a_body_that_is_too_large_no_more_is_read_than_is_allowed(
    classifier: Classifier, small_limits: Settings
) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 50
            yield b'{"text": "' + SECRET.encode() * 2 + b'"}'

    async with serving(small_limits, lambda _: classifier) as (_, client):
        typed = {"Content-Type": "application/json"}
        expect(await client.post("/predict", content=endless(), headers=typed), 413, "too-large")
        assert read <= 300
        read = 0
        announced = await client.post("/predict", content=endless(), headers=typed | {"Content-Length": "201"})
        expect(announced, 413, "too-large")
        assert read == 0


async def test_a_body_that_does_not_come_by_the_callers_deadline_is_given_up(client: httpx.AsyncClient) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = {"Content-Type": "application/json", "X-Deadline-Ms": "5"}
    expect(await client.post("/predict", content=never(), headers=headers), 504, "deadline-passed")


async def test_only_json_is_taken(client: httpx.AsyncClient) -> None:
    expect(await client.post("/predict", content=b'{"text": "a"}'), 415, "unsupported-media-type")
    typed = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await client.post("/predict", content=b'{"text": "a"}', headers=typed)).status_code == 200


async def test_unknown_routes_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    expect(await client.get("/nothing"), 404, "not-found")
    problem = await client.get("/predict")
    expect(problem, 405, "method-not-allowed")
    assert problem.headers["allow"] == "POST"


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "soon", "9" * 400, "٣", "000000001" + 400 * "0", 4400 * "1"])
async def test_a_deadline_that_is_no_number_of_milliseconds_is_malformed(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.post("/predict", json={"text": "a"}, headers=[(b"X-Deadline-Ms", value.encode())])
    assert "X-Deadline-Ms" in str(expect(answer, 400, "malformed")["detail"])


async def test_a_full_queue_says_so_and_takes_texts_again_later(
    held: tuple[HeldEngine, Classifier], small_limits: Settings
) -> None:
    engine, classifier = held
    async with serving(small_limits, lambda _: classifier) as (application, client):
        engine.hold()
        first = asyncio.create_task(send(client, {"text": "one"}))
        await until(engine.entered.is_set)
        rest = [asyncio.create_task(send(client, {"text": text})) for text in ("two", "three")]
        await until(lambda: b'waiting_texts{lane="single"} 2.0' in application.metrics.page())
        refused = await send(client, {"text": SECRET})
        assert refused.headers["retry-after"] == "1"
        expect(refused, 429, "queue-full")
        engine.door.set()
        assert [answer.status_code for answer in await asyncio.gather(first, *rest)] == [200] * 3
        assert (await send(client, {"text": "four"})).status_code == 200


async def test_a_deadline_that_cannot_be_met_behind_what_waits_is_told_at_once(
    held: tuple[HeldEngine, Classifier],
) -> None:
    engine, classifier = held
    async with serving(replace(Settings(), max_queue_tokens=10_000_000), lambda _: classifier) as (application, client):
        engine.hold()
        batch = asyncio.create_task(send(client, {"texts": ["every word " * 700] * 12}, "/predict/batch"))
        await until(lambda: b'waiting_texts{lane="batch"} 12.0' in application.metrics.page())
        body = json.dumps({"texts": [SECRET]}).encode()
        headers = {"Content-Type": "application/json", "X-Deadline-Ms": "250"}
        refused = await client.post("/predict/batch", content=body, headers=headers)
        assert int(refused.headers["retry-after"]) >= 1
        expect(refused, 429, "deadline-out-of-reach")
        batch.cancel()
        engine.door.set()


class Failing:
    """The real network, which from a point on fails."""

    def __init__(self, real: Engine) -> None:
        self._real = real
        self.fails = False

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        if self.fails:
            raise RuntimeError(f"cannot multiply {SECRET}")
        return self._real.logits(windows)


async def test_a_network_that_fails_is_told_without_its_message(
    classifier: Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Failing(classifier._engine)
    broken = Classifier(classifier.description, classifier._tokenizer, engine)
    async with serving(Settings(), lambda _: broken) as (_, client):
        engine.fails = True
        problem = expect(await send(client, {"text": SECRET}), 500, "prediction-failed")
        assert problem["errors"] == [{"pointer": "/text", "detail": "could not be classified"}]
        problem = expect(await send(client, {"texts": [SECRET, "b"]}, "/predict/batch"), 500, "prediction-failed")
        assert [error["pointer"] for error in problem["errors"]] == ["/texts/0", "/texts/1"]
        engine.fails = False
        assert (await send(client, {"text": SECRET})).status_code == 200
    printed = capsys.readouterr()
    assert "RuntimeError" in printed.out
    assert SECRET not in printed.out + printed.err


async def test_of_a_batch_the_texts_that_do_not_fail_are_answered(stepped: Callable[..., Stepped]) -> None:
    on = stepped()
    on.engine.let(1000)
    untested = on.classifier.described_as(replace(on.classifier.description, self_test=()))
    async with serving(Settings(batch_tokens=128), lambda _: untested) as (_, client):
        alone = [(await send(client, {"text": text})).json() for text in ("fine", "sad")]
        answer = await send(client, {"texts": ["fine", "poison", "sad"]}, "/predict/batch")
    assert answer.status_code == 200
    assert answer.json() == {
        "predictions": [alone[0], None, alone[1]],
        "errors": [{"pointer": "/texts/1", "detail": "could not be classified"}],
    }


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
