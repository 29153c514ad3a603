"""KMS keys that data rests under, one for each service that keeps some; only that service's agent may use its key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import kms

from infra.stack import Stack

AGENTS: Final[dict[str, str]] = {
    "storage": "service-{number}@gs-project-accounts.iam.gserviceaccount.com",
    "pubsub": "service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com",
    "secrets": "service-{number}@gcp-sa-secretmanager.iam.gserviceaccount.com",
    "registry": "service-{number}@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    "database": "service-{number}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
}
"""Google's own accounts that encrypt in our project, by what they keep."""
NINETY_DAYS: Final = f"{90 * 24 * 3600}s"
THIRTY_DAYS: Final = f"{30 * 24 * 3600}s"


@dataclass(frozen=True)
class Keys:
    """Keys by what they are for; none where the stack leaves encryption to Google's keys."""

    ids: Mapping[str, pulumi.Output[str]]
    grants: tuple[pulumi.Resource, ...]
    """What must stand before a key can be used."""

    def of(self, what: str) -> pulumi.Output[str] | None:
        """The key's full name."""
        return self.ids.get(what)

    @property
    def first(self) -> pulumi.ResourceOptions:
        """Options of a resource that uses a key."""
        return pulumi.ResourceOptions(depends_on=list(self.grants))


def create(stack: Stack) -> Keys:
    """The keys of a stack."""
    if not stack.customer_keys:
        return Keys({}, ())
    ring = kms.KeyRing("keys", name=stack.called("keys"), location=stack.region)
    ids, grants = {}, []
    for what in _wanted(stack):
        key = kms.CryptoKey(
            f"{what}-key",
            name=what,
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=NINETY_DAYS,
            destroy_scheduled_duration=THIRTY_DAYS,
            labels=stack.labels,
            opts=pulumi.ResourceOptions(protect=stack.production),
        )
        grants.append(
            kms.CryptoKeyIAMMember(
                f"{what}-key-use",
                crypto_key_id=key.id,
                role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
                member=f"serviceAccount:{AGENTS[what].format(number=stack.project_number)}",
            )
        )
        ids[what] = key.id
    return Keys(ids, tuple(grants))


def _wanted(stack: Stack) -> list[str]:
    return [what for what in AGENTS if what != "database" or stack.database == "cloud-sql"]
