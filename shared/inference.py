"""The classifier as a function sees it: one question under a deadline, or no answer.

While a challenger is tried, some patients' questions go to its own address, and back to the stable one at once where
it does not answer: no message is left unscored because of an experiment.
"""

import functools
import time
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
from pydantic import Field

from shared.contract import Schema
from shared.redis import Breaker, open_breakers
from shared.settings import settings
from shared.telemetry import asking, count, metrics, observe, skipped, traceparent

FAILURES_BEFORE_OPEN: Final = 5
SECONDS_OPEN: Final = 2.0


@dataclass(frozen=True)
class Challenger:
    """A model that is tried: its own address, and the version that has to answer there."""

    address: str
    model_version: str


@dataclass(frozen=True)
class Prediction:
    """What the model says of a text. `confidence` and scores are probabilities; the latency is in milliseconds."""

    label: str
    confidence: float
    all_scores: dict[str, float]
    model_version: str
    latency_ms: int
    thresholds: dict[str, dict[str, float]]
    """The version's own, by class: the scores from which a message is `raised` and `high`."""
    thresholds_version: str
    """By which name the version calls these thresholds."""
    fell_back_from: str | None = None
    """The version that was asked first and did not answer."""


@dataclass(frozen=True)
class ServedModel:
    """What answers at an address: its version, the classes that it knows, and its risk thresholds."""

    version: str
    labels: frozenset[str]
    thresholds: dict[str, dict[str, float]]
    thresholds_version: str
    """Their name; the version's where it gives them none of their own."""
    metrics: dict[str, Any]
    """What it tells of its training, see `containers/inference/training/report.py`."""


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
    labels: list[str] = Field(default_factory=list)
    risk_thresholds: dict[str, _Limits]
    thresholds_version: str = ""
    metrics: dict[str, Any] = Field(default_factory=dict)


class InferenceAway(Exception):
    """The classifier did not answer in time, or was not asked because it just did not."""


class _Place:
    """One address: the connections to it, whether to leave it alone for a moment, and models by their version."""

    def __init__(self, address: str) -> None:
        self.breaker = Breaker(FAILURES_BEFORE_OPEN, SECONDS_OPEN)
        self.client = httpx.Client(base_url=address, timeout=settings().inference_timeout_ms / 1000)
        self.models: dict[str, ServedModel] = {}


_places: Final[dict[str, _Place]] = {}
open_breakers["inference",] = lambda: float(any(place.breaker.stands_open for place in list(_places.values())))


def _place(address: str) -> _Place:
    return _places.get(address) or _places.setdefault(address, _Place(address))


def predict(text: str, challenger: Challenger | None = None) -> Prediction:
    """Classify a text within `inference_timeout_ms`. Raises InferenceAway.

    A challenger has half of that time; where it does not answer, the stable model is asked with what is left.
    """
    stable, whole = settings().inference_url, settings().inference_timeout_ms
    if challenger is None:
        return predict_at(stable, text, within_ms=whole)
    started = time.perf_counter()
    try:
        within_ms = challengers_ms(whole)
        return predict_at(challenger.address, text, within_ms=within_ms, version=challenger.model_version)
    except InferenceAway:
        left = max(whole - _ms_since(started), 1)
    found = predict_at(stable, text, within_ms=left)
    return replace(found, latency_ms=_ms_since(started), fell_back_from=challenger.model_version)


def challengers_ms(whole_ms: int) -> int:
    """Of a request's milliseconds for a prediction, those that a challenger has."""
    return whole_ms // 2


def predict_at(address: str, text: str, *, within_ms: int, version: str = "") -> Prediction:
    """Have one address classify a text. Raises InferenceAway, also where another version than this one answers."""
    place = _place(address)
    if place.breaker.is_open():
        skipped("inference")
        raise InferenceAway
    with asking("inference", InferenceAway):
        found = _predict_at(place, address, text, within_ms, version)
    count(metrics.PREDICTIONS, found.label)
    observe(metrics.CONFIDENCE, found.confidence, found.label)
    return found


