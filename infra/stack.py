"""What differs between stacks (`dev`, `qa`, `prod`, `pr-N`), read once from Pulumi.<stack>.yaml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

import pulumi

from shared.settings import Settings

HOME: Final = "us-west2"
GPU_REGIONS: Final[Mapping[str, frozenset[str]]] = {
    "nvidia-l4": frozenset({"us-central1", "us-east4", "europe-west1", "europe-west4", "asia-southeast1"}),
}
"""Where Cloud Run has which (cloud.google.com/run/docs/configuring/services/gpu, 2026): us-west2 has none."""
TRAINING_FILE: Final = r"[\w.-]+(/[\w.-]+)*\.csv(\.gz)?(#sha256=[0-9a-f]{64})?"
Database = Literal["cockroachdb", "cloud-sql"]


class StackSettingMalformed(Exception):
    """A setting of the stack cannot be used; the message names it."""


@dataclass(frozen=True)
class Stack:
    """One stack's settings. Money is in US dollars a month."""

    name: str
    project: str
    project_number: str
    region: str
    domain: str
    version: str
    """Tag of the four images in the stack's registry: a commit's, as a tag is written once."""
    model: str
    """Folder of the served model in the model bucket; empty: the one in the image."""
    model_manifest: str
    """SHA-256 of that model's manifest.json, in hexadecimal; empty: it is taken at its word."""
    training_data: tuple[str, ...]
    """CSV files id,text,label in the model bucket, which the retraining job joins feedback with; `#sha256=HEX` behind
    one pins it. None: feedback alone, which seldom holds enough texts at risk to choose thresholds by."""
    production: bool
    """Deletion protection, locked retention, warm instances and a second zone."""
    database: Database
    cluster: str
    """CockroachDB's name for the stack's cluster."""
    makes_cluster: bool
    """Whether CockroachDB's provider has a key (`cockroach:apikey`), and makes it; else its address is a secret."""
    makes_redis: bool
    """The same for Upstash's (`upstash:apiKey`)."""
    redis_region: str
    """Where Upstash keeps it: it has none in Google's us-west2."""
    gpu: str
    """What the classifier computes with, as `nvidia-l4`; empty: processors alone."""
    retrain_gpu: str
    """What the retraining job computes with, by the same names; empty: processors alone."""
    gpu_region: str
    """Where the classifier and that job run when they have one: not every region has them."""
    customer_keys: bool
    """Whether data rests under KMS keys of our own instead of Google's."""
    cloud_armor: bool
    relay_instances: tuple[int, int]
    """Fewest and most; each holds 1,000 sockets."""
    warm_alert_path: bool
    """Whether what an alert passes through always has an instance."""
    alert_email: str
    billing_account: str
    budget: int
    deployable_settings: Mapping[str, str]
    """Settings of the product that this stack changes, by the variable's name."""
    without_secrets: frozenset[str]
    """Secrets that this stack has no value for: what they are for is not offered."""
    phi: bool
    """Whether patients' data may enter: then every vendor in use must have signed."""
    signed: Mapping[str, str]
    """The day each vendor signed its agreement (BAA), by vendors.py's names."""
    held: bool
    """Whether requests stay with the revisions that they were given to by hand, instead of going to the newest."""

    @property
    def origin(self) -> str:
        """The public origin, without a trailing slash."""
        return f"https://{self.domain}"

    @property
    def inference_region(self) -> str:
        """Where the classifier runs, and messages' text goes to be read."""
        return self.gpu_region if self.gpu else self.region

    @property
    def retrain_region(self) -> str:
        """Where models are trained, and what they learn from lies meanwhile."""
        return self.gpu_region if self.retrain_gpu else self.region

    @property
    def classifier_cpus(self) -> int:
        """What one instance of it computes with; four is the least that Cloud Run gives beside a GPU."""
        return 4 if self.gpu else 2

    @property
    def labels(self) -> dict[str, str]:
        """What every resource that can be labelled carries."""
        return {"product": "bloom", "stack": self.name, "managed-by": "pulumi"}

    def called(self, what: str) -> str:
        """A resource's name, unlike those of other stacks in the same project."""
        return f"bloom-{self.name}-{what}"

    def bucket_called(self, what: str) -> str:
        """A bucket's name, unlike all others in the world."""
        return f"{self.project}-{self.name}-{what}"


