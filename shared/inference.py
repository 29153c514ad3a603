"""The classifier as a function sees it: one question under a deadline, or no answer."""

import functools
import time
from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import Field

from shared.contract import Schema
from shared.redis import Breaker
from shared.settings import settings

FAILURES_BEFORE_OPEN: Final = 5
SECONDS_OPEN: Final = 2.0


@dataclass(frozen=True)
class Prediction:
    """What the model says of a text. `confidence` and scores are probabilities; the latency is in milliseconds."""

    label: str
    confidence: float
    all_scores: dict[str, float]
    model_version: str
    latency_ms: int


class _Answer(Schema, extra="ignore", allow_inf_nan=False):
    label: str
    confidence: float = Field(ge=0, le=1)
    all_scores: dict[str, float]
    model_version: str


class _Limits(Schema, extra="ignore", allow_inf_nan=False):
    raised: float
    high: float


class _Model(Schema, extra="ignore"):
    model_version: str
    risk_thresholds: dict[str, _Limits]


class InferenceAway(Exception):
    """The classifier did not answer in time, or was not asked because it just did not."""


_breaker = Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)


@functools.cache
def _client() -> httpx.Client:
    return httpx.Client(base_url=settings().inference_url, timeout=settings().inference_timeout_ms / 1000)


def predict(text: str) -> Prediction:
    """Classify a text within `inference_timeout_ms`. Raises InferenceAway."""
    if _breaker.is_open():
        raise InferenceAway
    started = time.perf_counter()
    try:
        answer = _client().post("/predict", json={"text": text}, headers=_identity() | _deadline())
        answer.raise_for_status()
        said = _Answer.model_validate_json(answer.content)
    except (httpx.HTTPError, ValueError) as error:
        _breaker.failed()
        raise InferenceAway(type(error).__name__) from None
    _breaker.succeeded()
    return Prediction(**dict(said), latency_ms=round((time.perf_counter() - started) * 1000))


@functools.cache
def risk_thresholds(model_version: str) -> dict[str, dict[str, float]]:
    """The risk thresholds that ship with the version now served, by class. Raises InferenceAway."""
    try:
        answer = _client().get("/model", headers=_identity())
        answer.raise_for_status()
        model = _Model.model_validate_json(answer.content)
    except (httpx.HTTPError, ValueError) as error:
        raise InferenceAway(type(error).__name__) from None
    if model.model_version != model_version:
        raise InferenceAway("another version is being served by now")
    return {label: {"raised": limits.raised, "high": limits.high} for label, limits in model.risk_thresholds.items()}


def _deadline() -> dict[str, str]:
    return {"X-Deadline-Ms": str(settings().inference_timeout_ms)}


def _identity() -> dict[str, str]:
    """In the cloud the container lets in only our accounts; locally nothing is sent."""
    if not settings().inference_audience:
        return {}
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2 import id_token

    try:
        token = id_token.fetch_id_token(Request(), settings().inference_audience)  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        raise InferenceAway(type(error).__name__) from None
    return {"Authorization": f"Bearer {token}"}
