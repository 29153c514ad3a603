"""`python -m containers.inference.training`: trains, measures and writes a model.

With `--data posts.csv.gz --output model` from files alone; with `--feedback-days 30` (and `--run-id`) it is the job
that learns from therapists' feedback, and registers what comes of it.
"""

import sys

if __name__ == "__main__":
    if any(argument.startswith(("--feedback-days", "--run-id")) for argument in sys.argv[1:]):
        from containers.inference.training import retraining

        sys.exit(retraining.main(sys.argv[1:]))
    from containers.inference.training.options import parse
    from containers.inference.training.training_run import run

    run(parse(sys.argv[1:]))
