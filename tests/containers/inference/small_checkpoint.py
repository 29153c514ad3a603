"""A checkpoint of xlm-roberta-base's architecture, small and with lively random weights."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from containers.inference.settings import Settings

TOKENIZER = Path(Settings().model_path)
"""The directory of a tokenizer: the shipped model's."""
State = dict[str, torch.Tensor]


def small_state() -> State:
    """Two layers of two heads, for the shipped tokenizer; always the same, and decided about most texts."""
    return {name: weight.clone() for name, weight in _state().items()}


@cache
def _state() -> State:
    pieces = Tokenizer.from_file(str(TOKENIZER / "tokenizer.json")).get_vocab_size()
    config = XLMRobertaConfig(
        vocab_size=pieces,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=256,
        max_position_embeddings=130,
        type_vocab_size=1,
        num_labels=7,
    )
    torch.manual_seed(11)
    network = XLMRobertaForSequenceClassification(config).eval()
    for name, weight in network.named_parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.5 if "out_proj" in name else 0.1)
    return dict(network.state_dict())


def changed(change: Callable[[State], object]) -> State:
    """The same, after a change to its weights."""
    state = small_state()
    change(state)
    return state
