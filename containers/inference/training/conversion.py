"""`python -m containers.inference.training convert best_model.pt …`: a torch checkpoint as a model directory.

It serves at once, with scores that are not calibrated and thresholds that are guesses: going on from it with
`--base DIR --epochs 0 --precision int8 --data …` calibrates and measures it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.classifier import load
from containers.inference.engines import padded
from containers.inference.model_directory import AS_WRITTEN, ModelUnusable, digest, thresholds_version
from containers.inference.normalisation import NORMALISATION_VERSION, normalise
from containers.inference.training.export import Precision, export
from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.model_store import brought_file
from containers.inference.training.output_directory import replaced
from containers.inference.training.sealing import sealed, version_digits
from containers.inference.training.tokens import END, END_ID, PAD, PAD_ID, START, START_ID
from containers.inference.training.torch_checkpoint import CheckpointRefused, read_checkpoint

_GUESSED_THRESHOLDS: Final = {"raised": 0.05, "high": 0.5}
"""Low enough to raise too many messages rather than too few, until they are chosen on validation data."""
_LONGEST_WINDOW, _OVERLAP = 512, 64
_CLEAR: Final = 0.1
"""By how much the first label must lead for a sentence to be in the self-test: packing may move scores a little."""
_SELF_TEST: Final = (
    "Can I move my appointment to Thursday?",
    "I want to kill myself",
    "I had a panic attack and my heart is racing",
    "I cannot get out of bed and nothing means anything",
)
"""Each that the checkpoint decides must get the same label from what is served, where weights are packed."""
_CARD: Final = """# {version}

Converted from `{source}` (SHA-256 `{sha256}`), at {precision}; texts are read {reading}.

Nothing about it was measured here: not how often it is right, not on whom. Its scores are not calibrated, and its
thresholds are guesses that raise too many messages rather than too few. It must not decide anything about a person
until it has been measured. On the sentences of its self-test the checkpoint itself says:

