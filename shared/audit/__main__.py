"""`python -m shared.audit verify`: the whole trail, and whether it is what it was; `keys`: what checks signatures."""

import argparse
import base64
import sys
import time
from collections.abc import Iterator
from itertools import chain
from typing import Final

from shared.audit.findings import Finding
from shared.audit.heads import BucketAway, head_bucket
from shared.audit.signing import can_check, public_keys
from shared.audit.verification import Checked, batches, check_ends, check_seals, extent, unsealed
from shared.problems import Unavailable

SOUND: Final = 0
ALTERED: Final = 1
CANNOT_TELL: Final = 2
SECONDS_BETWEEN_LINES: Final = 2.0


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and do what it says; 0 where all is well, 1 on a finding, 2 where nobody can tell."""
    parser = argparse.ArgumentParser(prog="python -m shared.audit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verifying = commands.add_parser("verify", help="read every entry and every seal again")
    verifying.add_argument("--from-seal", type=int, default=1, metavar="NUMBER", help="begin with this one")
    commands.add_parser("keys", help="say AUDIT_PUBLIC_KEYS, for who checks without the keys that sign")
    given = parser.parse_args(arguments)
    if given.command == "keys":
        return _say_keys()
    try:
        return verify(given.from_seal)
    except (Unavailable, BucketAway) as away:
        _say(f"cannot tell: {type(away).__name__}: {away}")
        return CANNOT_TELL


def verify(first: int = 1) -> int:
    """Check the chain from a seal on, say how far it is and what is found, and answer how it ended."""
    started, length, bucket = time.perf_counter(), extent(), head_bucket()
    _say(f"seals {length.first} to {length.last}, until {length.until_at}")
    _say(f"signatures are {'checked' if can_check() else 'not checked: there is no key'}")
    _say(f"heads are {'held against the bucket' if bucket else 'not looked at: there is no bucket'}")
    days = bucket.days() if bucket else []
    parts = (check_seals(*some, days=days) for some in batches(max(first, length.first, 1), length.last))
    whole = Checked()
    for part in _shown(chain(parts, (check_ends() for _ in range(1))), started, whole):
        for finding in part.findings:
            _say(f"FOUND {finding}")
    seconds = time.perf_counter() - started
    _say(f"{whole.seals} seals, {whole.events} entries in {seconds:.0f} s; {unsealed(length)} not sealed yet")
    _say(_verdict(whole.findings))
    return ALTERED if whole.findings else SOUND


def _shown(parts: Iterator[Checked], started: float, whole: Checked) -> Iterator[Checked]:
    """Each part, added to the whole, with a line now and then about how far it is."""
    told = started
    for part in parts:
        whole.seals += part.seals
        whole.events += part.events
        whole.findings += part.findings
        moment = time.perf_counter()
        if moment - told >= SECONDS_BETWEEN_LINES:
            _say(f"  {whole.seals} seals, {whole.events} entries, {whole.events / (moment - started):.0f} a second")
            told = moment
        yield part


def _verdict(findings: list[Finding]) -> str:
    return f"altered: {len(findings)} findings" if findings else "nothing was altered"


def _say_keys() -> int:
    known = public_keys().items()
    _say(",".join(f"{key_id}:{base64.b64encode(key.public_bytes_raw()).decode()}" for key_id, key in known))
    return SOUND


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
