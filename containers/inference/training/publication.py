"""The model directory: weights, descriptions, card and checksums, and the proof that it serves."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.classifier import Classifier, load
from containers.inference.model_directory import MANIFEST, ModelDescription, digest
from containers.inference.normalisation import NORMALISATION_VERSION
from containers.inference.training.calibration import RISK_CLASS
from containers.inference.training.evaluation import Figures, Share, measure
from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.model_card import model_card
from containers.inference.training.options import Options
from containers.inference.training.scored_texts import ScoredTexts

SELF_TEST = (
    ("Can I move my appointment to Thursday?", "Normal"),
    ("I want to kill myself", "Suicidal"),
    ("I don't want to be here anymore", "Suicidal"),
    ("I had a panic attack and my heart is racing", "Anxiety"),
)


def publish(
    options: Options,
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    classifier: Classifier,
    tested: ScoredTexts,
) -> None:
    """Writes everything beside `model.onnx`, then loads the directory as serving does; raises ModelUnusable."""
    folder = options.output
    halves = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    save_file(halves, str(folder / "model.safetensors"), metadata={"format": "pt"})
    network.config.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    version = f"{'tuned' if options.base else 'small'}-{digest(folder / 'model.onnx')[:12]}"
    found = tested.probabilities(classifier)
    posts = [text.kind == "post" for text in tested.texts]
    thresholds = classifier.description.thresholds
    figures = measure(
        [text for text, keep in zip(tested.texts, posts, strict=True) if keep], found[posts], thresholds[RISK_CLASS]
    )
    _write_json(folder / "bloom.json", _bloom(version, classifier.description, figures))
    card = model_card(version, _architecture(network), classifier.description, options, tested.texts, found)
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    written = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    _write_json(folder / MANIFEST, {"sha256": {path.name: digest(path) for path in written}})
    load(str(folder), options.threads)
    size = sum(path.stat().st_size for path in written) / 1e6
    print(f"{version}: {size:.1f} MB in {folder}", flush=True)  # noqa: T201 - a command's result
    print(f"posts: accuracy {figures.accuracy.value:.4f}, macro-F1 {figures.macro_f1:.4f}", flush=True)  # noqa: T201


def _architecture(network: XLMRobertaForSequenceClassification) -> str:
    config = network.config
    millions = sum(weight.numel() for weight in network.parameters()) / 1e6
    return (
        f"{config.num_hidden_layers} layers of width {config.hidden_size}, {config.vocab_size} pieces, "
        f"{millions:.1f} million weights"
    )


def _bloom(version: str, described: ModelDescription, figures: Figures) -> dict[str, Any]:
    return {
        "version": version,
        "normalisation": NORMALISATION_VERSION,
        "window": {"tokens": described.window_tokens, "overlap": described.window_overlap},
        "temperature": described.temperature,
        "thresholds": described.thresholds,
        "selfTest": [{"text": text, "label": label} for text, label in SELF_TEST],
        "metrics": _summary(figures),
    }


def _summary(figures: Figures) -> dict[str, Any]:
    """What GET /model tells of the card."""
    return {
        "testTexts": figures.accuracy.of,
        "accuracy": round(figures.accuracy.value, 4),
        "macroF1": round(figures.macro_f1, 4),
        "expectedCalibrationError": round(figures.calibration_error, 4),
        "f1": {label: round(figures.classes[label].f1, 4) for label in LABELS if label in figures.classes},
        "risk": {
            level: {"sensitivity": _with_interval(risk.sensitivity), "ppv": _with_interval(risk.predictive_value)}
            for level, risk in figures.risk.items()
        },
    }


def _with_interval(share: Share) -> dict[str, Any]:
    return {"value": round(share.value, 4), "ci95": [round(bound, 4) for bound in share.interval]}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
