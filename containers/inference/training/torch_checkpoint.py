"""A torch checkpoint of an XLM-RoBERTa classifier: read without running anything in it, or refused in one line."""

import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID

State = dict[str, torch.Tensor]
_HELD_UNDER: Final = ("state_dict", "model_state_dict", "model")
"""Where a checkpoint that holds more than weights keeps them."""
_WRAPPERS: Final = ("module.", "_orig_mod.", "model.")
"""What torch's own wrappers, and modules that hold the network as `model`, put before every name."""
_HEAD_WIDTH: Final = 64
"""Width of an attention head in every XLM-RoBERTa that was published."""
_EMBEDDINGS: Final = "roberta.embeddings"


class CheckpointRefused(Exception):
    """The file is no checkpoint that can be converted; the message is one line for an operator."""


def read_checkpoint(path: Path, labels: Sequence[str] = LABELS, heads: int = 0) -> XLMRobertaForSequenceClassification:
    """The checkpoint's network in float32, its outputs in the order of LABELS.

    The file is a `state_dict`, or a dictionary that holds one under `state_dict`, `model_state_dict` or `model`. Sizes
    are read off the weights; `labels` says which class each of its outputs is, `heads` how many attention heads there
    are where they are not 64 wide. Raises CheckpointRefused.
    """
    state = _named_plainly(_state(_loaded(path), path))
    network = XLMRobertaForSequenceClassification(_config(state, heads, path))
    _check(state, network.state_dict(), path)
    network.load_state_dict({name: weight.float() for name, weight in state.items()}, strict=False)
    _put_in_order(network, labels, path)
    network.eval()
    return network


def _loaded(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointRefused(f"{path}: {error.strerror or type(error).__name__}") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointRefused(f"{path}: holds more than tensors and plain values; save model.state_dict()") from error


def _state(loaded: Any, path: Path) -> State:
    candidates = [loaded, *(loaded.get(name) for name in _HELD_UNDER)] if isinstance(loaded, Mapping) else []
    for found in candidates:
        if isinstance(found, Mapping) and found and all(isinstance(weight, torch.Tensor) for weight in found.values()):
            return dict(found)
    raise CheckpointRefused(f"{path}: holds no state_dict, neither itself nor under {', '.join(_HELD_UNDER)}")


def _named_plainly(state: State) -> State:
    for wrapper in _WRAPPERS:
        if all(name.startswith(wrapper) for name in state):
            state = {name.removeprefix(wrapper): weight for name, weight in state.items()}
    # Older versions of transformers kept the positions, which are no weights, among them.
    return {name: weight for name, weight in state.items() if not name.endswith(("position_ids", "token_type_ids"))}


def _config(state: State, heads: int, path: Path) -> XLMRobertaConfig:
    """The network's sizes, as its weights have them."""
    try:
        vocabulary, hidden = state[f"{_EMBEDDINGS}.word_embeddings.weight"].shape
        layers = {found[1] for name in state if (found := re.match(r"roberta\.encoder\.layer\.(\d+)\.", name))}
        heads = heads or hidden // _HEAD_WIDTH
        if not heads or hidden % heads:
            raise CheckpointRefused(f"{path}: {hidden} numbers a token make no {heads or _HEAD_WIDTH} equal heads")
        return XLMRobertaConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=len(layers),
            num_attention_heads=heads,
            intermediate_size=state["roberta.encoder.layer.0.intermediate.dense.weight"].shape[0],
            max_position_embeddings=state[f"{_EMBEDDINGS}.position_embeddings.weight"].shape[0],
            type_vocab_size=state[f"{_EMBEDDINGS}.token_type_embeddings.weight"].shape[0],
            layer_norm_eps=1e-5,
            bos_token_id=START_ID,
            pad_token_id=PAD_ID,
            eos_token_id=END_ID,
            num_labels=state["classifier.out_proj.weight"].shape[0],
            architectures=[XLMRobertaForSequenceClassification.__name__],
        )
    except (KeyError, ValueError) as error:
        raise CheckpointRefused(
            f"{path}: no XLM-RoBERTa sequence classifier: {error} is missing or misshapen"
        ) from error


def _check(state: State, wanted: Mapping[str, torch.Tensor], path: Path) -> None:
    """Every weight is there, in its shape and finite, and there is none that the network has no place for."""
    missing, unknown = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing or unknown:
        said = [f"lacks {name}" for name in missing[:1]] + [f"holds {name}, which has no place" for name in unknown[:1]]
        raise CheckpointRefused(f"{path}: {' and '.join(said)} in an XLM-RoBERTa classifier")
    for name, weight in state.items():
        if weight.shape != wanted[name].shape:
            raise CheckpointRefused(f"{path}: {name} is {tuple(weight.shape)}, not {tuple(wanted[name].shape)}")
        if not weight.is_floating_point() or not torch.isfinite(weight).all():
            raise CheckpointRefused(f"{path}: {name} holds values that are no finite numbers")


def _put_in_order(network: XLMRobertaForSequenceClassification, labels: Sequence[str], path: Path) -> None:
    outputs = network.config.num_labels
    if outputs != len(LABELS):
        raise CheckpointRefused(f"{path}: {outputs} classes, not {len(LABELS)}")
    if sorted(labels) != sorted(LABELS):
        raise CheckpointRefused(f"the labels must be these, in the order of the outputs: {', '.join(LABELS)}")
    order = [labels.index(label) for label in LABELS]
    head = network.classifier.out_proj
    head.weight.data, head.bias.data = head.weight.data[order], head.bias.data[order]
    network.config.id2label = dict(enumerate(LABELS))
    network.config.label2id = {label: index for index, label in enumerate(LABELS)}
