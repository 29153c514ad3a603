"""`python -m containers.inference.training`: trains, measures and writes a model.

With `--data posts.csv.gz --output model` from files alone; with `--feedback-days 30` (and `--run-id`) it is the job
that learns from therapists' feedback, and registers what comes of it. `convert best_model.pt` trains nothing: it makes
a torch checkpoint servable.
"""

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["convert"]:
        from containers.inference.training import conversion

        sys.exit(conversion.main(sys.argv[2:]))
    if any(argument.startswith(("--feedback-days", "--run-id")) for argument in sys.argv[1:]):
        from containers.inference.training import retraining

        sys.exit(retraining.main(sys.argv[1:]))
    from containers.inference.training.options import parse
    from containers.inference.training.training_run import main

    sys.exit(main(parse(sys.argv[1:])))
