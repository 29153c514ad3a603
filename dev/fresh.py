"""`python -m dev.fresh`: a system of its own on free ports, empty but for the seeds, for as long as somebody listens.

Says where it is in one line of JSON once it is up, and ends with its standard input; nothing of it stays.
"""

import json
import signal
import sys
from typing import NoReturn

from dev.cloud import LocalCloud
from dev.ports import CannotStart


def main() -> int:
    """Serve until the standard input ends; 1 where it cannot start."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        with LocalCloud(settings={"BLOOM_EVERY_MINUTE_SECONDS": "2"}) as cloud:
            print(json.dumps({"origin": cloud.origin, "data": str(cloud.data_dir)}), flush=True)
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
