"""The private network, only where something needs it: Cloud SQL's private address, reached by direct egress."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import compute, servicenetworking

from infra.stack import Stack

ADDRESSES: Final = "10.10.0.0/22"
"""Cloud Run takes an address of these for each instance, twice as many while it exchanges revisions."""


@dataclass(frozen=True)
class PrivateNetwork:
    """A network with one subnetwork in the stack's region."""

    network: compute.Network
    subnetwork: compute.Subnetwork
    peering: servicenetworking.Connection


def create(stack: Stack) -> PrivateNetwork | None:
    """The network, or None where the database is outside."""
    if stack.database != "cloud-sql":
        return None
    network = compute.Network("network", name=stack.called("network"), auto_create_subnetworks=False)
    subnetwork = compute.Subnetwork(
        "subnetwork",
        name=stack.called("subnetwork"),
        network=network.id,
        region=stack.region,
        ip_cidr_range=ADDRESSES,
        private_ip_google_access=True,
    )
    addresses = compute.GlobalAddress(
        "database-addresses",
        name=stack.called("database-addresses"),
        network=network.id,
        purpose="VPC_PEERING",
        address_type="INTERNAL",
        prefix_length=20,
        labels=stack.labels,
    )
    peering = servicenetworking.Connection(
        "database-peering",
        network=network.id,
        service="servicenetworking.googleapis.com",
        reserved_peering_ranges=[addresses.name],
        opts=pulumi.ResourceOptions(protect=stack.production),
    )
    return PrivateNetwork(network, subnetwork, peering)
