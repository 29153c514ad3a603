"""`python -m containers.inference.training convert best_model.pt …`: a torch checkpoint as a model directory.

It serves at once, with scores that are not calibrated and thresholds that are guesses: going on from it with
`--base DIR --epochs 0 --precision int8 --data …` calibrates and measures it.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.classifier import load
from containers.inference.engines import padded
from containers.inference.model_directory import AS_WRITTEN, MANIFEST, ModelUnusable, digest
from containers.inference.normalisation import NORMALISATION_VERSION, normalise
from containers.inference.training.export import Precision, export_onnx
from containers.inference.training.labelled_texts import LABELS
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
    folder = conversion.output
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(network, folder / "model.onnx", conversion.precision)
    halves = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    save_file(halves, str(folder / "model.safetensors"), metadata={"format": "pt"})
    network.config.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _describe(conversion, network.config.max_position_embeddings, said)
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
    version = f"converted-{digest(folder / 'model.onnx')[:12]}"
    window = min(_LONGEST_WINDOW, positions - PAD_ID - 1)
    bloom = {
        "version": version,
        "normalisation": NORMALISATION_VERSION if conversion.normalised else AS_WRITTEN,
        "window": {"tokens": window, "overlap": min(_OVERLAP, window // 4)},
        "temperature": 1.0,
        "thresholds": {"Suicidal": _GUESSED_THRESHOLDS},
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
    written = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    _write_json(folder / MANIFEST, {"sha256": {path.name: digest(path) for path in written}})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Convert as the command line says; 1, with a line on standard error, where it cannot be."""
    conversion = _parse(arguments)
    try:
        said = convert(conversion)
    except (CheckpointRefused, ModelUnusable) as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's result
        return 1
    for text, label in said.items():
        print(f"{label}: {text}")  # noqa: T201
    print(f"{conversion.output} serves, uncalibrated; are these labels right? Their order is told by --labels.")  # noqa: T201
    return 0


def _parse(arguments: Sequence[str]) -> Conversion:
    parser = argparse.ArgumentParser(
        prog="python -m containers.inference.training convert",
        description="Makes a torch checkpoint of an XLM-RoBERTa sequence classifier servable.",
    )
    parser.add_argument("checkpoint", type=Path, help="a state_dict, or a dictionary that holds one")
    parser.add_argument("--tokenizer", type=Path, required=True, help="directory with its tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="directory to write the model to")
    parser.add_argument("--labels", default=",".join(LABELS), help="its classes in the order of its outputs")
    parser.add_argument("--heads", type=int, default=0, help="attention heads, where they are not 64 wide")
    parser.add_argument("--normalised", action="store_true", help="it was trained on normalised texts")
    parser.add_argument("--precision", choices=get_args(Precision), default="int8")
    given = parser.parse_args(arguments)
    labels = [label.strip() for label in given.labels.split(",")]
    return Conversion(
        given.checkpoint, given.tokenizer, given.out, labels, given.heads, given.normalised, given.precision
    )
