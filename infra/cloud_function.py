"""A Cloud Function (2nd gen): from its archive, as its own account, reached through the load balancer alone."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import cloudfunctionsv2, cloudrunv2, storage

from infra.deployable_settings import Told
from infra.foundation import Foundation
from infra.network import PrivateNetwork
from infra.package import ROOT, package
from infra.secret_store import NEWEST
from infra.stack import Stack

RUNTIME: Final = "python313"
ENTRY_POINT: Final = "handle"


@dataclass(frozen=True)
class Shape:
    """How large a function's instances are and how many there may be."""

    memory: str = "512Mi"
    concurrency: int = 16
    most: int = 20
    timeout_seconds: int = 60
    on_alert_path: bool = False


SHAPES: Final[dict[str, Shape]] = {
    "auth": Shape(concurrency=8, most=40),  # a password's check keeps a core busy for 200 ms
    "appointments": Shape(),
    "messages": Shape(memory="1Gi", most=40, on_alert_path=True),
    "admin": Shape(most=5),
    "ml_feedback": Shape(most=5),
}


def create(on: Foundation, name: str, told: Told) -> cloudfunctionsv2.Function:
    """One function of SHAPES, by its folder's name."""
    slug = name.replace("_", "-")
    function = cloudfunctionsv2.Function(
        slug,
        name=on.stack.called(slug),
        location=on.stack.region,
        description=f"functions/{name}",
        build_config=_build(on, name),
        service_config=_service(on, name, told),
        labels=on.stack.labels,
        opts=pulumi.ResourceOptions(depends_on=[*told.grants, *on.buckets.grants, on.registry.builder_writes]),
    )
    # The load balancer does not authenticate; the function does, and nobody else gets as far.
    cloudrunv2.ServiceIamMember(
        f"{slug}-is-called",
        name=function.name,
        location=on.stack.region,
        role="roles/run.invoker",
        member="allUsers",
    )
    return function


def _build(on: Foundation, name: str) -> cloudfunctionsv2.FunctionBuildConfigArgs:
    archive = package(name)
    kept = storage.BucketObject(
        f"{name}-archive",
        bucket=on.buckets.archives.name,
        name=archive.object_name,
        source=pulumi.FileAsset(str(archive.write_to(ROOT / "dist"))),
        content_type="application/zip",
    )
    return cloudfunctionsv2.FunctionBuildConfigArgs(
        runtime=RUNTIME,
        entry_point=ENTRY_POINT,
        service_account=on.identities.accounts["builder"].name,
        docker_repository=on.registry.builds.id,
        source=cloudfunctionsv2.FunctionBuildConfigSourceArgs(
            storage_source=cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgs(
                bucket=on.buckets.archives.name, object=kept.name
            )
        ),
    )


def _service(on: Foundation, name: str, told: Told) -> cloudfunctionsv2.FunctionServiceConfigArgs:
    shape = SHAPES[name]
    return cloudfunctionsv2.FunctionServiceConfigArgs(
        available_cpu="1",
        available_memory=shape.memory,
        max_instance_request_concurrency=shape.concurrency,
        min_instance_count=1 if shape.on_alert_path and on.stack.warm_alert_path else 0,
        max_instance_count=shape.most,
        timeout_seconds=shape.timeout_seconds,
        ingress_settings="ALLOW_INTERNAL_AND_GCLB",
        all_traffic_on_latest_revision=not on.stack.held,
        service_account_email=on.identities.email(name),
        environment_variables={**told.plain, "THREADS": str(shape.concurrency)},
        secret_environment_variables=[_secret(on.stack, setting, secret) for setting, secret in told.secret.items()],
        direct_vpc_network_interfaces=_way_in(on.network),
        direct_vpc_egress=None if on.network is None else "VPC_EGRESS_PRIVATE_RANGES_ONLY",
    )


def _secret(
    stack: Stack, setting: str, secret: pulumi.Output[str]
) -> cloudfunctionsv2.FunctionServiceConfigSecretEnvironmentVariableArgs:
    return cloudfunctionsv2.FunctionServiceConfigSecretEnvironmentVariableArgs(
        key=setting, project_id=stack.project, secret=secret, version=NEWEST
    )


def _way_in(
    network: PrivateNetwork | None,
) -> list[cloudfunctionsv2.FunctionServiceConfigDirectVpcNetworkInterfaceArgs] | None:
    if network is None:
        return None
    return [
        cloudfunctionsv2.FunctionServiceConfigDirectVpcNetworkInterfaceArgs(
            network=network.network.id, subnetwork=network.subnetwork.id
        )
    ]
