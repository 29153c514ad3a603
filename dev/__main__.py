"""`python -m dev`: the whole product on this machine, at http://localhost:3000."""

import argparse
import signal
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn

from dev.cloud import LocalCloud
from dev.environment import ROOT, given_environment
from dev.parts import PARTS
from dev.ports import CannotStart, ports_from
from dev.running_part import State, Status
from dev.seed_accounts import ACCOUNTS

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run until Ctrl-C; the exit code."""
    for number in _ENDING_SIGNALS:
        signal.signal(number, _stop)
    try:
        run(given_environment(ROOT), _wanted_parts())
    except CannotStart as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped")
    return 0


def _wanted_parts() -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m dev", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="only these parts; all of them if none is named")
    return parser.parse_args().part or list(PARTS)


def run(environment: Mapping[str, str], parts: Collection[str]) -> NoReturn:
    """Bring everything up and stay."""
    began = time.monotonic()
    data_dir = Path(environment.get("BLOOM_DATA_DIR") or ROOT / ".bloom")
    cloud = LocalCloud(data_dir, ports=ports_from(environment), parts=parts, given=environment, watcher=show)
    for name, setting in cloud.replaced.items():
        print(f"→ {name:<13} yours, by {setting}")
    with cloud:
        welcome(cloud, time.monotonic() - began)
        while True:
            signal.pause()


def _stop(_number: int, _frame: object) -> NoReturn:
    """Unwind, once: what follows is the end of the parts, which nothing should break off."""
    for number in _ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def show(status: Status) -> None:
    """One line for what is worth knowing about a part."""
    line = {
        State.UP: f"✓ {status.name:<13} {status.address:<34} {status.took_ms:>6} ms",
        State.DONE: f"✓ {status.name:<13} {status.address:<34} {status.took_ms:>6} ms",
        State.RESTARTING: f"↻ {status.name:<13} died and is started again ({status.restarts}); see {status.log}",
    }.get(status.state)
    if line:
        print(line, flush=True)


def welcome(cloud: LocalCloud, seconds: float) -> None:
    """Where everything is, once it is up."""
    print(f"\nup after {seconds:.1f} s: {cloud.origin}   what it does: {cloud.origin}/dev")
    for account in ACCOUNTS:
        print(f"  sign in as {account.email:<26} {account.password}")
    print("Ctrl-C ends it.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
