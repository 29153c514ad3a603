"""What each deployable is told: plain settings as they are, secrets by reference, and nothing that it does not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from infra.buckets import MODELS
from infra.foundation import Foundation
from infra.messaging import TOPIC
from infra.package import FUNCTIONS

OUR_PROXIES: Final = "2"
"""Google's load balancer appends the client's address and then its own to X-Forwarded-For."""
WITH_KERNEL: Final = (*FUNCTIONS, "realtime", "retrain")
"""Deployables that read shared/settings.py, and so want all that has no default there."""
PRODUCTION_GATE: Final = "--production"
"""Of the training command: see `containers.inference.training.options`."""
COLLECTOR: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Where the classifier goes on with its callers' traces, as they do."""


@dataclass(frozen=True)
class Told:
    """A deployable's environment."""

    plain: Mapping[str, pulumi.Input[str]]
    secret: Mapping[str, pulumi.Output[str]]
    """Ids of secrets, by the variable that holds their newest version."""
    grants: tuple[pulumi.Resource, ...]
    """What must stand before the secrets can be read."""


@dataclass(frozen=True)
class Own:
    """What functions have to know of containers."""

    inference_url: pulumi.Output[str]
    inference_service: pulumi.Output[str]
    """`projects/P/locations/R/services/S`."""
    retrain_job: pulumi.Output[str]
    """`projects/P/locations/R/jobs/J`."""


def tell(on: Foundation, deployable: str, own: Own | None = None) -> Told:
    """The environment of a deployable; functions want to know of the containers."""
    plain = {**_common(on), **on.stack.deployable_settings} if deployable in WITH_KERNEL else {}
    return Told(
        {**plain, **_particular(on, deployable, own)},
        on.secrets.of(deployable),
        on.secrets.grants.get(deployable, ()),
    )


def models_url(on: Foundation) -> pulumi.Output[str]:
    """Where trained models are kept."""
    return pulumi.Output.concat("gs://", on.buckets.models.name, f"/{MODELS}")


def inference_audience(on: Foundation) -> str:
    """Whom ID tokens for the classifier are for: a name of our own, as it has to know it before it has an address."""
    return f"{on.stack.origin}/inference"


def _common(on: Foundation) -> dict[str, pulumi.Input[str]]:
    return {
        "BASE_URL": on.stack.origin,
        "TRUSTED_PROXY_HOPS": OUR_PROXIES,
        "GOOGLE_CLOUD_PROJECT": on.stack.project,
        "PUBSUB_TOPIC": on.stack.called(TOPIC),
        "OIDC_AUDIENCE": on.stack.origin,
        "PUSH_SERVICE_ACCOUNT": on.identities.email("push"),
        "SCHEDULER_SERVICE_ACCOUNT": on.identities.email("scheduler"),
    }


def _particular(on: Foundation, deployable: str, own: Own | None) -> dict[str, pulumi.Input[str]]:
    if deployable == "messages" and own:
        return {
            "INFERENCE_URL": own.inference_url,
            "INFERENCE_AUDIENCE": inference_audience(on),
            "STORAGE_URL": pulumi.Output.concat("gs://", on.buckets.files.name),
            "STORAGE_SIGNING_ACCOUNT": on.identities.email("messages"),
        }
    if deployable == "admin":
        return {
            "AUDIT_BUCKET_URL": pulumi.Output.concat("gs://", on.buckets.heads.name),
            "GRAFANA_DASHBOARDS": "bloom-production" if on.stack.production else "bloom-qa",
        }
    if deployable == "ml_feedback" and own:
        return {
            "RETRAIN_JOB": own.retrain_job,
            "INFERENCE_SERVICE": own.inference_service,
            "INFERENCE_URL": own.inference_url,
            "INFERENCE_AUDIENCE": inference_audience(on),
        }
    if deployable == "retrain":
        return {"MODELS_URL": models_url(on), **_training_data(on), **_training_options(on)}
    if deployable == "inference":
        callers = pulumi.Output.concat(on.identities.email("messages"), ",", on.identities.email("ml_feedback"))
        recorded = {name: value for name, value in on.stack.deployable_settings.items() if name == COLLECTOR}
        threads = {"INFERENCE_THREADS": str(on.stack.classifier_cpus)}
        own_name: dict[str, pulumi.Input[str]] = {
            "INFERENCE_CALLERS": callers,
            "INFERENCE_AUDIENCE": inference_audience(on),
        }
        return {**own_name, **threads, **_model(on), **recorded}
    return {}


def _training_data(on: Foundation) -> dict[str, pulumi.Input[str]]:
    """In the models' own bucket, since that is what the job may read."""
    files = [pulumi.Output.concat("gs://", on.buckets.models.name, f"/{name}") for name in on.stack.training_data]
    return {"TRAINING_DATA": pulumi.Output.all(*files).apply(",".join)} if files else {}


def _training_options(on: Foundation) -> dict[str, pulumi.Input[str]]:
    """The stack's own; in production no model comes of it that fails the behavioural suite in any language."""
    options = on.stack.deployable_settings.get("TRAINING_OPTIONS", "")
    if on.stack.production and PRODUCTION_GATE not in options.split():
        options = f"{PRODUCTION_GATE} {options}".strip()
    return {"TRAINING_OPTIONS": options} if options else {}


def _model(on: Foundation) -> dict[str, pulumi.Input[str]]:
    """By the same two names that a rollout tells it, so that a deployment of what was promoted changes nothing."""
    if not on.stack.model:
        return {}
    told: dict[str, pulumi.Input[str]] = {"MODEL_PATH": pulumi.Output.concat(models_url(on), f"/{on.stack.model}")}
    return told | ({"MODEL_MANIFEST_SHA256": on.stack.model_manifest} if on.stack.model_manifest else {})
