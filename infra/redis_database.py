"""Upstash by its provider, where that has a key: the database, and its addresses into the secrets that are read.

Its token and password are in Pulumi's state then, under the key that the stack was initialised with, and nowhere else.
"""

from typing import Final

import pulumi
import upstash_pulumi as upstash
from pulumi_gcp import secretmanager

from infra.secret_store import SecretStore
from infra.stack import Stack

BUDGETS: Final = {True: 500, False: 20}
"""US dollars a month at which Upstash slows it down, for patients and without."""


def create(stack: Stack, secrets: SecretStore) -> upstash.RedisDatabase | None:
    """The database; None where nobody gave a key, and people make it and fill its secrets."""
    if not stack.makes_redis:
        return None
    database = upstash.RedisDatabase(
        "redis",
        database_name=stack.called("redis"),
        region="global",
        primary_region=stack.redis_region,
        tls=True,
        eviction=False,  # what counts guesses and ends sessions is not thrown away for room
        prod_pack=stack.production,
        auto_scale=stack.production,
        budget=BUDGETS[stack.production],
        opts=pulumi.ResourceOptions(protect=stack.production),
    )
    values: dict[str, pulumi.Output[str]] = {
        "upstash-redis-rest-url": pulumi.Output.concat("https://", database.endpoint),
        "upstash-redis-rest-token": database.rest_token,
        "redis-url": pulumi.Output.concat(
            "rediss://default:", database.password, "@", database.endpoint, ":", database.port.apply(_port)
        ),
    }
    for name, value in values.items():
        kept: pulumi.Output[str] = pulumi.Output.secret(value)
        secretmanager.SecretVersion(f"{name}-value", secret=secrets.secrets[name].id, secret_data=kept)
    return database


def _port(number: float) -> str:
    return f"{number:.0f}"
