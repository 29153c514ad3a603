"""Before the model is there, while the container stops, and callers who hang up."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from containers.inference.classifier import Classifier
from containers.inference.main import Application
from containers.inference.model_directory import ModelUnusable
from containers.inference.settings import Settings

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


async def test_a_model_that_cannot_be_used_ends_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    def load(_: Settings) -> Classifier:
        raise ModelUnusable("self-test sentence 1 is Normal, expected Suicidal")

    given_up: list[bool] = []
    application = Application(Settings(), lambda: given_up.append(True), load)
    async with application.asgi.router.lifespan_context(application.asgi):
        await application.lifecycle.loaded()
        assert given_up == [True]
        assert not application.lifecycle.ready
    assert "self-test sentence 1 is Normal" in capsys.readouterr().out


async def test_from_the_first_signal_nothing_new_is_taken_and_what_waits_is_answered(
    held: tuple[HeldEngine, Classifier],
) -> None:
    engine, classifier = held
    async with serving(Settings(), lambda _: classifier) as (application, client):
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
        answer = await client.post("/predict", json={"text": "one"}, headers={"X-Deadline-Ms": "1"})
        assert answer.status_code == 504
        assert answer.json()["type"] == "urn:bloom:problem:deadline-passed"
        engine.door.set()


async def test_a_caller_who_hangs_up_leaves_the_queue(held: tuple[HeldEngine, Classifier]) -> None:
    engine, classifier = held
    async with serving(Settings(), lambda _: classifier) as (application, client):
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