def _predict_at(place: _Place, address: str, text: str, within_ms: int, version: str) -> Prediction:
    started = time.perf_counter()
    try:
        headers = _identity() | _deadline(within_ms) | _trace()
        answer = place.client.post("/predict", json={"text": text}, headers=headers, timeout=within_ms / 1000)
        answer.raise_for_status()
        said = _Answer.model_validate_json(answer.content)
        if version not in ("", said.model_version):
            raise ValueError
        took_ms = _ms_since(started)
    except (httpx.HTTPError, ValueError, InferenceAway) as error:
        place.breaker.failed()
        raise InferenceAway(type(error).__name__) from None
    place.breaker.succeeded()
    model = _model(said.model_version, address, max(within_ms - _ms_since(started), 1))
    return Prediction(
        **dict(said), latency_ms=took_ms, thresholds=model.thresholds, thresholds_version=model.thresholds_version
    )


def _model(model_version: str, address: str, within_ms: int) -> ServedModel:
    """What a version says of itself, asked for once where it is served: another calibration is another version. Raises
    InferenceAway.
    """
    known = _place(address).models
    if model_version not in known:
        served = model_at(address, within_ms)
        if served.version != model_version:
            raise InferenceAway("another version is being served by now")
        known[model_version] = served
    return known[model_version]


def model_at(address: str, within_ms: int | None = None) -> ServedModel:
    """What answers at an address, asked now. Raises InferenceAway."""
    timeout = (within_ms or settings().inference_timeout_ms) / 1000
    try:
        answer = _place(address).client.get("/model", headers=_identity(), timeout=timeout)
        answer.raise_for_status()
        model = _Model.model_validate_json(answer.content)
    except (httpx.HTTPError, ValueError) as error:
        raise InferenceAway(type(error).__name__) from None
    limits = {label: {"raised": by.raised, "high": by.high} for label, by in model.risk_thresholds.items()}
    named = model.thresholds_version or model.model_version
    return ServedModel(model.model_version, frozenset(model.labels), limits, named, model.metrics)


def forget() -> None:
    """Close every connection and drop what is remembered of models."""
    while _places:
        _places.popitem()[1].client.close()
    _credentials.cache_clear()


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _deadline(within_ms: int) -> dict[str, str]:
    return {"X-Deadline-Ms": str(within_ms)}


def _trace() -> dict[str, str]:
    """What the classifier goes on from, where this is recorded."""
    here = traceparent()
    return {"traceparent": here} if here else {}


def _identity() -> dict[str, str]:
    """In the cloud the container lets in only our accounts; locally nothing is sent. Raises InferenceAway."""
    audience = settings().inference_audience
    if not audience:
        return {}
    from google.auth.exceptions import GoogleAuthError

    try:
        credentials = _credentials(audience)
        if not credentials.valid:  # a token lasts an hour and counts as valid until some minutes before its end
            credentials.refresh(_ask_once)
    except (GoogleAuthError, ValueError) as error:
        raise InferenceAway(type(error).__name__) from None
    return {"Authorization": f"Bearer {credentials.token}"}


@functools.cache
def _credentials(audience: str) -> Any:
    from google.oauth2 import id_token

    return id_token.fetch_id_token_credentials(audience, _ask_once)  # type: ignore[no-untyped-call]


def _ask_once(*args: Any, **kwargs: Any) -> Any:
    """How google-auth asks for a token, without its retries of half a minute: somebody's message waits meanwhile."""
    from google.auth.exceptions import TransportError
    from google.auth.transport.requests import Request

    try:
        answer = Request()(*args, **kwargs | {"timeout": settings().inference_timeout_ms / 1000})
    except TransportError as error:
        raise InferenceAway(type(error).__name__) from None
    if answer.status >= 500:
        raise InferenceAway("no ID token")
    return answer
