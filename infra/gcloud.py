"""Google Cloud's own command line, for what is done to a stack that stands: one process a question, and no shell."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

STACKS: Final = Path(__file__).parent


class GcloudFailed(Exception):
    """gcloud refused; the message says what was asked and why it was refused, and holds no value of a secret."""


def gcloud(*arguments: str, told: str | None = None) -> str:
    """What it printed; `told` goes to its standard input. Raises GcloudFailed."""
    command = ["gcloud", "--quiet", *arguments]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise GcloudFailed(f"gcloud {' '.join(arguments[:3])}: {done.stderr.strip()}")
    return done.stdout


def asked(*arguments: str) -> list[dict[str, Any]]:
    """What a listing answers. Raises GcloudFailed."""
    found: list[dict[str, Any]] = json.loads(gcloud(*arguments, "--format=json"))
    return found


def config_of(stack: str) -> dict[str, Any]:
    """A stack's settings from its file, by their full names (`bloom:region`)."""
    config: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def project_of(stack: str) -> str:
    """The Google project that a stack is in."""
    return str(config_of(stack)["gcp:project"])
