"""Cloud Run: the classifier, the relay, and the jobs that migrate, retrain and end the audit trail's retention."""

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_gcp import artifactregistry, cloudrunv2, serviceaccount

from infra.deployable_settings import Told, inference_audience, tell
from infra.foundation import Foundation
from infra.network import PrivateNetwork
from infra.secret_store import NEWEST

SOCKETS_AN_INSTANCE: Final = 1_000
SOCKET_LIFE: Final = "3600s"
"""Cloud Run's longest request; a socket ends itself before (SOCKET_MINUTES)."""
TEXTS_AT_ONCE: Final = 32
MOST_GPUS: Final = 3
"""What a project may have without asking for more, where a zone's loss is not covered."""
SMALL: Final = {"cpu": "2", "memory": "512Mi"}
RETRAIN_ATTEMPTS: Final = 3
RETRAIN_CPUS: Final = "8"
"""What Cloud Run wants beside so much memory."""
RETRAIN_MEMORY: Final = "32Gi"
"""For xlm-roberta-base: 6 GB of weights, gradients, moments and the best epoch's weights, and as what is written lies
in memory there, two checkpoints of up to 4.5 GB at a time; the rest is texts, and the export."""
PRIVATE_RANGES: Final = "PRIVATE_RANGES_ONLY"


def inference(on: Foundation) -> cloudrunv2.Service:
    """The classifier: only messages and what tries models may call it, by their ID tokens; the latter deploys them."""
    told = tell(on, "inference")
    container = cloudrunv2.ServiceTemplateContainerArgs(
        image=on.registry.image("inference"),
        envs=_variables(told),
        ports=cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=8080),
        resources=_classifier_size(on),
        startup_probe=_answers("/ready"),
    )
    fewest = 1 if on.stack.warm_alert_path else 0
    service = cloudrunv2.Service(
        "inference",
        name=on.stack.called("inference"),
        location=on.stack.inference_region,
        ingress="INGRESS_TRAFFIC_ALL",
        custom_audiences=[inference_audience(on)],
        deletion_protection=on.stack.production,
        labels=on.stack.labels,
        template=cloudrunv2.ServiceTemplateArgs(
            containers=[container],
            service_account=on.identities.email("inference"),
            max_instance_request_concurrency=TEXTS_AT_ONCE,
            timeout="30s",
            scaling=cloudrunv2.ServiceTemplateScalingArgs(
                min_instance_count=fewest, max_instance_count=MOST_GPUS if on.stack.gpu else 10
            ),
            node_selector=_accelerator(on),
            gpu_zonal_redundancy_disabled=True if on.stack.gpu else None,
        ),
        traffics=_traffic(on),
        opts=pulumi.ResourceOptions(depends_on=list(on.buckets.grants)),
    )
    for actor in ("messages", "ml_feedback"):
        _may_with(on, service, actor, "asks", "roles/run.invoker")
    _may_with(on, service, "ml_feedback", "changes", "roles/run.developer")
    # Who deploys a revision has to be let see its image, and act as the account that it runs as.
    artifactregistry.RepositoryIamMember(
        "ml-feedback-reads-images",
        repository=on.registry.images.id,
        location=on.stack.region,
        role="roles/artifactregistry.reader",
        member=on.identities.member("ml_feedback"),
    )
    serviceaccount.IAMMember(
        "ml-feedback-acts-as-inference",
        service_account_id=on.identities.accounts["inference"].name,
        role="roles/iam.serviceAccountUser",
        member=on.identities.member("ml_feedback"),
    )
    return service


def _classifier_size(on: Foundation) -> cloudrunv2.ServiceTemplateContainerResourcesArgs:
    """With a GPU, the least that Cloud Run gives beside one, and by the instance's life."""
    cpus = str(on.stack.classifier_cpus)
    if on.stack.gpu:
        return cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits={"cpu": cpus, "memory": "16Gi", "nvidia.com/gpu": "1"}, cpu_idle=False, startup_cpu_boost=True
        )
    return cloudrunv2.ServiceTemplateContainerResourcesArgs(
        limits={"cpu": cpus, "memory": "2Gi"}, cpu_idle=True, startup_cpu_boost=True
    )


