"""Everything that the program asks for, found by running it against a cloud that only writes down."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi
import yaml
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from infra.package import ROOT


class Resource(Protocol):
    """A resource as it was asked for; inputs are named as the provider names them."""

    @property
    def type(self) -> str:
        """As `gcp:storage/bucket:Bucket`."""

    @property
    def name(self) -> str:
        """In the program."""

    @property
    def inputs(self) -> dict[str, Any]:
        """What the provider would be sent."""


@dataclass(frozen=True)
class Asked:
    """One resource of an inventory."""

    type: str
    name: str
    inputs: dict[str, Any]


class Inventory:
    """The resources of a stack, to be asked by type; what is asked for together comes in the order of names."""

    def __init__(self, stack: str, resources: Iterable[Resource]) -> None:
        self.stack = stack
        self._resources = sorted(resources, key=lambda found: (found.type, found.name))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources)

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type, named by its end: `Secret`, `cloudscheduler/job:Job`."""
        return [found for found in self._resources if found.type.endswith((f":{kind}", f"/{kind}"))]

    @property
    def production(self) -> bool:
        """Whether patients use it."""
        return self.stack == "prod"

    @property
    def without_cloud_sql(self) -> bool:
        """Whether the rows are at CockroachDB."""
        return not self.of("DatabaseInstance")


def collect(stack: str, **changed: str) -> Inventory:
    """Run the program for a stack of the tree; `changed` are settings of ours by their names.

    Raises StackSettingMalformed. What vendors have signed is left out of it: nothing is made.
    """
    from infra.__main__ import provision
    from infra.stack import read

    book = _Book()
    settings = _settings(stack) | {"bloom:phi": "false"} | {f"bloom:{name}": value for name, value in changed.items()}
    pulumi.runtime.set_mocks(book, project="bloom", stack=stack, preview=False)
    pulumi.runtime.set_all_config(settings)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        provision(read())

    run()
    return Inventory(stack, book.asked)


class _Book(Mocks):
    """Writes down what is asked for, and answers with what the provider would add."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.asked.append(Asked(args.typ, args.name, args.inputs))
        return f"{args.name}-id", {**args.inputs, **_added(args)}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(f"{args.token} asks the cloud something that no setting says")


def _added(args: MockResourceArgs) -> dict[str, Any]:
    """What the provider adds to the inputs."""
    kind = args.typ.rpartition(":")[2]
    if kind == "Account":
        email = f"{args.inputs['accountId']}@{args.name}.iam.gserviceaccount.com"
        return {"email": email, "name": f"serviceAccounts/{email}"}
    if kind == "Function":
        return {"serviceConfig": {**args.inputs["serviceConfig"], "uri": f"https://{args.name}.a.run.app"}}
    added: dict[str, dict[str, Any]] = {
        "Service": {"uri": f"https://{args.name}.a.run.app"},
        "ProjectSink": {"writerIdentity": "serviceAccount:sink@gcp-sa-logging.iam.gserviceaccount.com"},
        "UptimeCheckConfig": {"uptimeCheckId": f"{args.name}-check"},
        "Cluster": {"regions": [{"name": "region", "sqlDns": "cluster.example"}]},
        "RedisDatabase": {"endpoint": "redis.example", "port": 6379.0, "password": "", "restToken": ""},
    }
    return added.get(kind, {})


def _settings(stack: str) -> dict[str, str]:
    file = "pr" if stack.startswith("pr-") else stack
    config = yaml.safe_load((ROOT / "infra" / f"Pulumi.{file}.yaml").read_text())["config"]
    config = {"bloom:version": "0000000", **config}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in config.items()}
