"""Secret Manager: which secrets there are, and who alone may read each. Their values are added by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import secretmanager

from infra.identities import Identities
from infra.keys import Keys
from infra.package import FUNCTIONS
from infra.stack import Stack, StackSettingMalformed

WITH_DATABASE: Final = (*FUNCTIONS, "realtime")


@dataclass(frozen=True)
class Kept:
    """A secret: the setting that holds it, and who is given that setting."""

    setting: str
    readers: tuple[str, ...]
    optional: bool = False
    """Whether the product runs without it, and offers less."""


SECRETS: Final[dict[str, Kept]] = {
    "database-url": Kept("DATABASE_URL", (*WITH_DATABASE, "retrain")),
    "migrations-database-url": Kept("DATABASE_URL", ("migrations", "retirement")),
    "upstash-redis-rest-token": Kept("UPSTASH_REDIS_REST_TOKEN", (*WITH_DATABASE, "retrain")),
    "upstash-redis-rest-url": Kept("UPSTASH_REDIS_REST_URL", (*WITH_DATABASE, "retrain")),
    "redis-url": Kept("REDIS_URL", ("realtime",)),
    "smtp-url": Kept("SMTP_URL", ("auth", "appointments", "messages")),
    "event-keys": Kept("EVENT_KEYS", WITH_DATABASE),
    "message-keys": Kept("MESSAGE_KEYS", ("auth", "messages", "ml_feedback", "realtime", "retrain")),
    "credential-keys": Kept("CREDENTIAL_KEYS", ("auth", "appointments")),
    "clinical-keys": Kept("CLINICAL_KEYS", ("auth", "appointments", "messages", "ml_feedback")),
    "audit-signing-key": Kept("AUDIT_SIGNING_KEY", ("admin",), optional=True),
    "grafana-service-token": Kept("GRAFANA_SERVICE_TOKEN", ("admin",), optional=True),
    "grafana-signing-key": Kept("GRAFANA_SIGNING_KEY", ("admin",), optional=True),
    "google-client-id": Kept("GOOGLE_CLIENT_ID", ("auth",), optional=True),
    "google-client-secret": Kept("GOOGLE_CLIENT_SECRET", ("auth",), optional=True),
    "zoom-client-id": Kept("ZOOM_CLIENT_ID", ("auth",), optional=True),
    "zoom-client-secret": Kept("ZOOM_CLIENT_SECRET", ("auth",), optional=True),
    "zoom-account-id": Kept("ZOOM_ACCOUNT_ID", ("appointments",), optional=True),
    "zoom-meetings-client-id": Kept("ZOOM_MEETINGS_CLIENT_ID", ("appointments",), optional=True),
    "zoom-meetings-client-secret": Kept("ZOOM_MEETINGS_CLIENT_SECRET", ("appointments",), optional=True),
    "zoom-webhook-secret": Kept("ZOOM_WEBHOOK_SECRET", ("appointments",), optional=True),
    "zoom-sdk-key": Kept("ZOOM_SDK_KEY", ("appointments",), optional=True),
    "zoom-sdk-secret": Kept("ZOOM_SDK_SECRET", ("appointments",), optional=True),
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


def create(stack: Stack, identities: Identities, keys: Keys) -> SecretStore:
    """Empty secrets in the stack's region alone, each readable by the deployables that need it.

    Raises StackSettingMalformed where the stack goes without one that the product cannot run without.
    """
    secrets: dict[str, secretmanager.Secret] = {}
    grants: dict[str, tuple[pulumi.Resource, ...]] = {}
    for name, kept in _wanted(stack).items():
        secrets[name] = _secret(stack, name, keys)
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


def _secret(stack: Stack, name: str, keys: Keys) -> secretmanager.Secret:
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
        deletion_protection=stack.production,
        labels=stack.labels,
        opts=keys.first,
    )