def _accelerator(on: Foundation) -> cloudrunv2.ServiceTemplateNodeSelectorArgs | None:
    return cloudrunv2.ServiceTemplateNodeSelectorArgs(accelerator=on.stack.gpu) if on.stack.gpu else None


def _may_with(on: Foundation, service: cloudrunv2.Service, actor: str, does: str, role: str) -> None:
    cloudrunv2.ServiceIamMember(
        f"{actor.replace('_', '-')}-{does}-inference",
        name=service.name,
        location=on.stack.inference_region,
        role=role,
        member=on.identities.member(actor),
    )


def realtime(on: Foundation) -> cloudrunv2.Service:
    """The relay: each socket is a request that lasts, and an instance's CPU is never taken away meanwhile."""
    told = tell(on, "realtime")
    container = cloudrunv2.ServiceTemplateContainerArgs(
        image=on.registry.image("realtime"),
        envs=_variables(told),
        ports=cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=8080),
        resources=cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits={"cpu": "1", "memory": "1Gi"}, cpu_idle=False
        ),
        startup_probe=_answers("/health"),
    )
    fewest, most = on.stack.relay_instances
    service = cloudrunv2.Service(
        "realtime",
        name=on.stack.called("realtime"),
        location=on.stack.region,
        ingress="INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
        deletion_protection=on.stack.production,
        labels=on.stack.labels,
        template=cloudrunv2.ServiceTemplateArgs(
            containers=[container],
            service_account=on.identities.email("realtime"),
            max_instance_request_concurrency=SOCKETS_AN_INSTANCE,
            timeout=SOCKET_LIFE,
            scaling=cloudrunv2.ServiceTemplateScalingArgs(min_instance_count=fewest, max_instance_count=most),
            vpc_access=_service_egress(on.network),
        ),
        traffics=_traffic(on),
        opts=pulumi.ResourceOptions(depends_on=list(told.grants)),
    )
    # The load balancer does not authenticate; the relay does, and nobody else gets as far.
    cloudrunv2.ServiceIamMember(
        "realtime-is-called",
        name=service.name,
        location=on.stack.region,
        role="roles/run.invoker",
        member="allUsers",
    )
    return service


def migrations(on: Foundation) -> cloudrunv2.Job:
    """The job that brings the schema up to date; it is run before traffic moves."""
    return _job(on, "migrations", size=SMALL, timeout="600s")


def retirement(on: Foundation) -> cloudrunv2.Job:
    """The job that removes entries of the audit trail that are old enough: only the schema's owner can, no function."""
    command = ["python", "-m", "infra.migrations", "retire-audit"]
    job = _job(on, "retirement", image="migrations", args=command, size=SMALL, timeout="3600s")
    cloudrunv2.JobIamMember(
        "scheduler-starts-retirement",
        name=job.name,
        location=on.stack.region,
        role="roles/run.invoker",
        member=on.identities.member("scheduler"),
    )
    return job


def retraining(on: Foundation) -> cloudrunv2.Job:
    """The job that trains; only the ml_feedback function may start it, with arguments of its own.

    An attempt that was killed is followed by another, which goes on from the checkpoint that it left behind where it
    learns from the same texts; one that came to an end of its own says so in its row, and what follows it ends at once.
    """
    gpu = on.stack.retrain_gpu
    size = {"cpu": RETRAIN_CPUS, "memory": RETRAIN_MEMORY, **({"nvidia.com/gpu": "1"} if gpu else {})}
    job = _job(on, "retrain", size=size, timeout="86400s", retries=RETRAIN_ATTEMPTS - 1, gpu=gpu)
    cloudrunv2.JobIamMember(
        "ml-feedback-starts-retraining",
        name=job.name,
        location=on.stack.retrain_region,
        role="roles/run.jobsExecutorWithOverrides",
        member=on.identities.member("ml_feedback"),
    )
    return job


