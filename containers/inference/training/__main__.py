"""`python -m containers.inference.training --data posts.csv.gz --output model`: trains, measures and writes a model."""

import sys

from containers.inference.training.options import parse
from containers.inference.training.training_run import run

if __name__ == "__main__":
    run(parse(sys.argv[1:]))
