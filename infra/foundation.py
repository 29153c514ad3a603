"""What every deployable stands on."""

from dataclasses import dataclass

from infra.buckets import Buckets
from infra.identities import Identities
from infra.network import PrivateNetwork
from infra.registry import Registry
from infra.secret_store import SecretStore
from infra.stack import Stack


@dataclass(frozen=True)
class Foundation:
    """The parts of a stack that are there before anything runs."""

    stack: Stack
    identities: Identities
    secrets: SecretStore
    buckets: Buckets
    registry: Registry
    network: PrivateNetwork | None
