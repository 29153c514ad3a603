"""`python -m infra.release prod hold|share|finish|back|restart|secrets`: which revisions of a stack answer.

Through gcloud: a release holds the requests at the revisions that serve, provisions the new ones beside them
(`bloom:held`), gives those a share, and finishes or goes back.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from infra.package import FUNCTIONS
from infra.secret_store import SECRETS

SERVICES: Final = (*(name.replace("_", "-") for name in FUNCTIONS), "inference", "realtime")
STACKS: Final = Path(__file__).parent


class ReleaseRefused(Exception):
    """What was asked cannot be done as the services stand; the message says why."""


def places(stack: str) -> dict[str, str]:
    """Project, region and domain of a stack, from its file."""
    config = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {
        name: config[f"{owner}:{name}"]
        for owner, name in (("gcp", "project"), ("bloom", "region"), ("bloom", "domain"))
    }


def hold(service: dict[str, Any]) -> list[str]:
    """All requests stay where most of them go now, whatever is deployed."""
    serving = _most(service)
    return [f"--to-revisions={serving}=100"] if serving else []


def share(service: dict[str, Any], percent: int) -> list[str]:
    """A share of the requests for the newest revision. Raises ReleaseRefused where it does not start.

    Nothing where there is no newer revision than the one that serves.
    """
    newest, ready = (service["status"].get(f"latest{which}RevisionName") for which in ("Created", "Ready"))
    if newest != ready:
        raise ReleaseRefused(f"{service['metadata']['name']}: {newest} has not become ready")
    serving = _most(service, but=newest)
    return [f"--to-revisions={newest}={percent},{serving}={100 - percent}"] if serving else []


def back(service: dict[str, Any]) -> list[str]:
    """All requests to the revision that served before the newest; nothing where the newest is the only one."""
    serving = _most(service, but=service["status"].get("latestCreatedRevisionName"))
    return [f"--to-revisions={serving}=100"] if serving else []


def finish(_service: dict[str, Any]) -> list[str]:
    """All requests to the newest revision, and to those that come after it."""
    return ["--to-latest"]


def _most(service: dict[str, Any], but: str | None = None) -> str:
    parts = [
        part for part in service["status"].get("traffic", ()) if part.get("percent") and part["revisionName"] != but
    ]
    return str(max(parts, key=lambda part: part["percent"])["revisionName"]) if parts else ""


def _services(stack: str, where: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = {
        each["metadata"]["name"]: each
        for each in json.loads(_gcloud("run", "services", "list", *where, "--format=json"))
    }
    names = [f"bloom-{stack}-{service}" for service in SERVICES]
    yield from ((name, listed[name]) for name in names if name in listed)


def _move(given: argparse.Namespace, where: list[str]) -> None:
    plans: dict[str, Callable[[dict[str, Any]], list[str]]] = {
        "hold": hold,
        "back": back,
        "finish": finish,
        "share": lambda service: share(service, given.percent),
    }
    wanted = [(name, plans[given.what](service)) for name, service in _services(given.stack, where)]
    for name, options in wanted:  # all were looked at before any is changed
        if options:
            _gcloud("run", "services", "update-traffic", name, *where, *options)
        sys.stdout.write(f"{name}: {' '.join(options) or 'as it was'}\n")


def _restart(given: argparse.Namespace, where: list[str]) -> None:
    for name, _ in _services(given.stack, where):
        _gcloud("run", "services", "update", name, *where, f"--update-env-vars=RESTARTED={int(time.time())}")
        sys.stdout.write(f"{name}: anew\n")


def _secrets(given: argparse.Namespace, where: list[str]) -> None:
    project = [each for each in where if each.startswith("--project")]
    for name in SECRETS:
        secret = f"bloom-{given.stack}-{name}"
        if not _gcloud("secrets", "list", *project, f"--filter=name~/{secret}$", "--format=value(name)"):
            continue
        if not _gcloud(
            "secrets", "versions", "list", secret, *project, "--filter=state=enabled", "--format=value(name)"
        ):
            value = _gcloud("secrets", "versions", "access", "latest", f"--secret=bloom-{given.like}-{name}", *project)
            _gcloud("secrets", "versions", "add", secret, *project, "--data-file=-", told=value)
            sys.stdout.write(f"{secret}: as in {given.like}\n")


def _gcloud(*arguments: str, told: str | None = None) -> str:
    return subprocess.run(  # noqa: S603 - arguments of our own, without a shell
        ["gcloud", "--quiet", *arguments],  # noqa: S607 - wherever it is installed
        input=told,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def main(arguments: list[str]) -> int:
    """Do what is asked for all services of a stack; 1 where gcloud refuses or a revision does not start."""
    parser = argparse.ArgumentParser(prog="python -m infra.release", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("what", choices=("hold", "share", "finish", "back", "restart", "secrets"))
    parser.add_argument("--percent", type=int, choices=range(1, 100), default=10, metavar="1-99", help="of share")
    parser.add_argument("--like", default="dev", metavar="STACK", help="whose values a preview's secrets get")
    given = parser.parse_args(arguments)
    place = places(given.stack)
    where = [f"--region={place['region']}", f"--project={place['project']}"]
    try:
        {"restart": _restart, "secrets": _secrets}.get(given.what, _move)(given, where)
    except ReleaseRefused as refused:
        sys.stderr.write(f"bloom: {refused}\n")
        return 1
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"bloom: gcloud {error.cmd[2]} {error.cmd[3]} failed: {error.stderr}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
