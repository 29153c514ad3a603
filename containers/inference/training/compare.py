"""`python -m containers.inference.training.compare`: two model directories over the same texts, in counts, as JSON.

For a candidate that was compared with a model that no longer serves, and for one that was made elsewhere. The texts'
held-out part counts: neither model may have been taught any of it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from containers.inference.classifier import load
from containers.inference.training.behavioural_suite import run_suite
from containers.inference.training.champion import compared
from containers.inference.training.material import Sources, read_material
from containers.inference.training.scored_texts import score_texts


def main(arguments: Sequence[str]) -> int:
    """Compare and print; the process's exit code. Raises ModelUnusable, and ValueError for texts of no label."""
    parser = argparse.ArgumentParser(prog="python -m containers.inference.training.compare", description=__doc__)
    parser.add_argument("--champion", type=Path, required=True, help="directory of the model that serves")
    parser.add_argument("--candidate", type=Path, required=True, help="directory of the model to be judged")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="CSV files id,text,label (.gz or plain)")
    given = parser.parse_args(arguments)
    material = read_material(Sources(given.data))
    candidate, texts = load(str(given.candidate), threads=1), material.parts["test"]
    found = score_texts(candidate, texts).probabilities(candidate)
    beside = compared(given.champion, candidate, texts, found, run_suite(candidate, material.suite))
    print(beside.model_dump_json(by_alias=True))  # noqa: T201 - a command's result
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
