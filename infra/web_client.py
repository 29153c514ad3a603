"""`python -m infra.web_client prod`: the built web client into the bucket that the load balancer serves it from.

What is named by its content goes first and the page that names it last, so that no browser is ever sent to a file
that is not there yet. Files of earlier releases stay for a month, for pages that are still open.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

from infra.gcloud import GcloudFailed, asked, gcloud, project_of
from infra.package import ROOT
from infra.web_headers import FOR_GOOD, INDEX, cached, kind_of

BUILT: Final = ROOT / "web" / "dist"
KEPT_FOR: Final = timedelta(days=30)


class NothingBuilt(Exception):
    """There is no web client to release; the message says where it was looked for."""


@dataclass(frozen=True, order=True)
class Upload:
    """A file with what goes with it; in the order in which files have to arrive."""

    turn: int
    folder: str
    """Where in the bucket: empty, or with a slash at its end."""
    kind: str
    cached: str
    name: str

    @property
    def path(self) -> str:
        """Its name in the bucket."""
        return self.folder + self.name


def uploads(built: Path) -> list[Upload]:
    """What is to be sent, in its order. Raises NothingBuilt."""
    if not (built / INDEX).is_file():
        raise NothingBuilt(f"{built} holds no {INDEX}: run `make web`")
    return sorted(_upload(path.relative_to(built)) for path in built.rglob("*") if path.is_file())


def _upload(path: Path) -> Upload:
    folder = "" if path.parent == Path() else f"{path.parent.as_posix()}/"
    kept = cached(path.as_posix())
    turn = 0 if kept == FOR_GOOD else 2 if path.name == INDEX else 1
    return Upload(turn, folder, kind_of(path.name), kept, path.name)


def outlived(listed: Sequence[dict[str, str]], sent: Sequence[Upload], moment: datetime) -> list[str]:
    """Files in the bucket that no release of the last month had."""
    present = {upload.path for upload in sent}
    return [
        each["name"]
        for each in listed
        if each["name"] not in present and moment - datetime.fromisoformat(each["update_time"]) > KEPT_FOR
    ]


def send(stack: str, built: Path, moment: datetime) -> Iterator[str]:
    """Send all of it, and remove what has outlived its use; a line for each step. Raises NothingBuilt, GcloudFailed."""
    sent, bucket = uploads(built), f"gs://{project_of(stack)}-{stack}-web"
    for (_, folder, kind, kept), group in groupby(sent, lambda one: (one.turn, one.folder, one.kind, one.cached)):
        files = [str(built / one.path) for one in group]
        said = (f"--content-type={kind}", f"--cache-control={kept}")
        gcloud("storage", "cp", *files, f"{bucket}/{folder}", *said)
        yield f"{len(files)} to /{folder}: {kind}, {kept}"
    old = outlived(asked("storage", "objects", "list", f"{bucket}/**"), sent, moment)
    if old:
        gcloud("storage", "rm", *(f"{bucket}/{name}" for name in old))
    yield f"{len(old)} of earlier releases removed"


def main(arguments: list[str]) -> int:
    """Send the client to a stack's bucket; 1 where there is none, or gcloud refuses."""
    parser = argparse.ArgumentParser(prog="python -m infra.web_client", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("--built", type=Path, default=BUILT, help="folder that `make web` filled (web/dist)")
    given = parser.parse_args(arguments)
    try:
        for line in send(given.stack, given.built, datetime.now(UTC)):
            sys.stdout.write(f"{line}\n")
    except (NothingBuilt, GcloudFailed) as refused:
        sys.stderr.write(f"bloom: {refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
