"""The small XLM-RoBERTa: its size, and word meanings to start from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

from containers.inference.engines import Logits, padded
from containers.inference.torch_network import read_network
from containers.inference.training.labelled_texts import LABELS
from containers.inference.training.tokens import END_ID, PAD_ID, START_ID
from containers.inference.wide_part import with_wide_part

_REACH = 5
"""Pieces this near to each other are seen as keeping company."""


@dataclass(frozen=True)
class NetworkSize:
    """What fixes the number of weights."""

    vocabulary: int = 12_000
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    inner: int = 256
    window_tokens: int = 128


def new_network(size: NetworkSize, vocabulary: int, dropout: float) -> XLMRobertaForSequenceClassification:
    """A network with random weights for LABELS, with positions for one window."""
    return XLMRobertaForSequenceClassification(
        XLMRobertaConfig(
            vocab_size=vocabulary,
            hidden_size=size.hidden,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            intermediate_size=size.inner,
            max_position_embeddings=size.window_tokens + PAD_ID + 1,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            classifier_dropout=2 * dropout,
            bos_token_id=START_ID,
            pad_token_id=PAD_ID,
            eos_token_id=END_ID,
            id2label=dict(enumerate(LABELS)),
            label2id={label: index for index, label in enumerate(LABELS)},
        )
    )


def company_vectors(texts: Sequence[Sequence[int]], vocabulary: int, width: int) -> torch.Tensor:
    """A vector per piece from the company it keeps: the leading singular vectors of positive mutual information.

    Shape (vocabulary, width), mean 0 and standard deviation 0.1. It lets words that were seen in like places start
    alike, which labels alone would take far more texts to teach (Levy and Goldberg, 2014).
    """
    first, second, count = _neighbours(texts, vocabulary)
    total, seen = count.sum(), np.bincount(first, weights=count, minlength=vocabulary)
    # The context's share is smoothed, or rare pieces would dominate (Levy, Goldberg and Dagan, 2015).
    shared = seen**0.75
    information = np.log(count * shared.sum() / (seen[first] * shared[second]) + 1e-12)
    kept = information > 0
    matrix = torch.sparse_coo_tensor(
        torch.from_numpy(np.stack([first[kept], second[kept]])),
        torch.from_numpy(information[kept]).float(),
        (vocabulary, vocabulary),
    ).coalesce()
    del total
    left, strength, _ = torch.svd_lowrank(matrix, q=width + 8, niter=3)
    vectors = left[:, :width] * strength[:width].sqrt()
    return 0.1 * (vectors - vectors.mean()) / vectors.std()


def class_leanings(texts: Sequence[Sequence[int]], targets: torch.Tensor, vocabulary: int) -> torch.Tensor:
    """How far each piece leans to each class: log ratios of smoothed counts, standard deviation 0.2.

    Shape (vocabulary, labels), after Wang and Manning (2012). With them among its dimensions the network starts as
    about the linear model that it would otherwise have to find first.
    """
    seen = torch.zeros(vocabulary, targets.shape[1])
    for text, target in zip(texts, targets, strict=True):
        seen[torch.tensor(sorted(set(text)), dtype=torch.long)] += target
    seen += 1.0
    within = seen / targets.sum(dim=0).clamp(min=1)
    without = (seen.sum(dim=1, keepdim=True) - seen) / (targets.sum() - targets.sum(dim=0)).clamp(min=1)
    ratios = (within / without).log()
    return 0.2 * (ratios - ratios.mean(dim=0)) / ratios.std()


def _neighbours(
    texts: Sequence[Sequence[int]], vocabulary: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    gap = [PAD_ID] * _REACH
    stream = np.array([piece for text in texts for piece in (*text, *gap)], dtype=np.int64)
    pairs = [stream[:-offset] * vocabulary + stream[offset:] for offset in range(1, _REACH + 1)]
    both = np.concatenate(pairs)
    both = both[(both // vocabulary != PAD_ID) & (both % vocabulary != PAD_ID)]
    codes, count = np.unique(both, return_counts=True)
    first, second = codes // vocabulary, codes % vocabulary
    return (
        np.concatenate([first, second]),
        np.concatenate([second, first]),
        np.concatenate([count, count]).astype(float),
    )


def class_logits(
    network: XLMRobertaForSequenceClassification, input_ids: torch.Tensor, attention_mask: torch.Tensor | None
) -> torch.Tensor:
    """What `network(input_ids, attention_mask).logits` gives, without what it never reads, and its wide part's say.

    The head looks at the first token alone, so the last layer is computed for that token: with two layers almost half
    of the work is saved, in training and, since this is what is exported, in serving. Without a mask, nothing pads.
    """
    hidden = network.roberta.embeddings(input_ids=input_ids)
    seen = None if attention_mask is None else attention_mask[:, None, None, :].bool()
    layers = network.roberta.encoder.layer
    for layer in layers[:-1]:
        hidden = _layer(layer, hidden, hidden, seen)
    logits: torch.Tensor = network.classifier(_layer(layers[-1], hidden[:, :1], hidden, seen))
    shown = torch.ones_like(input_ids) if attention_mask is None else attention_mask
    return with_wide_part(network, logits, input_ids, shown)


def _layer(
    layer: torch.nn.Module, asking: torch.Tensor, hidden: torch.Tensor, seen: torch.Tensor | None
) -> torch.Tensor:
    """One encoder layer for the tokens that ask, over all tokens that are seen."""
    attention = layer.attention.self

    def heads(projected: torch.Tensor) -> torch.Tensor:
        split = projected.unflatten(-1, (attention.num_attention_heads, attention.attention_head_size))
        return split.transpose(1, 2)

    found = torch.nn.functional.scaled_dot_product_attention(
        heads(attention.query(asking)),
        heads(attention.key(hidden)),
        heads(attention.value(hidden)),
        attn_mask=seen,
        scale=attention.attention_head_size**-0.5,  # said, or the exported graph works it out again in every run
    )
    attended = layer.attention.output(found.transpose(1, 2).flatten(2), asking)
    transformed: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return transformed


class TorchEngine:
    """A network under training behind the same door as the served one, see `engines.Engine`."""

    def __init__(self, network: XLMRobertaForSequenceClassification) -> None:
        self._network = network

    def logits(self, windows: Sequence[Sequence[int]]) -> Logits:
        """One row of class scores per window."""
        input_ids, attention_mask = (
            torch.from_numpy(part).to(self._network.device) for part in padded(windows, PAD_ID)
        )
        was_training = self._network.training
        self._network.eval()
        with torch.no_grad():
            found = class_logits(self._network, input_ids, attention_mask)
        self._network.train(was_training)
        return np.asarray(found.float().cpu().numpy(), dtype=np.float32)


def load_network(directory: Path) -> XLMRobertaForSequenceClassification:
    """The checkpoint of a directory with a fresh or kept head for LABELS, in float32."""
    return read_network(
        directory,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
