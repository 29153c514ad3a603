"""CockroachDB Cloud by its provider, where that has a key: the cluster with its database and the two who sign in.

No password is made here, so that none stands in Pulumi's state: people set them, and put the addresses into secrets.
"""

from typing import Final

import pulumi
import pulumiverse_cockroach as cockroach

from infra.stack import Stack

NAME: Final = "bloom"
USERS: Final = ("bloom_migrations", "bloom_app")
NODES: Final = 3
"""In three zones, so that one can be lost."""
CPUS_A_NODE: Final = 4
GIB_A_NODE: Final = 50
BACKUP_MINUTES: Final = 60
BACKUP_DAYS: Final = 30


def create(stack: Stack) -> pulumi.Output[str] | None:
    """The host that the secrets' addresses name; None where nobody gave a key, or the rows are in Cloud SQL."""
    if not stack.makes_cluster or stack.database != "cockroachdb":
        return None
    cluster = cockroach.Cluster(
        "cluster",
        name=stack.cluster,
        cloud_provider="GCP",
        plan=_plan(stack),
        regions=[
            cockroach.ClusterRegionArgs(
                name=stack.region,
                node_count=NODES if stack.production else None,
                primary=None if stack.production else True,
            )
        ],
        dedicated=_dedicated() if stack.production else None,
        serverless=None if stack.production else _shared(stack),
        backup_config=cockroach.ClusterBackupConfigArgs(
            enabled=True, frequency_minutes=BACKUP_MINUTES, retention_days=BACKUP_DAYS
        ),
        delete_protection=stack.production,
        opts=pulumi.ResourceOptions(protect=stack.production),
    )
    cockroach.Database("cluster-bloom", name=NAME, cluster_id=cluster.id)
    for user in USERS:
        cockroach.SqlUser(user.replace("_", "-"), name=user, cluster_id=cluster.id)
    if stack.production:
        _let_in(cluster)
    return cluster.regions.apply(lambda regions: str(regions[0].sql_dns or ""))


def _plan(stack: Stack) -> str:
    """Patients' data wants the plan that comes with an agreement; what nobody uses wants the one that rests."""
    return "ADVANCED" if stack.production else "STANDARD" if stack.name == "qa" else "BASIC"


def _dedicated() -> cockroach.ClusterDedicatedArgs:
    # Private addresses are what its features for protected data ask for, and cannot be switched on afterwards.
    return cockroach.ClusterDedicatedArgs(
        num_virtual_cpus=CPUS_A_NODE, storage_gib=GIB_A_NODE, private_network_visibility=True
    )


def _shared(stack: Stack) -> cockroach.ClusterServerlessArgs:
    limits = cockroach.ClusterServerlessUsageLimitsArgs(provisioned_virtual_cpus=2 if stack.name == "qa" else None)
    return cockroach.ClusterServerlessArgs(
        upgrade_type="AUTOMATIC", usage_limits=limits if stack.name == "qa" else None
    )


def _let_in(cluster: cockroach.Cluster) -> None:
    """Cloud Run calls from addresses that are nobody's: what stands at the door is TLS and a password of 32 bytes."""
    cockroach.AllowList(
        "cluster-callers",
        cluster_id=cluster.id,
        name="cloud-run",
        cidr_ip="0.0.0.0",  # noqa: S104 - who may connect, nothing is bound
        cidr_mask=0,
        sql=True,
        ui=False,
    )
