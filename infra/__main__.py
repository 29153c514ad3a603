"""What Bloom Health runs on: `pulumi up` reads this from top to bottom."""

import sys
from pathlib import Path

# Pulumi starts this folder as a program, which does not put the folder above it on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pulumi

from infra import (
    buckets,
    cloud_function,
    cockroach,
    container_service,
    database,
    identities,
    keys,
    load_balancer,
    logs,
    messaging,
    monitoring,
    network,
    redis_database,
    registry,
    rotation_notices,
    scheduler,
    secret_store,
    stack,
    vendors,
)
from infra.deployable_settings import Own, tell
from infra.foundation import Foundation
from infra.package import FUNCTIONS


def provision(chosen: stack.Stack) -> None:
    """All resources of a stack."""
    vendors.check(chosen)
    accounts = identities.create(chosen)
    keyring = keys.create(chosen)
    secrets = secret_store.create(chosen, accounts, keyring, rotation_notices.create(chosen, keyring))
    redis_database.create(chosen, secrets)
    private = network.create(chosen)
    instance = database.create(chosen, private, keyring)
    cluster = cockroach.create(chosen)
    kept = buckets.create(chosen, accounts, keyring)
    images = registry.create(chosen, accounts, keyring)
    topics = messaging.create_topics(chosen, accounts, keyring)
    on = Foundation(chosen, accounts, secrets, kept, images, private)

    classifier = container_service.inference(on)
    relay = container_service.realtime(on)
    container_service.migrations(on)
    retirement = container_service.retirement(on)
    training = container_service.retraining(on)
    own = Own(classifier.uri, classifier.id, training.id)
    functions = {name: cloud_function.create(on, name, tell(on, name, own)) for name in FUNCTIONS}

    messaging.subscribe(chosen, accounts, topics, functions)
    scheduler.create(chosen, accounts, functions)
    scheduler.start_monthly(chosen, accounts, retirement)
    services = {name: function.name for name, function in functions.items()} | {"realtime": relay.name}
    address = load_balancer.create(chosen, services, kept)
    logs.create(chosen)
    monitoring.create(chosen)

    pulumi.export("address", address.address)
    pulumi.export("origin", chosen.origin)
    pulumi.export("database", instance.connection_name if instance else cluster)


if __name__ == "__main__":
    provision(stack.read())
