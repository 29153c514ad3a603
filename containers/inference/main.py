"""The classifier's HTTP door: POST /predict and /predict/batch, GET /model, /health, /ready and /metrics."""

import asyncio
import contextlib
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from containers.inference.batching import TextsFailed
from containers.inference.caller_identity import CallerIdentity
from containers.inference.classifier import Prediction
from containers.inference.lifecycle import Lifecycle, Loader, load_served
from containers.inference.log_lines import log
from containers.inference.metrics import Metrics
from containers.inference.problems import (
    CallerGone,
    DeadlinePassed,
    MethodNotAllowed,
    NotFound,
    NotReady,
    PredictionFailed,
    Problem,
    as_json,
)
from containers.inference.request_bodies import read_deadline, read_text, read_texts
from containers.inference.settings import Settings
from containers.inference.tracing import Tracing

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FAILED = "could not be classified"
_TOKENIZER = {
    False: "Unigram over normalised words (tokenizer.json)",
    True: "Unigram over words as they were written (tokenizer.json)",
}
"""By whether texts reach it as they were written."""
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
Reader = Callable[[Request, Settings], Awaitable[list[str]]]


class Application:
    """The routes over one lifecycle; `asgi` is what a server runs."""

    def __init__(
        self, settings: Settings, give_up: Callable[[], None] = lambda: None, load: Loader = load_served
    ) -> None:
        """`give_up` is called when the model turns out to be unusable."""
        self._settings = settings
        self.metrics = Metrics()
        self._identity = CallerIdentity(settings)
        self._tracing = Tracing(settings)
        self.lifecycle = Lifecycle(settings, self.metrics, give_up, load)
        self.asgi = Starlette(
            routes=[
                self._route("POST", "/predict", self._identified(self._predict)),
                self._route("POST", "/predict/batch", self._identified(self._predict_batch)),
                self._route("GET", "/model", self._identified(self._model)),
                # What the platform asks by itself, and without a token.
                self._route("GET", "/health", self._health),
                self._route("GET", "/ready", self._ready),
                self._route("GET", "/metrics", self._metrics_page),
            ],
            exception_handlers={HTTPException: _routing_problem},
            lifespan=self._lifespan,
        )

    def _route(self, method: str, path: str, endpoint: Endpoint) -> Route:
        return Route(path, self._guarded(path, endpoint), methods=[method])

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.lifecycle.start()
        keys = asyncio.get_running_loop().create_task(self._identity.prepare())
        yield
        keys.cancel()
        await self.lifecycle.stop()
        await asyncio.to_thread(self._tracing.close)

    def _guarded(self, path: str, endpoint: Endpoint) -> Endpoint:
        """The endpoint with its request id, its measures, and problems for whatever it raises."""

        async def answer(request: Request) -> Response:
            request.state.arrived = asyncio.get_running_loop().time()
            started, request_id = time.perf_counter(), _request_id(request)
            with self._tracing.following(request, path) as traced:
                response = await _answer(endpoint, request, request_id)
                traced.answered(response)
            response.headers["X-Request-Id"] = request_id
            self.metrics.requests.labels(path, response.status_code).inc()
            self.metrics.request_seconds.labels(path).observe(time.perf_counter() - started)
            return response

        return answer

    def _identified(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint for callers who may ask, where that is restricted at all."""

        async def answer(request: Request) -> Response:
            await self._identity.require(request.headers.get("authorization", ""))
            return await endpoint(request)

        return answer

    async def _predict(self, request: Request) -> Response:
        try:
            [answer] = await self._classified(request, read_text, of_batch=False)
        except TextsFailed:
            raise PredictionFailed(errors=[("/text", _FAILED)]) from None
        return JSONResponse(answer)

    async def _predict_batch(self, request: Request) -> Response:
        try:
            answers = await self._classified(request, read_texts, of_batch=True)
        except TextsFailed as failed:
            return self._as_far_as_answered(failed)
        return JSONResponse({"predictions": answers})

    def _as_far_as_answered(self, failed: TextsFailed) -> Response:
        """The others' answers, and null for a text that failed, which `errors` names. Raises PredictionFailed."""
        faults = [(f"/texts/{number}", _FAILED) for number in failed.numbers]
        if len(faults) == len(failed.answers):
            raise PredictionFailed(errors=faults)
        version = self.lifecycle.classifier().description.version
        answers = [None if answer is None else _as_json(answer, version) for answer in failed.answers]
        return JSONResponse({"predictions": answers, "errors": as_json(faults)})

    async def _classified(self, request: Request, read: Reader, *, of_batch: bool) -> list[dict[str, object]]:
        """The answers for what `read` finds in the request; the caller's deadline counts from its arrival."""
        deadline = read_deadline(request, request.state.arrived)
        batcher, version = self.lifecycle.batcher(), self.lifecycle.classifier().description.version
        with self.metrics.timed("read"):
            texts = await _by(deadline, read(request, self._settings))
        predictions = await _unless_gone(request, batcher.predict(texts, deadline, of_batch=of_batch))
        return [_as_json(prediction, version) for prediction in predictions]

    async def _model(self, _: Request) -> Response:
        described = self.lifecycle.classifier().description
        return JSONResponse(
            {
                "modelVersion": described.version,
                "labels": described.labels,
                "temperature": described.temperature,
                "riskThresholds": described.thresholds,
                "thresholdsVersion": described.thresholds_version,
                "tokenizer": _TOKENIZER[described.as_written],
                "maxTokens": described.window_tokens,
                "windowOverlap": described.window_overlap,
                "maxTextCharacters": self._settings.max_text_characters,
                "metrics": described.metrics,
            }
        )

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "up"})

    async def _ready(self, _: Request) -> Response:
        if not self.lifecycle.ready:
            raise NotReady(retry_after=1)
        return JSONResponse({"status": "ready", "modelVersion": self.lifecycle.classifier().description.version})

    async def _metrics_page(self, _: Request) -> Response:
        page = await asyncio.to_thread(self.metrics.page)
        return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _answer(endpoint: Endpoint, request: Request, request_id: str) -> Response:
    try:
        return await endpoint(request)
    except Problem as problem:
        return problem.response(request_id)
    except ClientDisconnect:
        return CallerGone().response(request_id)
    except Exception as error:  # noqa: BLE001 - a bug must be answered and logged without the text it met
        log("unexpected error", "ERROR", error=type(error).__name__, requestId=request_id)
        return Problem().response(request_id)


async def _by(deadline: float | None, texts: Awaitable[list[str]]) -> list[str]:
    try:
        async with asyncio.timeout_at(deadline):
            return await texts
    except TimeoutError:
        raise DeadlinePassed from None


def _as_json(prediction: Prediction, version: str) -> dict[str, object]:
    return {
        "label": prediction.label,
        "confidence": prediction.confidence,
        "allScores": prediction.scores,
        "modelVersion": version,
    }


async def _unless_gone(request: Request, answer: Coroutine[Any, Any, list[Prediction]]) -> list[Prediction]:
    """The answer, unless the caller hangs up first: then it is cancelled, and its texts leave the queue."""
    work, gone = asyncio.ensure_future(answer), asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise CallerGone
    finally:
        work.cancel()
        gone.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


async def _routing_problem(request: Request, error: Exception) -> Response:
    request_id = _request_id(request)
    missing = isinstance(error, HTTPException) and error.status_code == 404
    response = (NotFound() if missing else MethodNotAllowed()).response(request_id)
    response.headers["X-Request-Id"] = request_id
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response