def _job(
    on: Foundation,
    name: str,
    *,
    size: Mapping[str, str],
    timeout: str,
    image: str = "",
    args: list[str] | None = None,
    retries: int = 0,
    gpu: str = "",
) -> cloudrunv2.Job:
    """`retries` of what can be taken up again; a migration that failed is looked at by a person first.

    With a `gpu` it is in the region that has them.
    """
    told = tell(on, name)
    container = cloudrunv2.JobTemplateTemplateContainerArgs(
        image=on.registry.image(image or name),
        args=args,
        envs=_job_variables(told),
        resources=cloudrunv2.JobTemplateTemplateContainerResourcesArgs(limits=size),
    )
    once = cloudrunv2.JobTemplateTemplateArgs(
        containers=[container],
        service_account=on.identities.email(name),
        max_retries=retries,
        timeout=timeout,
        vpc_access=_job_egress(on.network),
        node_selector=cloudrunv2.JobTemplateTemplateNodeSelectorArgs(accelerator=gpu) if gpu else None,
        gpu_zonal_redundancy_disabled=True if gpu else None,
    )
    return cloudrunv2.Job(
        name,
        name=on.stack.called(name),
        location=on.stack.gpu_region if gpu else on.stack.region,
        deletion_protection=on.stack.production,
        labels=on.stack.labels,
        template=cloudrunv2.JobTemplateArgs(template=once, task_count=1, parallelism=1),
        opts=pulumi.ResourceOptions(depends_on=list(told.grants)),
    )


def _answers(path: str) -> cloudrunv2.ServiceTemplateContainerStartupProbeArgs:
    return cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
        http_get=cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(path=path),
        period_seconds=2,
        failure_threshold=60,
    )


def _traffic(on: Foundation) -> list[cloudrunv2.ServiceTrafficArgs] | None:
    """All to the newest revision; where it is held, whatever was set by hand stays."""
    if on.stack.held:
        return None
    return [cloudrunv2.ServiceTrafficArgs(type="TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent=100)]


def _variables(told: Told) -> list[cloudrunv2.ServiceTemplateContainerEnvArgs]:
    plain = [cloudrunv2.ServiceTemplateContainerEnvArgs(name=name, value=value) for name, value in told.plain.items()]
    return plain + [
        cloudrunv2.ServiceTemplateContainerEnvArgs(
            name=name,
            value_source=cloudrunv2.ServiceTemplateContainerEnvValueSourceArgs(
                secret_key_ref=cloudrunv2.ServiceTemplateContainerEnvValueSourceSecretKeyRefArgs(
                    secret=secret, version=NEWEST
                )
            ),
        )
        for name, secret in told.secret.items()
    ]


def _job_variables(told: Told) -> list[cloudrunv2.JobTemplateTemplateContainerEnvArgs]:
    plain = [
        cloudrunv2.JobTemplateTemplateContainerEnvArgs(name=name, value=value) for name, value in told.plain.items()
    ]
    return plain + [
        cloudrunv2.JobTemplateTemplateContainerEnvArgs(
            name=name,
            value_source=cloudrunv2.JobTemplateTemplateContainerEnvValueSourceArgs(
                secret_key_ref=cloudrunv2.JobTemplateTemplateContainerEnvValueSourceSecretKeyRefArgs(
                    secret=secret, version=NEWEST
                )
            ),
        )
        for name, secret in told.secret.items()
    ]


def _service_egress(network: PrivateNetwork | None) -> cloudrunv2.ServiceTemplateVpcAccessArgs | None:
    if network is None:
        return None
    way = cloudrunv2.ServiceTemplateVpcAccessNetworkInterfaceArgs(
        network=network.network.id, subnetwork=network.subnetwork.id
    )
    return cloudrunv2.ServiceTemplateVpcAccessArgs(network_interfaces=[way], egress=PRIVATE_RANGES)


def _job_egress(network: PrivateNetwork | None) -> cloudrunv2.JobTemplateTemplateVpcAccessArgs | None:
    if network is None:
        return None
    way = cloudrunv2.JobTemplateTemplateVpcAccessNetworkInterfaceArgs(
        network=network.network.id, subnetwork=network.subnetwork.id
    )
    return cloudrunv2.JobTemplateTemplateVpcAccessArgs(network_interfaces=[way], egress=PRIVATE_RANGES)
