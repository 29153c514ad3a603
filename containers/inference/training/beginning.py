"""What a training run begins with: a network that is gone on from, or a new one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.model_directory import AS_WRITTEN, ModelDescription, digest
from containers.inference.training.calibration import RISK_CLASS
from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.material import Material
from containers.inference.training.model_store import READ_TO_GO_ON
from containers.inference.training.network import class_leanings, company_vectors, load_network, new_network
from containers.inference.training.options import Options
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID, train_tokenizer

_OVERLAP: Final = 32
_LONGEST_WINDOW: Final = 256


@dataclass(frozen=True)
class Start:
    """What training begins with."""

    tokenizer: Tokenizer
    network: XLMRobertaForSequenceClassification
    described: ModelDescription
    goes_on_from: str
    made_of: Mapping[str, str]
    """SHA-256 of the base's files; none where training begins with nothing."""


def beginning(options: Options, base: Path | None, material: Material) -> Start:
    """Tokenizer and network to start from: those of the base, or new ones."""
    if base is None:
        tokenizer, network = _made(options, material)
        return Start(tokenizer, network, _description(options.size.window_tokens), "", {})
    network = load_network(base)
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    before = json.loads((base / "bloom.json").read_bytes()) if (base / "bloom.json").exists() else {}
    positions = network.config.max_position_embeddings - PAD_ID - 1
    wanted = options.window or before.get("window", {}).get("tokens", _LONGEST_WINDOW)
    # What is taught is normalised; a network that is only measured reads as it always did.
    as_written = before.get("normalisation") == AS_WRITTEN and not options.schedule.epochs
    described = replace(_description(min(wanted, positions)), as_written=as_written)
    made_of = {name: digest(base / name) for name in READ_TO_GO_ON if (base / name).exists()}
    return Start(tokenizer, network, described, before.get("version", network.config.model_type), made_of)


def _made(options: Options, material: Material) -> tuple[Tokenizer, XLMRobertaForSequenceClassification]:
    taught = material.parts["train"]
    texts = [text.text for text in taught]
    tokenizer = train_tokenizer(texts, options.size.vocabulary)
    vocabulary = tokenizer.get_vocab_size()
    network = new_network(options.size, vocabulary, options.dropout)
    encoded = [found.ids for found in tokenizer.encode_batch(texts, add_special_tokens=False)]
    leanings = class_leanings(encoded, torch.tensor([text.target for text in taught]), vocabulary)
    company = company_vectors(encoded, vocabulary, options.size.hidden - len(LABELS))
    network.roberta.embeddings.word_embeddings.weight.data.copy_(torch.cat([leanings, company], dim=1))
    return tokenizer, network


def _description(window_tokens: int) -> ModelDescription:
    return ModelDescription(
        version="in training",
        labels=LABELS,
        pad_id=PAD_ID,
        start_id=START_ID,
        end_id=END_ID,
        window_tokens=window_tokens,
        window_overlap=min(_OVERLAP, window_tokens // 4),
        temperature=1.0,
        thresholds={RISK_CLASS: {}},
        self_test=(),
        metrics={},
    )
