"""What callers get for texts that can be classified."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from containers.inference.classifier import Classifier
from containers.inference.settings import Settings

from .conftest import WINDOW, serving

LABELS = ["Anxiety", "Bipolar", "Depression", "Normal", "Personality disorder", "Stress", "Suicidal"]


async def test_a_text_gets_a_label_its_confidence_all_scores_and_the_models_version(client: httpx.AsyncClient) -> None:
    answer = await client.post("/predict", json={"text": "Can I move my appointment to Thursday?"})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"label", "confidence", "allScores", "modelVersion"}
    assert body["label"] == "Normal"
    assert body["confidence"] == body["allScores"]["Normal"] == max(body["allScores"].values())
    assert sorted(body["allScores"]) == LABELS
    assert sum(body["allScores"].values()) == pytest.approx(1, abs=1e-5)
    assert body["modelVersion"] == (await client.get("/model")).json()["modelVersion"]


async def test_a_batch_is_answered_in_its_order_and_as_each_text_alone(client: httpx.AsyncClient) -> None:
    texts = ["I want to kill myself", "See you on Friday", "I had a panic attack and could not breathe " * 60]
    batch = (await client.post("/predict/batch", json={"texts": texts})).json()["predictions"]
    for text, together in zip(texts, batch, strict=True):
        alone = (await client.post("/predict", json={"text": text})).json()
        assert together["label"] == alone["label"]
        assert together["allScores"] == pytest.approx(alone["allScores"], abs=1e-4)


@pytest.mark.parametrize("text", ["👍", "12345", "?!", "\u0000", "a" * 8000, "我" * 8000, "🙂 " * 4000])
async def test_any_text_is_answered_whatever_it_is_made_of(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.post("/predict", json={"text": text})
    assert answer.status_code == 200
    assert sum(answer.json()["allScores"].values()) == pytest.approx(1, abs=1e-5)


async def test_the_model_is_described_with_its_thresholds_and_figures(client: httpx.AsyncClient) -> None:
    model = (await client.get("/model")).json()
    assert model["labels"] == LABELS
    assert 0 < model["riskThresholds"]["Suicidal"]["raised"] < model["riskThresholds"]["Suicidal"]["high"] < 1
    assert 0.5 <= model["temperature"] <= 3
    assert (
        model["thresholdsVersion"]
        == json.loads((Path(Settings().model_path) / "bloom.json").read_bytes())["thresholdsVersion"]
    )
    assert model["tokenizer"] == "Unigram over normalised words (tokenizer.json)"
    assert model["maxTokens"] == WINDOW
    assert model["maxTextCharacters"] == 8000
    assert set(model["metrics"]) >= {"accuracy", "macroF1", "expectedCalibrationError", "f1", "risk"}


async def test_a_model_that_reads_texts_as_they_were_written_says_so(classifier: Classifier) -> None:
    as_written = classifier.described_as(replace(classifier.description, as_written=True))
    async with serving(Settings(batch_tokens=128), lambda _: as_written) as (_, client):
        assert "as they were written" in (await client.get("/model")).json()["tokenizer"]


async def test_the_callers_request_id_comes_back_and_a_strange_one_does_not(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health", headers={"X-Request-Id": "abc-1"})).headers["x-request-id"] == "abc-1"
    assert (await client.get("/health", headers={"X-Request-Id": "a b{"})).headers["x-request-id"] != "a b{"


async def test_health_ready_and_metrics_answer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json() == {"status": "up"}
    assert (await client.get("/ready")).json()["status"] == "ready"
    await client.post("/predict", json={"text": "See you on Friday"})
    page = (await client.get("/metrics")).text
    assert 'bloom_inference_requests_total{route="/predict",status="200"} 1.0' in page
    assert 'bloom_inference_predictions_total{label="Normal"} 1.0' in page
    assert "bloom_inference_ready 1.0" in page
