"""A `gcloud` that keeps services, secrets and objects in a file: it knows the commands that we use, and refuses others.

Run as a program it is the double itself; `Gcloud` puts it on the path of a test and looks into its file.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

NOW = "2026-11-26T08:00:00+00:00"


class Gcloud:
    """The double of one test."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "gcloud.json"
        program = folder / "gcloud"
        program.write_text(f"#!{sys.executable} -ISB\n" + Path(__file__).read_text())
        program.chmod(0o755)
        self.put(services={}, secrets={}, objects={}, log=[], refused=[])

    def environment(self, path: str) -> dict[str, str]:
        """What makes it the `gcloud` that is found."""
        return {"PATH": f"{self._state.parent}{os.pathsep}{path}", "GCLOUD_STATE": str(self._state)}

    def put(self, **parts: Any) -> None:
        """Replace parts of what it keeps."""
        held = json.loads(self._state.read_text()) if self._state.exists() else {}
        self._state.write_text(json.dumps(held | parts))

    def __getitem__(self, part: str) -> Any:
        return json.loads(self._state.read_text())[part]

    def serve(self, name: str, region: str = "us-west2", /, **traffic: int) -> None:
        """A service whose newest revision is `new`, with the shares of the requests by revision."""
        parts = [{"revisionName": revision, "percent": percent} for revision, percent in traffic.items()]
        service = {
            "metadata": {"name": name, "labels": {"cloud.googleapis.com/location": region}},
            "status": {"latestCreatedRevisionName": "new", "latestReadyRevisionName": "new", "traffic": parts},
        }
        self.put(services=self["services"] | {name: service})

    def settle(self, name: str) -> None:
        """A service whose newest revision has all requests, as after a release."""
        self.serve(name)
        services = self["services"]
        services[name]["status"]["traffic"] = [{"revisionName": "new", "percent": 100, "latestRevision": True}]
        self.put(services=services)

    def keep(self, secret: str, *values: str, made: str = NOW) -> None:
        """A secret with its versions, the newest last."""
        versions = [{"value": value, "createTime": made} for value in values]
        self.put(secrets=self["secrets"] | {secret: versions})

    def traffic(self, name: str) -> dict[str, int]:
        """The shares of the requests, by revision."""
        parts = self["services"][name]["status"]["traffic"]
        return {part["revisionName"]: part["percent"] for part in parts if part.get("percent")}

    def values(self, secret: str) -> list[str]:
        """A secret's values, the newest last."""
        return [version["value"] for version in self["secrets"][secret]]


Held = dict[str, Any]
Options = dict[str, str]


def _services(held: Held, _words: list[str], _options: Options) -> Any:
    return list(held["services"].values())


def _update_traffic(held: Held, words: list[str], options: Options) -> Any:
    service = held["services"][words[0]]
    if words[0] in held["refused"]:
        sys.exit(f"ERROR: {words[0]}: ABORTED: Conflict for resource")
    if options["region"] != service["metadata"]["labels"]["cloud.googleapis.com/location"]:
        sys.exit(f"ERROR: no service {words[0]} in {options['region']}")
    service["status"]["traffic"] = _traffic(options, service["status"])


def _traffic(options: Options, status: Held) -> list[Held]:
    if "to-latest" in options:
        return [{"revisionName": status["latestReadyRevisionName"], "percent": 100, "latestRevision": True}]
    shares = (part.split("=") for part in options["to-revisions"].split(","))
    return [{"revisionName": name, "percent": int(percent)} for name, percent in shares]


def _restart(held: Held, words: list[str], _options: Options) -> Any:
    seen = {secret: versions[-1]["value"] for secret, versions in held["secrets"].items() if versions}
    held["log"].append({"restarted": words[0], "seen": seen})


def _secrets(held: Held, _words: list[str], options: Options) -> Any:
    wanted = re.compile(options["filter"].removeprefix("name~"))
    names = [f"projects/1/secrets/{name}" for name in held["secrets"]]
    return [{"name": name} for name in names if wanted.search(name)]


def _versions(held: Held, words: list[str], _options: Options) -> Any:
    return [{"createTime": version["createTime"]} for version in held["secrets"][words[0]]]


def _value(held: Held, _words: list[str], options: Options) -> Any:
    return held["secrets"][options["secret"]][-1]["value"]


def _add_version(held: Held, words: list[str], _options: Options) -> Any:
    held["secrets"][words[0]].append({"value": sys.stdin.read(), "createTime": NOW})


def _token(_held: Held, _words: list[str], _options: Options) -> Any:
    return "token-of-the-deployer\n"


def _copy(held: Held, words: list[str], options: Options) -> Any:
    *files, target = words
    for file in files:
        path = target + file.rpartition("/")[2]
        held["objects"][path] = {"kind": options["content-type"], "cached": options["cache-control"], "at": NOW}
        held["log"].append({"sent": path})


def _objects(held: Held, words: list[str], _options: Options) -> Any:
    bucket = words[0].removesuffix("**")
    return [{"name": path.removeprefix(bucket), "update_time": kept["at"]} for path, kept in held["objects"].items()]


def _remove(held: Held, words: list[str], _options: Options) -> Any:
    for path in words:
        del held["objects"][path]


COMMANDS = {
    ("run", "services", "list"): _services,
    ("run", "services", "update-traffic"): _update_traffic,
    ("run", "services", "update"): _restart,
    ("secrets", "list"): _secrets,
    ("secrets", "versions", "list"): _versions,
    ("secrets", "versions", "access", "latest"): _value,
    ("secrets", "versions", "add"): _add_version,
    ("auth", "print-access-token"): _token,
    ("storage", "cp"): _copy,
    ("storage", "objects", "list"): _objects,
    ("storage", "rm"): _remove,
}


def _main() -> None:
    place = Path(os.environ["GCLOUD_STATE"])
    held = json.loads(place.read_text())
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    options = dict(option[2:].partition("=")[::2] for option in sys.argv[1:] if option.startswith("--"))
    command = next((known for known in COMMANDS if tuple(words[: len(known)]) == known), None)
    if command is None:
        sys.exit(f"ERROR: (gcloud.{'.'.join(words[:3])}) this double knows it not")
    answer = COMMANDS[command](held, words[len(command) :], options)
    place.write_text(json.dumps(held))
    if answer is not None:
        sys.stdout.write(answer if isinstance(answer, str) else json.dumps(answer))


if __name__ == "__main__":
    _main()
