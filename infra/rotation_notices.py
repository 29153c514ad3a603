"""Where Secret Manager says that a secret has to be renewed, kept until a person has seen to it."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import pubsub

from infra.keys import AGENTS, Keys
from infra.stack import Stack

ROTATIONS: Final = "rotations"
LONGEST: Final = f"{31 * 24 * 3600}s"
"""The longest that Pub/Sub keeps a message."""
NEVER: Final = ""


@dataclass(frozen=True)
class Notices:
    """The topic of a stack's notices."""

    topic: pulumi.Output[str]
    """Its full name."""
    granted: pulumi.Resource
    """What must stand before a secret may name the topic."""


def create(stack: Stack, keys: Keys) -> Notices | None:
    """The topic with what keeps its notices; None for a preview, whose secrets are another stack's."""
    if stack.name.startswith("pr-"):
        return None
    topic = pubsub.Topic(
        f"{ROTATIONS}-topic",
        name=stack.called(ROTATIONS),
        kms_key_name=keys.of("pubsub"),
        message_storage_policy=pubsub.TopicMessageStoragePolicyArgs(allowed_persistence_regions=[stack.region]),
        labels=stack.labels,
        opts=keys.first,
    )
    granted = pubsub.TopicIAMMember(
        "secret-manager-tells",
        topic=topic.name,
        role="roles/pubsub.publisher",
        member=f"serviceAccount:{AGENTS['secrets'].format(number=stack.project_number)}",
    )
    pubsub.Subscription(
        ROTATIONS,
        name=stack.called(ROTATIONS),
        topic=topic.id,
        filter='attributes.eventType = "SECRET_ROTATE"',  # it also tells of each new version
        ack_deadline_seconds=60,
        message_retention_duration=LONGEST,
        expiration_policy=pubsub.SubscriptionExpirationPolicyArgs(ttl=NEVER),
        labels=stack.labels,
    )
    return Notices(topic.id, granted)