{labels}
"""


@dataclass(frozen=True)
class Conversion:
    """What is converted, and into what."""

    checkpoint: Path
    tokenizer: Path
    """A directory with a `tokenizer.json`, or that file itself."""
    output: Path
    labels: Sequence[str] = LABELS
    """Which class each output of the checkpoint is."""
    heads: int = 0
    normalised: bool = False
    """Whether it was trained on texts as `normalisation.py` leaves them, rather than on texts as they were written."""
    precision: Precision = "int8"


def convert(conversion: Conversion) -> dict[str, str]:
    """Write the directory and load it as serving does; the label of each sentence of the self-test.

    Raises CheckpointRefused, and ModelUnusable where what would serve disagrees with the checkpoint.
    """
    tokenizer = _tokenizer(conversion.tokenizer)
    network = read_checkpoint(conversion.checkpoint, conversion.labels, conversion.heads)
    pieces, rows = tokenizer.get_vocab_size(), network.config.vocab_size
    if pieces > rows:
        raise CheckpointRefused(f"{conversion.tokenizer}: {pieces} pieces, but the checkpoint has {rows}")
    said = _said(network, tokenizer, conversion.normalised)
    with replaced(conversion.output) as folder:
        export(network, folder, conversion.precision)
        network.config.save_pretrained(folder)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        _describe(replace(conversion, output=folder), network.config.max_position_embeddings, said)
        load(str(folder), threads=1)
    return said


def _tokenizer(place: Path) -> Tokenizer:
    path = place / "tokenizer.json" if place.is_dir() else place
    if not path.is_file():
        raise CheckpointRefused(f"{path}: no such file; AutoTokenizer.from_pretrained(…).save_pretrained(…) writes it")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise CheckpointRefused(f"{path}: no tokenizer of the tokenizers library") from error
    for mark, number in ((START, START_ID), (PAD, PAD_ID), (END, END_ID)):
        if tokenizer.token_to_id(mark) != number:
            raise CheckpointRefused(f"{path}: {mark} is {tokenizer.token_to_id(mark)}, not {number} as in XLM-RoBERTa")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _said(network: XLMRobertaForSequenceClassification, tokenizer: Tokenizer, normalised: bool) -> dict[str, str]:
    """What the checkpoint itself, in float32, calls each sentence of the self-test that it decides clearly."""
    texts = [normalise(text) if normalised else text for text in _SELF_TEST]
    found = tokenizer.encode_batch(texts, add_special_tokens=False)
    ids, mask = map(torch.from_numpy, padded([[START_ID, *one.ids, END_ID] for one in found], PAD_ID))
    with torch.inference_mode():
        best = network(ids, mask).logits.softmax(dim=1).topk(2, dim=1)
    leads = (best.values[:, 0] - best.values[:, 1]).tolist()
    chosen = zip(_SELF_TEST, best.indices[:, 0].tolist(), leads, strict=True)
    said = {text: LABELS[index] for text, index, lead in chosen if lead >= _CLEAR}
    if not said:
        raise CheckpointRefused("it decides no sentence of the self-test: was it trained, and with this tokenizer?")
    return said


def _describe(conversion: Conversion, positions: int, said: Mapping[str, str]) -> None:
    folder = conversion.output
    window = min(_LONGEST_WINDOW, positions - PAD_ID - 1)
    thresholds, temperature = {"Suicidal": _GUESSED_THRESHOLDS}, 1.0
    decides = {
        "normalisation": NORMALISATION_VERSION if conversion.normalised else AS_WRITTEN,
        "window": {"tokens": window, "overlap": min(_OVERLAP, window // 4)},
        "temperature": temperature,
        "thresholds": thresholds,
        "thresholdsVersion": thresholds_version(thresholds, temperature),
    }
    version = f"converted-{version_digits(folder, decides)}"
    bloom = {
        **decides,
        "version": version,
        "selfTest": [{"text": text, "label": label} for text, label in said.items()],
        "metrics": {},
    }
    _write_json(folder / "bloom.json", bloom)
    card = _CARD.format(
        version=version,
        source=conversion.checkpoint.name,
        sha256=digest(conversion.checkpoint),
        precision=conversion.precision,
        reading="normalised" if conversion.normalised else "as they were written",
        labels="\n".join(f"- “{text}”: {label}" for text, label in said.items()),
    )
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    sealed(folder)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Convert as the command line says; 1, with a line on standard error, where it cannot be."""
    given = _parse(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="bloom-conversion-") as folder:
            said = convert(_brought(given, Path(folder)))
    except (CheckpointRefused, ModelUnusable) as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's result
        return 1
    for text, label in said.items():
        print(f"{label}: {text}")  # noqa: T201
    print(f"{given.out} serves, uncalibrated; are these labels right? Their order is told by --labels.")  # noqa: T201
    return 0


def _brought(given: argparse.Namespace, folder: Path) -> Conversion:
    """What the command line names, here. Raises CheckpointRefused."""
    labels = [label.strip() for label in given.labels.split(",")]
    tokenizer = given.tokenizer
    if "://" in tokenizer and not tokenizer.endswith(".json"):
        tokenizer = f"{tokenizer.rstrip('/')}/tokenizer.json"
    try:
        checkpoint, tokenizer = brought_file(given.checkpoint, folder), brought_file(tokenizer, folder)
    except Exception as error:  # each store has errors of its own
        raise CheckpointRefused(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
    return Conversion(checkpoint, tokenizer, given.out, labels, given.heads, given.normalised, given.precision)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m containers.inference.training convert",
        description="Makes a torch checkpoint of an XLM-RoBERTa sequence classifier servable.",
    )
    parser.add_argument(
        "checkpoint", help="a state_dict, or a dictionary that holds one: PATH or URL, then #sha256=HEX to pin it"
    )
    parser.add_argument("--tokenizer", required=True, help="directory with its tokenizer.json: PATH or URL")
    parser.add_argument("--out", type=Path, required=True, help="directory to write the model to")
    parser.add_argument("--labels", default=",".join(LABELS), help="its classes in the order of its outputs")
    parser.add_argument("--heads", type=int, default=0, help="attention heads, where they are not 64 wide")
    parser.add_argument("--normalised", action="store_true", help="it was trained on normalised texts")
    parser.add_argument("--precision", choices=get_args(Precision), default="int8")
    return parser.parse_args(arguments)
