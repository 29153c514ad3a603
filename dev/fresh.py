"""`python -m dev.fresh`: a system of its own on free ports for as long as somebody listens, empty but for the seeds.

The seeds are those of `make dev`, and a model that waits to be tried with a second administrator, who has to agree.

Says where it is in one line of JSON once it is up, and ends with its standard input; nothing of it stays.
"""

import argparse
import json
import os
import signal
import sys
from typing import Final, NoReturn

from dev.cloud import LocalCloud
from dev.ports import CannotStart
from dev.seed_messages import write
from dev.seed_model import plant_model
from shared.settings import settings

# Tests come from one address, and write faster than a person does; no stage of a rollout waits for anybody.
SETTINGS: Final = {
    "BLOOM_EVERY_MINUTE_SECONDS": "2",
    "LIMITS": "sign-up=1000/1,send-message=1000/1",
    "ROLLOUT_PATIENCE": ",".join(f"{percent}=0/0/0" for percent in (0, 10, 25, 50, 100)),
}


def main() -> int:
    """Serve until the standard input ends; 1 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m dev.fresh", description=__doc__)
    parser.add_argument("--messages", type=int, default=0, help="how many the seeded conversation begins with")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    try:
        with LocalCloud(settings=SETTINGS) as cloud:
            os.environ.update(cloud.settings)
            settings.cache_clear()
            plant_model(cloud.data_dir)
            if given.messages:
                write(given.messages)
            print(json.dumps({"origin": cloud.origin}), flush=True)
            sys.stdin.read()
    except CannotStart as error:
        print(f"bloom: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _stop(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
