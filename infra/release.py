"""`python -m infra.release prod hold|share|finish|back|restart|secrets|missing`: which revisions of a stack answer.

Through gcloud: a release holds the requests at the revisions that serve, provisions the new ones beside them
(`bloom:held`), gives those a share, and finishes or goes back.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from infra.gcloud import GcloudFailed, asked, config_of, gcloud, project_of
from infra.package import FUNCTIONS
from infra.secret_store import SECRETS

SERVICES: Final = (*(name.replace("_", "-") for name in FUNCTIONS), "inference", "realtime")
Service = dict[str, Any]
"""As `gcloud run services list --format=json` tells of one."""


class ReleaseRefused(Exception):
    """What was asked cannot be done as the services stand; the message says why."""


def hold(service: Service) -> list[str]:
    """All requests stay where most of them go now, whatever is deployed."""
    serving = _most(service)
    return [f"--to-revisions={serving}=100"] if serving else []


def share(service: Service, percent: int) -> list[str]:
    """A share of the requests for the newest revision. Raises ReleaseRefused where it does not start.

    Nothing where there is no newer revision than the one that serves.
    """
    newest, ready = (service["status"].get(f"latest{which}RevisionName") for which in ("Created", "Ready"))
    if newest != ready:
        raise ReleaseRefused(f"{service['metadata']['name']}: {newest} has not become ready")
    serving = stable(service)
    return [f"--to-revisions={newest}={percent},{serving}={100 - percent}"] if serving else []


def back(service: Service) -> list[str]:
    """All requests to the revision that served before the newest; nothing where the newest is the only one."""
    serving = stable(service)
    return [f"--to-revisions={serving}=100"] if serving else []


def finish(_service: Service) -> list[str]:
    """All requests to the newest revision, and to those that come after it."""
    return ["--to-latest"]


def stable(service: Service) -> str:
    """The revision that most requests go to beside the newest; empty where there is none."""
    return _most(service, but=service["status"].get("latestCreatedRevisionName"))


def services(stack: str) -> Iterator[tuple[str, Service]]:
    """Those of a stack that stand, by name, in whichever region. Raises GcloudFailed."""
    listed = {
        each["metadata"]["name"]: each for each in asked("run", "services", "list", f"--project={project_of(stack)}")
    }
    names = [f"bloom-{stack}-{service}" for service in SERVICES]
    yield from ((name, listed[name]) for name in names if name in listed)


def region_of(service: Service) -> str:
    """Where it runs: not every one is in the stack's own region."""
    return str(service["metadata"]["labels"]["cloud.googleapis.com/location"])


def move(stack: str, plan: Callable[[Service], list[str]]) -> None:
    """Do to each service of a stack what a plan says of it.

    Raises ReleaseRefused before any is changed, GcloudFailed after all that could be were.
    """
    wanted = [(name, service, plan(service)) for name, service in services(stack)]
    told, refused = [], []
    for name, service, options in wanted:  # whatever becomes of one, the others are moved
        where = (f"--region={region_of(service)}", f"--project={project_of(stack)}")
        try:
            if options:
                gcloud("run", "services", "update-traffic", name, *where, *options)
            told.append(f"{name}: {' '.join(options) or 'as it was'}\n")
        except GcloudFailed as failed:
            refused.append(f"{name}: {failed}")
    sys.stdout.writelines(told)
    if refused:
        raise GcloudFailed("; ".join(refused))


def restart(stack: str, only: tuple[str, ...] = SERVICES) -> None:
    """Start every instance of these services anew, so that it reads its secrets anew. Raises GcloudFailed."""
    for name, service in services(stack):
        if name.removeprefix(f"bloom-{stack}-") in only:
            where = (f"--region={region_of(service)}", f"--project={project_of(stack)}")
            gcloud("run", "services", "update", name, *where, f"--update-env-vars=RESTARTED={int(time.time())}")
            sys.stdout.write(f"{name}: anew\n")


def missing(stack: str) -> list[str]:
    """The stack's secrets without a value: what is told one of them does not start. Raises GcloudFailed."""
    without, standing = set(config_of(stack).get("bloom:withoutSecrets") or ()), _standing(stack)
    wanted = (f"bloom-{stack}-{name}" for name in SECRETS if name not in without)
    return [name for name in wanted if name not in standing or not _has_value(stack, name)]


def _secrets(stack: str, like: str) -> None:
    """Give those of a preview that have no value the one of another stack in its project."""
    standing, project = _standing(stack), f"--project={project_of(stack)}"
    for name in SECRETS:
        secret = f"bloom-{stack}-{name}"
        if secret not in standing or _has_value(stack, secret):
            continue
        value = gcloud("secrets", "versions", "access", "latest", f"--secret=bloom-{like}-{name}", project)
        gcloud("secrets", "versions", "add", secret, project, "--data-file=-", told=value)
        sys.stdout.write(f"{secret}: as in {like}\n")


def _missing(stack: str) -> None:
    if names := missing(stack):
        raise ReleaseRefused(f"no value yet: {', '.join(names)}")


def _standing(stack: str) -> set[str]:
    listed = asked("secrets", "list", f"--project={project_of(stack)}", f"--filter=name~/bloom-{stack}-")
    return {str(secret["name"]).rpartition("/")[2] for secret in listed}


def _has_value(stack: str, secret: str) -> bool:
    project = f"--project={project_of(stack)}"
    return bool(asked("secrets", "versions", "list", secret, project, "--filter=state=enabled", "--limit=1"))


def _most(service: Service, but: str | None = None) -> str:
    parts = [
        part for part in service["status"].get("traffic", ()) if part.get("percent") and part["revisionName"] != but
    ]
    return str(max(parts, key=lambda part: part["percent"])["revisionName"]) if parts else ""


def main(arguments: list[str]) -> int:
    """Do what is asked for all services of a stack; 1 where gcloud refuses, a revision or a secret is not there."""
    parser = argparse.ArgumentParser(prog="python -m infra.release", description=__doc__)
    parser.add_argument("stack")
    parser.add_argument("what", choices=("hold", "share", "finish", "back", "restart", "secrets", "missing"))
    parser.add_argument("--percent", type=int, choices=range(1, 100), default=10, metavar="1-99", help="of share")
    parser.add_argument("--like", default="dev", metavar="STACK", help="whose values a preview's secrets get")
    given = parser.parse_args(arguments)
    does: dict[str, Callable[[], None]] = {
        "hold": lambda: move(given.stack, hold),
        "share": lambda: move(given.stack, lambda service: share(service, given.percent)),
        "finish": lambda: move(given.stack, finish),
        "back": lambda: move(given.stack, back),
        "restart": lambda: restart(given.stack),
        "secrets": lambda: _secrets(given.stack, given.like),
        "missing": lambda: _missing(given.stack),
    }
    try:
        does[given.what]()
    except (ReleaseRefused, GcloudFailed) as refused:
        sys.stderr.write(f"bloom: {refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
