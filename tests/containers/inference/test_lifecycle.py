"""Before the model is there, while the container stops, and callers who hang up."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import pytest

from containers.inference.classifier import Classifier
from containers.inference.engines import Logits
from containers.inference.main import Application
from containers.inference.model_directory import ModelUnusable
from containers.inference.settings import Settings
from containers.inference.waiting_line import WaitingLine

from .conftest import HeldEngine, serving, until


async def test_until_the_model_is_loaded_the_process_is_up_but_not_ready(classifier: Classifier) -> None:
    door = threading.Event()

    def load(_: Settings) -> Classifier:
        assert door.wait(30)
        return classifier

    application = Application(Settings(), load=load)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application.asgi), base_url="http://inference")
    async with application.asgi.router.lifespan_context(application.asgi), client:
        assert (await client.get("/health")).status_code == 200
        for answer in (
            await client.get("/ready"),
            await client.get("/model"),
            await client.post("/predict", json={"text": "a"}),
            await client.post("/predict/batch", json={"texts": ["a"]}),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["type"] == "urn:bloom:problem:not-ready"
        door.set()
        await application.lifecycle.loaded()
        assert (await client.get("/ready")).status_code == 200


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelUnusable("self-test sentence 1 is Normal, expected Suicidal"), "self-test sentence 1 is Normal"),
        (MemoryError("of anybody's words"), '"MemoryError"'),
    ],
)
async def test_a_model_that_cannot_be_used_ends_the_process(
    capsys: pytest.CaptureFixture[str], error: Exception, reason: str
) -> None:
    def load(_: Settings) -> Classifier:
        raise error

    given_up: list[bool] = []
    application = Application(Settings(), lambda: given_up.append(True), load)
    async with application.asgi.router.lifespan_context(application.asgi):
        await application.lifecycle.loaded()
        assert given_up == [True]
        assert not application.lifecycle.ready
    printed = capsys.readouterr().out
    assert reason in printed
    assert "anybody's words" not in printed


async def test_ready_means_warm_at_every_size_and_that_the_self_test_holds_in_company(classifier: Classifier) -> None:
    class Confused:
        def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
            return np.roll(classifier._engine.logits(windows), 1, axis=0)

    given_up: list[bool] = []
    confused = Classifier(classifier.description, classifier._tokenizer, Confused())
    application = Application(Settings(), lambda: given_up.append(True), lambda _: confused)
    async with application.asgi.router.lifespan_context(application.asgi):
        await application.lifecycle.loaded()
        assert (given_up, application.lifecycle.ready) == ([True], False)


async def test_a_process_that_can_take_no_more_runs_ends(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given_up: list[bool] = []
    application = Application(Settings(), lambda: given_up.append(True), lambda _: classifier)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application.asgi), base_url="http://inference")
    async with application.asgi.router.lifespan_context(application.asgi), client:
        await application.lifecycle.loaded()
        monkeypatch.delattr(WaitingLine, "next_run")
        answer = await client.post("/predict", json={"text": "one"}, headers={"X-Deadline-Ms": "50"})
        assert (answer.status_code, given_up) == (504, [True])
    assert '"no more runs"' in capsys.readouterr().out


async def test_from_the_first_signal_nothing_new_is_taken_and_what_waits_is_answered(
    held: tuple[HeldEngine, Classifier],
) -> None:
    engine, classifier = held
    async with serving(Settings(), lambda _: classifier) as (application, client):
        engine.hold()
        waiting = asyncio.create_task(client.post("/predict", json={"text": "one"}))
        await until(engine.entered.is_set)
        application.lifecycle.begin_draining()
        assert (await client.post("/predict", json={"text": "two"})).status_code == 503
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200
        engine.door.set()
        assert (await waiting).status_code == 200


async def test_an_answer_that_is_not_there_by_the_callers_deadline_is_given_up(
    held: tuple[HeldEngine, Classifier],
) -> None:
    engine, classifier = held
    async with serving(Settings(), lambda _: classifier) as (_, client):
        engine.hold()
        answer = await client.post("/predict", json={"text": "one"}, headers={"X-Deadline-Ms": "1"})
        assert answer.status_code == 504
        assert answer.json()["type"] == "urn:bloom:problem:deadline-passed"
        engine.door.set()


async def test_a_caller_who_hangs_up_leaves_the_queue(held: tuple[HeldEngine, Classifier]) -> None:
    engine, classifier = held
    async with serving(Settings(), lambda _: classifier) as (application, client):
        engine.hold()
        first = asyncio.create_task(client.post("/predict", json={"text": "one"}))
        await until(engine.entered.is_set)
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": b'{"text": "two"}'},
            {"type": "http.disconnect"},
        ]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(_: object) -> None:
            pass

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/predict",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }
        await application.asgi(scope, receive, send)
        engine.door.set()
        assert (await first).status_code == 200
        await application.lifecycle.batcher().drain()
        assert engine.runs == [1]
        assert b'requests_total{route="/predict",status="499"} 1.0' in application.metrics.page()
