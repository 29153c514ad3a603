"""`python -m containers.inference.training.averaging`: one base out of several models that went on from the same one.

The mean of what several trainings made of the same weights is often better than any of them (Wortsman et al., 2022,
"Model soups"), and costs nothing in serving. What is made is a base: `--epochs 0 --base` calibrates and measures it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import XLMRobertaForSequenceClassification

from containers.inference.training.network import load_network

_TOKENIZER = "tokenizer.json"


class NotAlike(Exception):
    """The models cannot be averaged; the message is one line."""


def averaged(models: Sequence[tuple[Path, float]]) -> XLMRobertaForSequenceClassification:
    """The network of all these directories by their shares, without wide parts, which are fitted anew.

    Raises NotAlike for other sizes or pieces.
    """
    first, whole = models[0][0], sum(share for _, share in models)
    if whole <= 0 or min(share for _, share in models) < 0:
        raise NotAlike("shares have to be positive")
    mean: dict[str, torch.Tensor] = {}
    for folder, share in models:
        if (folder / _TOKENIZER).read_bytes() != (first / _TOKENIZER).read_bytes():
            raise NotAlike(f"{folder} has other pieces than {first}")
        network = load_network(folder)
        network.wide = network.config.wide = None
        state = {name: weight * (share / whole) for name, weight in network.state_dict().items()}
        if mean and {name: weight.shape for name, weight in mean.items()} != {
            name: weight.shape for name, weight in state.items()
        }:
            raise NotAlike(f"{folder} is of another size than {first}")
        mean = {name: mean[name] + weight if mean else weight for name, weight in state.items()}
    network.load_state_dict(mean)
    return network.eval()


def main(arguments: Sequence[str]) -> int:
    """Write the base that the command line names; 1, with a line on standard error, where it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m containers.inference.training.averaging", description=__doc__)
    parser.add_argument("--of", nargs=2, action="append", required=True, metavar=("DIR", "SHARE"), help="once a model")
    parser.add_argument("--output", type=Path, required=True, help="directory to write the base to")
    given = parser.parse_args(arguments)
    try:
        network = averaged([(Path(folder), float(share)) for folder, share in given.of])
    except (NotAlike, OSError, ValueError) as refused:
        print(refused, file=sys.stderr)  # noqa: T201 - a command's result
        return 1
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / _TOKENIZER).write_bytes((Path(given.of[0][0]) / _TOKENIZER).read_bytes())
    del network.config.wide
    network.config.save_pretrained(given.output)
    weights = {name: weight.contiguous() for name, weight in network.state_dict().items()}
    save_file(weights, str(given.output / "model.safetensors"), metadata={"format": "pt"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
