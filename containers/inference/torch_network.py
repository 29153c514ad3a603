"""The network in torch: read from a model directory, and what it computes; only what runs torch imports this."""

from pathlib import Path
from typing import Any, TypeAlias

import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from containers.inference.packed_weights import is_packed, read_weights
from containers.inference.wide_part import added

Network: TypeAlias = XLMRobertaForSequenceClassification


def read_network(directory: Path, dtype: torch.dtype = torch.float32, **changed: Any) -> Network:
    """`config.json` and the weights of a model directory, packed or of any kind that transformers reads.

    `changed` are fields of the configuration to set otherwise; a head of another size is made anew.
    """
    path = directory / "model.safetensors"
    config = XLMRobertaConfig.from_pretrained(directory, local_files_only=True, **changed)
    wide = getattr(config, "wide", None)
    if not wide and not is_packed(path):
        plain: Network = XLMRobertaForSequenceClassification.from_pretrained(
            directory, dtype=dtype, local_files_only=True, **changed
        )
        return plain
    network = XLMRobertaForSequenceClassification(config)
    if wide:
        added(network, wide, config.num_labels)
    network.load_state_dict({name: torch.from_numpy(weight) for name, weight in read_weights(path).items()})
    return network.to(dtype)
