"""The model directory: weights, descriptions, report, card and checksums, and the proof that it serves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.classifier import load
from containers.inference.model_directory import AS_WRITTEN, ModelDescription
from containers.inference.normalisation import NORMALISATION_VERSION
from containers.inference.training import training_distribution
from containers.inference.training.clinic_phrases import read_templates
from containers.inference.training.model_card import model_card
from containers.inference.training.report import Evidence, main_figures, report, summary
from containers.inference.training.report_page import report_page
from containers.inference.training.sealing import sealed, version_digits

DISTRIBUTION = training_distribution.KEPT_AS
REPORT, PAGE = "report.json", "report.html"
SELF_TEST = (
    ("Can I move my appointment to Thursday?", "Normal"),
    ("I want to kill myself", "Suicidal"),
    ("I don't want to be here anymore", "Suicidal"),
    ("I had a panic attack and my heart is racing", "Anxiety"),
)


def version_of(folder: Path, described: ModelDescription, goes_on: bool) -> str:
    """The version's name: another one wherever the network that was exported, or what is made of it, is another."""
    return f"{'tuned' if goes_on else 'small'}-{version_digits(folder, _decides(described))}"


def architecture_of(network: XLMRobertaForSequenceClassification) -> str:
    """The network's size in words."""
    config = network.config
    millions = sum(weight.numel() for weight in network.parameters()) / 1e6
    wide = getattr(config, "wide", None)
    runs = f", and a linear part over pieces and {wide['pairs']:,} pairs of them" if wide else ""
    return (
        f"{config.num_hidden_layers} layers of width {config.hidden_size}, {config.vocab_size} pieces, "
        f"{millions:.1f} million weights{runs}"
    )


def publish(
    folder: Path,
    network: XLMRobertaForSequenceClassification,
    tokenizer: Tokenizer,
    evidence: Evidence,
    beside: Mapping[str, Any],
) -> dict[str, Any]:
    """Writes everything beside what was exported, then loads the directory as serving does; the report.

    `beside` is content of further JSON files, by their names. Raises ModelUnusable.
    """
    network.config.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    written = report(evidence)
    for name, content in {"bloom.json": _bloom(evidence, written), REPORT: written, **beside}.items():
        _write_json(folder / name, content)
    (folder / PAGE).write_text(report_page(written), encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text(model_card(written, len(read_templates())), encoding="utf-8")
    files = sealed(folder)
    load(str(folder), threads=1)
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{evidence.version}: {size:.1f} MB", flush=True)  # noqa: T201 - a command's result
    return written


def _bloom(evidence: Evidence, written: Mapping[str, Any]) -> dict[str, Any]:
    described = evidence.described
    return {
        **_decides(described),
        "version": evidence.version,
        "selfTest": [{"text": text, "label": label} for text, label in SELF_TEST],
        "metrics": {**summary(main_figures(written)), DISTRIBUTION: written[DISTRIBUTION]},
    }


def _decides(described: ModelDescription) -> dict[str, Any]:
    """Of `bloom.json` what an answer follows from."""
    return {
        "normalisation": AS_WRITTEN if described.as_written else NORMALISATION_VERSION,
        "window": {"tokens": described.window_tokens, "overlap": described.window_overlap},
        "temperature": described.temperature,
        "thresholds": described.thresholds,
        "thresholdsVersion": described.thresholds_version,
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
