"""Pub/Sub: the topic of events, a push subscription for each event of subscriptions.py, and where failures end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_gcp import cloudfunctionsv2, pubsub, serviceaccount

from infra.identities import Identities
from infra.keys import AGENTS, Keys
from infra.package import FUNCTIONS
from infra.stack import Stack
from infra.subscriptions import SUBSCRIPTIONS, Subscription

WEEK: Final = f"{7 * 24 * 3600}s"
NEVER: Final = ""
PUBLISHERS: Final = (*FUNCTIONS, "realtime")
TOPIC: Final = "events"
DEAD_LETTERS: Final = "dead-letters"


@dataclass(frozen=True)
class Topics:
    """Where events go, and where those go that nobody took."""

    events: pubsub.Topic
    dead_letters: pubsub.Topic


def create_topics(stack: Stack, identities: Identities, keys: Keys) -> Topics:
    """Both topics, in the stack's region alone; what is dead is kept a week for somebody to look at."""
    topics = Topics(_topic(stack, TOPIC, keys), _topic(stack, DEAD_LETTERS, keys))
    for actor in PUBLISHERS:
        _may_publish(f"{actor}-publishes", topics.events, identities.member(actor))
    _may_publish("pubsub-buries", topics.dead_letters, _agent(stack))
    pubsub.Subscription(
        DEAD_LETTERS,
        name=stack.called(DEAD_LETTERS),
        topic=topics.dead_letters.id,
        ack_deadline_seconds=60,
        message_retention_duration=WEEK,
        expiration_policy=pubsub.SubscriptionExpirationPolicyArgs(ttl=NEVER),
        labels=stack.labels,
    )
    serviceaccount.IAMMember(
        "pubsub-signs-as-push",
        service_account_id=identities.accounts["push"].name,
        role="roles/iam.serviceAccountTokenCreator",
        member=_agent(stack),
    )
    return topics


def subscribe(
    stack: Stack, identities: Identities, topics: Topics, functions: Mapping[str, cloudfunctionsv2.Function]
) -> None:
    """Push each subscription's events to its function, with a token of the push account."""
    for name, wanted in SUBSCRIPTIONS.items():
        url = functions[wanted.deployable].service_config.apply(lambda service: str(service.uri if service else ""))
        endpoint = pulumi.Output.concat(url, wanted.path)
        for event_type in wanted.event_types:
            _push(stack, identities, topics, f"{name}-{event_type}", wanted, event_type, endpoint)


def _push(
    stack: Stack,
    identities: Identities,
    topics: Topics,
    name: str,
    wanted: Subscription,
    event_type: str,
    endpoint: pulumi.Output[str],
) -> None:
    """One type each: a filter can never be changed, only replaced, and what waits behind the old one would be lost."""
    subscription = pubsub.Subscription(
        name,
        name=stack.called(name),
        topic=topics.events.id,
        filter=f'attributes.type = "{event_type}"',
        ack_deadline_seconds=wanted.ack_deadline_seconds,
        message_retention_duration=WEEK,
        expiration_policy=pubsub.SubscriptionExpirationPolicyArgs(ttl=NEVER),
        push_config=pubsub.SubscriptionPushConfigArgs(
            push_endpoint=endpoint,
            oidc_token=pubsub.SubscriptionPushConfigOidcTokenArgs(
                service_account_email=identities.email("push"), audience=stack.origin
            ),
        ),
        retry_policy=pubsub.SubscriptionRetryPolicyArgs(minimum_backoff="1s", maximum_backoff="300s"),
        dead_letter_policy=pubsub.SubscriptionDeadLetterPolicyArgs(
            dead_letter_topic=topics.dead_letters.id, max_delivery_attempts=wanted.max_delivery_attempts
        ),
        labels=stack.labels,
    )
    pubsub.SubscriptionIAMMember(
        f"pubsub-takes-from-{name}",
        subscription=subscription.name,
        role="roles/pubsub.subscriber",
        member=_agent(stack),
    )


def _topic(stack: Stack, name: str, keys: Keys) -> pubsub.Topic:
    return pubsub.Topic(
        f"{name}-topic",
        name=stack.called(name),
        kms_key_name=keys.of("pubsub"),
        message_storage_policy=pubsub.TopicMessageStoragePolicyArgs(allowed_persistence_regions=[stack.region]),
        labels=stack.labels,
        opts=keys.first,
    )


def _may_publish(name: str, topic: pubsub.Topic, member: pulumi.Input[str]) -> None:
    pubsub.TopicIAMMember(name, topic=topic.name, role="roles/pubsub.publisher", member=member)


def _agent(stack: Stack) -> str:
    return f"serviceAccount:{AGENTS['pubsub'].format(number=stack.project_number)}"
