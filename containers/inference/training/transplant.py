"""`python -m containers.inference.training.transplant`: a published English encoder as a base to go on from.

A BERT encoder is, layer for layer, an XLM-RoBERTa: its layers are taken over as they are, and each piece of a new
tokenizer, which knows this project's spelling and its other languages, starts from the meaning that the encoder has for
the same letters. `--base` of the training command then goes on from the directory that is written here.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from safetensors.numpy import load_file
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import XLMRobertaForSequenceClassification

from containers.inference.training.material import Sources, read_material
from containers.inference.training.network import NetworkSize, new_network
from containers.inference.training.tokens import END, PAD, PAD_ID, START, UNKNOWN, train_tokenizer

Weights = Mapping[str, npt.NDArray[np.float32]]
_SPECIAL: Final = {START: "[CLS]", PAD: "[PAD]", END: "[SEP]", UNKNOWN: "[UNK]"}
_TABLES: Final = tuple(f"embeddings.{kind}_embeddings" for kind in ("word", "position", "token_type"))
_HEAD_WIDTH: Final = 32
"""Of MiniLM; its weights do not tell."""
_LAYER: Final = re.compile(r"encoder\.layer\.(\d+)\.")
_SHORTENED: Final = re.compile(
    r"(?P<negated>(?:do|ca|wo|did|does|have|is|was|could|would|should|are|has|were|had|ai|must|need)n)t"
    r"|(?P<who>i|you|he|she|it|we|they|that|there|what|who|here|let)(?P<verb>m|s|ve|re|ll|d)"
)
_WORDS_OF_THEIR_OWN: Final = {"its", "were", "ill", "well", "hell", "shell", "id", "shed", "wed", "here", "hem"}
"""Spelled like a shortened pair without its apostrophe, and more often meant as they stand, or as good as that."""


class EncoderRefused(Exception):
    """The file is no encoder that can be taken over; the message is one line for whoever called."""


@dataclass(frozen=True)
class Encoder:
    """A published encoder: its weights by BERT's names, and the tokenizer that its vocabulary belongs to."""

    weights: Weights
    tokenizer: Tokenizer

    @property
    def layers(self) -> int:
        """How many it has."""
        return 1 + max(int(found[1]) for name in self.weights if (found := _LAYER.search(name)))


def read_encoder(path: Path, tokenizer: Path) -> Encoder:
    """The encoder of a `.safetensors` or `.onnx` file and its `tokenizer.json`; raises EncoderRefused."""
    found = _of_onnx(path) if path.suffix == ".onnx" else load_file(path)
    weights = {_plain(name): np.asarray(weight, dtype=np.float32) for name, weight in found.items()}
    if "embeddings.word_embeddings.weight" not in weights or not any(map(_LAYER.match, weights)):
        raise EncoderRefused(f"{path}: holds no BERT encoder")
    known = Tokenizer.from_file(str(tokenizer))
    known.no_padding()
    known.no_truncation()
    return Encoder(weights, known)


def transplanted(
    encoder: Encoder, tokenizer: Tokenizer, size: NetworkSize, dropout: float
) -> XLMRobertaForSequenceClassification:
    """An XLM-RoBERTa with the encoder's first `size.layers` layers, and a meaning for every piece of the tokenizer.

    The size's widths have to be those of the encoder. Raises EncoderRefused.
    """
    network = new_network(size, tokenizer.get_vocab_size(), dropout)
    network.config.layer_norm_eps = 1e-12
    for module in network.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.eps = 1e-12
    wanted = network.state_dict()
    taken = {
        f"roberta.{name}": torch.from_numpy(weight.copy())
        for name, weight in encoder.weights.items()
        if f"roberta.{name}" in wanted and not name.startswith(_TABLES)
    }
    taken |= _tables(encoder, tokenizer, size)
    for name, weight in taken.items():
        if weight.shape != wanted[name].shape:
            raise EncoderRefused(f"{name} is {tuple(weight.shape)} in the encoder, {tuple(wanted[name].shape)} wanted")
    missing = {name for name in wanted if name.startswith("roberta.")} - taken.keys()
    if missing:
        raise EncoderRefused(f"the encoder lacks {sorted(missing)[0]}")
    network.load_state_dict(taken, strict=False)
    return network