def read() -> Stack:
    """The settings of the stack that Pulumi is working on. Raises StackSettingMalformed."""
    ours, google = pulumi.Config("bloom"), pulumi.Config("gcp")
    stack = Stack(
        name=pulumi.get_stack(),
        project=google.require("project"),
        project_number=ours.require("projectNumber"),
        region=ours.get("region") or HOME,
        domain=ours.require("domain"),
        version=ours.require("version"),
        model=ours.get("model") or "",
        model_manifest=ours.get("modelManifest") or "",
        training_data=tuple(ours.get_object("trainingData") or ()),
        production=ours.require_bool("production"),
        database=cast("Database", ours.get("database") or "cockroachdb"),
        cluster=ours.get("cluster") or pulumi.get_stack(),
        makes_cluster=pulumi.Config("cockroach").get("apikey") is not None,
        makes_redis=pulumi.Config("upstash").get("apiKey") is not None,
        redis_region=ours.get("redisRegion") or "us-west-1",
        gpu=ours.get("inferenceGpu") or "",
        retrain_gpu=ours.get("retrainGpu") or "",
        gpu_region=ours.get("gpuRegion") or ours.get("region") or HOME,
        customer_keys=ours.require_bool("customerKeys"),
        cloud_armor=ours.require_bool("cloudArmor"),
        relay_instances=(ours.require_int("relayFewest"), ours.require_int("relayMost")),
        warm_alert_path=ours.require_bool("warmAlertPath"),
        alert_email=ours.require("alertEmail"),
        billing_account=ours.require("billingAccount"),
        budget=ours.require_int("budget"),
        deployable_settings=ours.get_object("settings") or {},
        without_secrets=frozenset(ours.get_object("withoutSecrets") or ()),
        phi=ours.require_bool("phi"),
        signed=ours.get_object("baa") or {},
        held=ours.get_bool("held") or False,
    )
    _check(stack)
    return stack


def _check(stack: Stack) -> None:
    if not re.fullmatch(r"dev|qa|prod|pr-[1-9]\d{0,3}", stack.name):
        raise StackSettingMalformed(f"{stack.name}: a stack is dev, qa, prod or pr-1 to pr-9999")
    if stack.production != (stack.name == "prod"):
        raise StackSettingMalformed("production: true in prod, and there alone")
    if stack.database not in ("cockroachdb", "cloud-sql"):
        raise StackSettingMalformed("database: cockroachdb or cloud-sql")
    if not re.fullmatch(r"[0-9a-f]{7,40}|v\d[\w.-]*", stack.version):
        raise StackSettingMalformed(f"version: {stack.version} is no commit and no release: `make provision` gives it")
    _check_gpu(stack, "inferenceGpu", stack.gpu)
    _check_gpu(stack, "retrainGpu", stack.retrain_gpu)
    if stack.retrain_gpu and stack.database == "cloud-sql":
        raise StackSettingMalformed("retrainGpu: the database of cloud-sql is not reached from another region")
    _check_model(stack)
    _check_training_data(stack)
    unknown = {name for name in stack.deployable_settings if name.lower() not in Settings.model_fields}
    if unknown:
        raise StackSettingMalformed(f"settings: the product has no {', '.join(sorted(unknown))}")


def _check_gpu(stack: Stack, setting: str, gpu: str) -> None:
    if gpu and gpu not in GPU_REGIONS:
        raise StackSettingMalformed(f"{setting}: {', '.join(GPU_REGIONS)}, or none")
    if gpu and stack.gpu_region not in GPU_REGIONS[gpu]:
        known = ", ".join(sorted(GPU_REGIONS[gpu]))
        raise StackSettingMalformed(f"gpuRegion: {stack.gpu_region} has no {gpu}; {known} have")


def _check_model(stack: Stack) -> None:
    if stack.model_manifest and not (stack.model and re.fullmatch(r"[0-9a-f]{64}", stack.model_manifest)):
        raise StackSettingMalformed("modelManifest: the SHA-256 of the manifest of bloom:model, 64 hexadecimal digits")


def _check_training_data(stack: Stack) -> None:
    if any(not re.fullmatch(TRAINING_FILE, name) for name in stack.training_data):
        raise StackSettingMalformed(
            "trainingData: paths of CSV files in the model bucket, as training-data/posts.csv.gz"
        )
