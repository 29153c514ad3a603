"""`python -m infra.rotation prod due`, or `renew message-keys`: a new key of ours, without a moment that cannot read.

Two steps, for instances of both ages run side by side while they are started anew: first everybody is told the new
key behind the old ones, and can open what it seals; then it is put first, and seals. Broken off between the two, it
goes on with the second.
"""

import argparse
import base64
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from infra.gcloud import GcloudFailed, asked, gcloud, project_of
from infra.release import Service, restart, services
from infra.secret_store import SECRETS, Kept

KEY_BYTES: Final = 32
MONTH: Final = re.compile(r"\d{4}-\d{2}")
BY_ITSELF: Final = tuple(name for name, kept in SECRETS.items() if kept.renewal == "by itself")
"""Keys that nothing is lost without: what an older one signed is checked by its public half."""
BY_COMMAND: Final = tuple(name for name, kept in SECRETS.items() if kept.renewal == "by command")
"""Keys that data is sealed under: a copy has to be put away by people before they seal anything."""


class RotationRefused(Exception):
    """A key cannot be renewed as things stand; the message says why."""


@dataclass(frozen=True)
class Keys:
    """The value of a setting that holds keys of our own: `id:base64[,id:base64…]`, the one that seals first."""

    entries: tuple[str, ...]

    @classmethod
    def of(cls, value: str) -> "Keys":
        """Read one."""
        return cls(tuple(entry.strip() for entry in value.split(",") if entry.strip()))

    def __str__(self) -> str:
        return ",".join(self.entries)

    @property
    def ids(self) -> list[str]:
        """The keys' names, in their order."""
        return [entry.partition(":")[0] for entry in self.entries]

    def known(self, month: str, key: bytes) -> "Keys":
        """With a new key that opens, and seals nothing yet; it is named by its month."""
        taken = sum(name == month or name.startswith(f"{month}-") for name in self.ids)
        name = f"{month}-{taken + 1}" if taken else month
        return Keys((*self.entries, f"{name}:{base64.b64encode(key).decode()}"))

    @property
    def waits(self) -> bool:
        """Whether the last key is newer than the first, so that a renewal was broken off."""
        first, last = self.ids[0], self.ids[-1]
        return bool(MONTH.match(last)) and (last > first or not MONTH.match(first))

    def first(self) -> "Keys":
        """With the last key as the one that seals."""
        return Keys((self.entries[-1], *self.entries[:-1]))


def renew(stack: str, name: str, moment: datetime, agreed: Callable[[], bool] = lambda: True) -> None:
    """Renew one key and start anew whoever reads it.

    `agreed` is asked before the new key seals anything. Raises RotationRefused, GcloudFailed.
    """
    kept = SECRETS[name]
    if name not in (*BY_ITSELF, *BY_COMMAND):
        raise RotationRefused(f"{name} is another's: make a new one there, then `gcloud secrets versions add`")
    readers = tuple(reader.replace("_", "-") for reader in kept.readers)
    _refuse_during_a_release(stack, readers)
    keys = Keys.of(_value(stack, name))
    if not keys.entries:
        raise RotationRefused(f"{name} has no value yet")
    if not keys.waits:
        keys = keys.known(f"{moment:%Y-%m}", os.urandom(KEY_BYTES))
        _put(stack, name, keys)
        restart(stack, readers)
        sys.stdout.write(f"{name}: {keys.ids[-1]} is known\n")
    if not agreed():
        raise RotationRefused(f"{name}: {keys.ids[-1]} is known and seals nothing; run this again once it is put away")
    _put(stack, name, keys.first())
    restart(stack, readers)
    sys.stdout.write(f"{name}: {keys.ids[-1]} seals\n")


def due(stack: str, moment: datetime) -> list[str]:
    """Keys that may be renewed by themselves and have not been for as long as they are for. Raises GcloudFailed."""
    return [name for name in BY_ITSELF if _is_old(stack, name, SECRETS[name], moment)]


def _is_old(stack: str, name: str, kept: Kept, moment: datetime) -> bool:
    made = _made(stack, name)
    return bool(made) and moment - max(made) >= timedelta(days=kept.days)


def _made(stack: str, name: str) -> list[datetime]:
    secret, project = f"bloom-{stack}-{name}", f"--project={project_of(stack)}"
    if not asked("secrets", "list", project, f"--filter=name~/{secret}$"):
        return []
    versions = asked("secrets", "versions", "list", secret, project, "--filter=state=enabled")
    return [datetime.fromisoformat(version["createTime"]) for version in versions]


def _refuse_during_a_release(stack: str, readers: tuple[str, ...]) -> None:
    """What is started anew would be a revision without requests, and whoever answers would not know the key."""
    held = [
        name for name, service in services(stack) if name.removeprefix(f"bloom-{stack}-") in readers and _held(service)
    ]
    if held:
        raise RotationRefused(f"requests of {', '.join(held)} are held by a release: finish it first")


def _held(service: Service) -> bool:
    traffic = service["status"].get("traffic", ())
    return not any(part.get("latestRevision") and part.get("percent") == 100 for part in traffic)


def _value(stack: str, name: str) -> str:
    secret, project = f"--secret=bloom-{stack}-{name}", f"--project={project_of(stack)}"
    return gcloud("secrets", "versions", "access", "latest", secret, project)


def _put(stack: str, name: str, keys: Keys) -> None:
    secret, project = f"bloom-{stack}-{name}", f"--project={project_of(stack)}"
    gcloud("secrets", "versions", "add", secret, project, "--data-file=-", told=str(keys))


def _is_put_away(stack: str, name: str) -> bool:
    """Ask whoever runs this; without a terminal nobody can have done it."""
    if not sys.stdin.isatty():
        return False
    where = f"gcloud secrets versions access latest --secret bloom-{stack}-{name} --project {project_of(stack)}"
    return input(f"Put a copy away ({where}). Is it? [yes/no] ").strip() == "yes"


def main(arguments: list[str]) -> int:
    """Renew what is due, or one key; 1 where that is refused."""
    parser = argparse.ArgumentParser(prog="python -m infra.rotation", description=__doc__)
    parser.add_argument("stack")
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("due", help="what may be renewed without a person, and is old enough")
    renewing = commands.add_parser("renew", help="one key of our own")
    renewing.add_argument("name", choices=(*BY_ITSELF, *BY_COMMAND))
    given, moment = parser.parse_args(arguments), datetime.now(UTC)
    try:
        names = [given.name] if given.what == "renew" else due(given.stack, moment)
        for name in names:
            people = name in BY_COMMAND
            renew(
                given.stack, name, moment, (lambda: _is_put_away(given.stack, given.name)) if people else lambda: True
            )
        sys.stdout.write(f"{len(names)} renewed\n")
    except (RotationRefused, GcloudFailed) as refused:
        sys.stderr.write(f"bloom: {refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
