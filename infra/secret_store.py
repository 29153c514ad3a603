"""Secret Manager: which secrets there are, who alone may read each, and when each has to be renewed.

Their values are added by hand, or by what makes them (redis_database.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import pulumi
from pulumi_gcp import secretmanager

from infra.identities import Identities
from infra.keys import Keys
from infra.package import FUNCTIONS
from infra.rotation_notices import Notices
from infra.stack import Stack, StackSettingMalformed

WITH_DATABASE: Final = (*FUNCTIONS, "realtime")
HALF_A_YEAR: Final = 182
A_YEAR: Final = 365
Renewal = Literal["", "at the vendor", "by command", "by itself"]
"""How a secret gets a new value: not at all, where it is no secret by itself; by a person at who gave it; or by
infra/rotation.py, as both sides are ours, with a person's hand in it where data would be lost without the key."""


@dataclass(frozen=True)
class Kept:
    """A secret: the setting that holds it, and who is given that setting."""

    setting: str
    readers: tuple[str, ...]
    optional: bool = False
    """Whether the product runs without it, and offers less."""
    renewal: Renewal = "at the vendor"
    days: int = HALF_A_YEAR
    """After so many a new one is wanted, and somebody is told."""


SECRETS: Final[dict[str, Kept]] = {
    "database-url": Kept("DATABASE_URL", (*WITH_DATABASE, "retrain")),
    "migrations-database-url": Kept("DATABASE_URL", ("migrations", "retirement")),
    "upstash-redis-rest-token": Kept("UPSTASH_REDIS_REST_TOKEN", (*WITH_DATABASE, "retrain")),
    "upstash-redis-rest-url": Kept("UPSTASH_REDIS_REST_URL", (*WITH_DATABASE, "retrain"), renewal=""),
    "redis-url": Kept("REDIS_URL", ("realtime",)),
    "smtp-url": Kept("SMTP_URL", ("auth", "appointments", "messages")),
    "event-keys": Kept("EVENT_KEYS", WITH_DATABASE, renewal="by command", days=A_YEAR),
    "message-keys": Kept(
        "MESSAGE_KEYS", ("auth", "messages", "ml_feedback", "realtime", "retrain"), renewal="by command", days=A_YEAR
    ),
    "credential-keys": Kept("CREDENTIAL_KEYS", ("auth", "appointments"), renewal="by command", days=A_YEAR),
    "clinical-keys": Kept(
        "CLINICAL_KEYS", ("auth", "appointments", "messages", "ml_feedback"), renewal="by command", days=A_YEAR
    ),
    "audit-signing-key": Kept("AUDIT_SIGNING_KEY", ("admin",), optional=True, renewal="by itself"),
    "grafana-service-token": Kept("GRAFANA_SERVICE_TOKEN", ("admin",), optional=True),
    "grafana-signing-key": Kept("GRAFANA_SIGNING_KEY", ("admin",), optional=True, days=A_YEAR),
    "google-client-id": Kept("GOOGLE_CLIENT_ID", ("auth",), optional=True, renewal=""),
    "google-client-secret": Kept("GOOGLE_CLIENT_SECRET", ("auth",), optional=True, days=A_YEAR),
    "zoom-client-id": Kept("ZOOM_CLIENT_ID", ("auth",), optional=True, renewal=""),
    "zoom-client-secret": Kept("ZOOM_CLIENT_SECRET", ("auth",), optional=True, days=A_YEAR),
    "zoom-account-id": Kept("ZOOM_ACCOUNT_ID", ("appointments",), optional=True, renewal=""),
    "zoom-meetings-client-id": Kept("ZOOM_MEETINGS_CLIENT_ID", ("appointments",), optional=True, renewal=""),
    "zoom-meetings-client-secret": Kept("ZOOM_MEETINGS_CLIENT_SECRET", ("appointments",), optional=True, days=A_YEAR),
    "zoom-webhook-secret": Kept("ZOOM_WEBHOOK_SECRET", ("appointments",), optional=True, days=A_YEAR),
    "zoom-sdk-key": Kept("ZOOM_SDK_KEY", ("appointments",), optional=True, renewal=""),
    "zoom-sdk-secret": Kept("ZOOM_SDK_SECRET", ("appointments",), optional=True, days=A_YEAR),
}
NEWEST: Final = "latest"


@dataclass(frozen=True)
class SecretStore:
    """The stack's secrets and the grants to read them."""

    secrets: Mapping[str, secretmanager.Secret]
    grants: Mapping[str, tuple[pulumi.Resource, ...]]
    """By reader: what must stand before it can start."""

    def of(self, reader: str) -> dict[str, pulumi.Output[str]]:
        """The ids of the secrets that a deployable is given, by the setting that holds each."""
        read = {name: kept for name, kept in SECRETS.items() if reader in kept.readers and name in self.secrets}
        return {kept.setting: self.secrets[name].secret_id for name, kept in read.items()}


def create(stack: Stack, identities: Identities, keys: Keys, notices: Notices | None) -> SecretStore:
    """Empty secrets in the stack's region alone, each readable by the deployables that need it.

    With `notices`, it is told there when one has to be renewed.

    Raises StackSettingMalformed where the stack goes without one that the product cannot run without.
    """
    secrets: dict[str, secretmanager.Secret] = {}
    grants: dict[str, tuple[pulumi.Resource, ...]] = {}
    for name, kept in _wanted(stack).items():
        secrets[name] = _secret(stack, name, keys, notices if kept.renewal else None)
        for reader in kept.readers:
            grant = secretmanager.SecretIamMember(
                f"{reader}-reads-{name}",
                secret_id=secrets[name].id,
                role="roles/secretmanager.secretAccessor",
                member=identities.member(reader),
            )
            grants[reader] = (*grants.get(reader, ()), grant)
    return SecretStore(secrets, grants)


def _wanted(stack: Stack) -> dict[str, Kept]:
    needed = {name for name in stack.without_secrets if name not in SECRETS or not SECRETS[name].optional}
    if needed:
        raise StackSettingMalformed(f"withoutSecrets: the product needs {', '.join(sorted(needed))}, or knows it not")
    return {name: kept for name, kept in SECRETS.items() if name not in stack.without_secrets}


def _secret(stack: Stack, name: str, keys: Keys, notices: Notices | None) -> secretmanager.Secret:
    key = keys.of("secrets")
    encryption = (
        secretmanager.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(kms_key_name=key)
        if key is not None
        else None
    )
    replica = secretmanager.SecretReplicationUserManagedReplicaArgs(
        location=stack.region, customer_managed_encryption=encryption
    )
    return secretmanager.Secret(
        name,
        secret_id=stack.called(name),
        replication=secretmanager.SecretReplicationArgs(
            user_managed=secretmanager.SecretReplicationUserManagedArgs(replicas=[replica])
        ),
        topics=[secretmanager.SecretTopicArgs(name=notices.topic)] if notices else None,
        rotation=_rotation(SECRETS[name].days) if notices else None,
        deletion_protection=stack.production,
        labels=stack.labels,
        opts=pulumi.ResourceOptions.merge(
            keys.first,
            pulumi.ResourceOptions(
                depends_on=[notices.granted] if notices else [],
                ignore_changes=["rotation.nextRotationTime"],  # Secret Manager moves it on with each notice
            ),
        ),
    )


def _rotation(days: int) -> secretmanager.SecretRotationArgs:
    period = timedelta(days=days)
    return secretmanager.SecretRotationArgs(
        rotation_period=f"{int(period.total_seconds())}s",
        next_rotation_time=(datetime.now(UTC) + period).strftime("%Y-%m-%dT00:00:00Z"),
    )
