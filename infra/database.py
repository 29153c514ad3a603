"""The database: CockroachDB outside, reached by its secret, or Cloud SQL for PostgreSQL with a private address."""

from typing import Final

import pulumi
from pulumi_gcp import sql

from infra.keys import Keys
from infra.network import PrivateNetwork
from infra.stack import Stack

POSTGRES: Final = "POSTGRES_17"
BACKUPS_KEPT: Final = 30
LOG_DAYS: Final = 7
NAME: Final = "bloom"


def create(stack: Stack, network: PrivateNetwork | None, keys: Keys) -> sql.DatabaseInstance | None:
    """Cloud SQL's instance; None where the secret `database-url` leads to CockroachDB."""
    if network is None:
        return None
    instance = sql.DatabaseInstance(
        "database",
        name=stack.called("database"),
        region=stack.region,
        database_version=POSTGRES,
        encryption_key_name=keys.of("database"),
        deletion_protection=stack.production,
        settings=_settings(stack, network),
        opts=pulumi.ResourceOptions.merge(
            keys.first, pulumi.ResourceOptions(depends_on=[network.peering], protect=stack.production)
        ),
    )
    sql.Database("database-bloom", name=NAME, instance=instance.name)
    return instance


def _settings(stack: Stack, network: PrivateNetwork) -> sql.DatabaseInstanceSettingsArgs:
    return sql.DatabaseInstanceSettingsArgs(
        tier="db-custom-2-7680" if stack.production else "db-f1-micro",
        edition="ENTERPRISE",
        availability_type="REGIONAL" if stack.production else "ZONAL",
        deletion_protection_enabled=stack.production,
        disk_autoresize=True,
        user_labels=stack.labels,
        ip_configuration=sql.DatabaseInstanceSettingsIpConfigurationArgs(
            ipv4_enabled=False,
            private_network=network.network.id,
            ssl_mode="ENCRYPTED_ONLY",
        ),
        backup_configuration=sql.DatabaseInstanceSettingsBackupConfigurationArgs(
            enabled=True,
            location=stack.region,
            start_time="09:00",  # UTC: the small hours of us-west2
            point_in_time_recovery_enabled=True,
            transaction_log_retention_days=LOG_DAYS,
            backup_retention_settings=sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                retained_backups=BACKUPS_KEPT, retention_unit="COUNT"
            ),
        ),
    )