def _tables(encoder: Encoder, tokenizer: Tokenizer, size: NetworkSize) -> dict[str, torch.Tensor]:
    """The three embeddings: pieces by their letters, positions behind those that XLM-RoBERTa leaves unused."""
    words, positions, kinds = (encoder.weights[f"{table}.weight"] for table in _TABLES)
    if len(positions) < size.window_tokens:
        raise EncoderRefused(f"the encoder knows {len(positions)} positions, {size.window_tokens} are wanted")
    shifted = np.concatenate([np.zeros((PAD_ID + 1, words.shape[1]), np.float32), positions[: size.window_tokens]])
    pieces = [tokenizer.id_to_token(number) or UNKNOWN for number in range(tokenizer.get_vocab_size())]
    meanings = np.stack([_meaning(piece, words, encoder.tokenizer) for piece in pieces])
    tables = zip(_TABLES, (meanings, shifted, kinds[:1]), strict=True)
    return {f"roberta.{name}.weight": torch.from_numpy(table.copy()) for name, table in tables}


def _meaning(piece: str, words: npt.NDArray[np.float32], known: Tokenizer) -> npt.NDArray[np.float32]:
    """The mean of the encoder's vectors for the piece's letters, its apostrophe given back."""
    if piece in _SPECIAL:
        return np.asarray(words[known.token_to_id(_SPECIAL[piece])])
    starts_word, letters = piece.startswith("▁"), piece.removeprefix("▁")
    inside = known.token_to_id(f"##{letters}")
    if not starts_word and inside is not None:
        return np.asarray(words[inside])
    ids = known.encode(_with_apostrophe(letters), add_special_tokens=False).ids
    return np.asarray(words[ids].mean(axis=0) if ids else words.mean(axis=0))


def _with_apostrophe(word: str) -> str:
    found = None if word in _WORDS_OF_THEIR_OWN else _SHORTENED.fullmatch(word)
    if not found:
        return word
    return f"{found['negated']}'t" if found["negated"] else f"{found['who']}'{found['verb']}"


def _plain(name: str) -> str:
    """A weight's name from `embeddings.` or `encoder.` on, whatever wrapped the encoder when it was saved."""
    found = re.search(r"(?:embeddings|encoder)\.", name)
    return name[found.start() :] if found else name


def _of_onnx(path: Path) -> Weights:
    """The named weights of an exported encoder; the matrices of its products are named by the node that uses them."""
    graph = onnx.load(str(path)).graph
    held = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    named = {name: weight for name, weight in held.items() if not name.startswith("onnx::")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in held:
            name = node.name.strip("/").removesuffix("/MatMul").replace("/", ".")
            named[f"{name}.weight"] = held[node.input[1]].T
    return named


def main(arguments: Sequence[str]) -> int:
    """Write the base directory that the command line names; 1, with a line on standard error, where it cannot be."""
    given = _parse(arguments)
    try:
        encoder = read_encoder(given.encoder, given.encoder_tokenizer)
        taught = read_material(Sources(given.data, given.foreign)).parts["train"]
        tokenizer = train_tokenizer([text.text for text in taught], given.pieces)
        network = transplanted(encoder, tokenizer, _size(encoder, given.pieces, given.layers, given.window), 0.1)
    except EncoderRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's result
        return 1
    given.output.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(given.output / "tokenizer.json"), pretty=False)
    network.config.save_pretrained(given.output)
    halves = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    save_file(halves, str(given.output / "model.safetensors"), metadata={"format": "pt"})
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m containers.inference.training.transplant", description="Makes a base of a published encoder."
    )
    parser.add_argument("--encoder", type=Path, required=True, help="weights of a BERT encoder, .onnx or .safetensors")
    parser.add_argument("--encoder-tokenizer", type=Path, required=True, help="its tokenizer.json")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="CSV files id,text,label")
    parser.add_argument("--foreign", type=Path, help="CSV file id,text,lang,label in several languages")
    parser.add_argument("--pieces", type=int, default=8_000, help="size of the new tokenizer's vocabulary")
    parser.add_argument("--layers", type=int, default=0, help="how many of its layers, from the first; 0 for all")
    parser.add_argument("--window", type=int, default=256, help="tokens that a window may hold")
    parser.add_argument("--output", type=Path, required=True, help="directory to write the base to")
    return parser.parse_args(arguments)


def _size(encoder: Encoder, pieces: int, layers: int, window: int) -> NetworkSize:
    hidden = encoder.weights["embeddings.word_embeddings.weight"].shape[1]
    inner = encoder.weights["encoder.layer.0.intermediate.dense.bias"].shape[0]
    return NetworkSize(pieces, hidden, layers or encoder.layers, hidden // _HEAD_WIDTH, inner, window)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
