"""Events and ticks: each reaches its function, as exactly the account that the function expects, and none is lost."""

import base64

from infra.package import FUNCTIONS
from infra.schedules import SCHEDULES
from infra.subscriptions import SUBSCRIPTIONS
from tests.infra.provisioned import NUMBER, Provisioned, Resource

AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"


def pushes(stack: Provisioned) -> list[Resource]:
    return [found for found in stack.of("Subscription") if "pushConfig" in found.inputs]


def told(stack: Provisioned, function: str, name: str) -> str:
    found = stack.one("Function", function)
    return str(found["serviceConfig"]["environmentVariables"][name])


def test_every_event_is_pushed_to_the_route_that_waits_for_it(stack: Provisioned) -> None:
    pushed = {(found["filter"], found["pushConfig"]["pushEndpoint"]) for found in pushes(stack)}
    assert pushed == {
        (f'attributes.type = "{event_type}"', f"https://{wanted.deployable.replace('_', '-')}.a.run.app{wanted.path}")
        for wanted in SUBSCRIPTIONS.values()
        for event_type in wanted.event_types
    }
    assert {found["topic"] for found in pushes(stack)} == {"events-topic-id"}


def test_a_filter_is_of_one_event_so_that_it_never_has_to_change(stack: Provisioned) -> None:
    assert not [found["filter"] for found in pushes(stack) if " OR " in found["filter"] or len(found["filter"]) > 256]
    names = [found["name"] for found in stack.of("Subscription")]
    assert len(names) == len(set(names))


def test_a_push_carries_the_token_that_the_function_expects(stack: Provisioned) -> None:
    for found in pushes(stack):
        token = found["pushConfig"]["oidcToken"]
        assert token == {
            "serviceAccountEmail": told(stack, "auth", "PUSH_SERVICE_ACCOUNT"),
            "audience": told(stack, "auth", "OIDC_AUDIENCE"),
        }


def test_what_is_not_taken_is_tried_again_and_then_kept_for_a_person(stack: Provisioned) -> None:
    for found in pushes(stack):
        assert found["deadLetterPolicy"]["deadLetterTopic"] == "dead-letters-topic-id"
        assert 5 <= found["deadLetterPolicy"]["maxDeliveryAttempts"] <= 100
        assert found["retryPolicy"] == {"minimumBackoff": "1s", "maximumBackoff": "300s"}
    kept = stack.one("Subscription", "dead-letters")
    assert kept["topic"] == "dead-letters-topic-id"
    assert kept["messageRetentionDuration"] == "604800s"


def test_pubsub_may_bury_what_it_takes_from_each_subscription(stack: Provisioned) -> None:
    takes = {
        found["subscription"]
        for found in stack.of("SubscriptionIAMMember")
        if found["role"] == "roles/pubsub.subscriber"
    }
    assert takes == {found["name"] for found in pushes(stack)}
    assert {found["member"] for found in stack.of("SubscriptionIAMMember")} == {AGENT}


def test_no_subscription_expires_while_nobody_writes(stack: Provisioned) -> None:
    assert all(found["expirationPolicy"] == {"ttl": ""} for found in stack.of("Subscription"))


def test_functions_publish_to_the_topic_that_is_there(stack: Provisioned) -> None:
    topic = stack.one("Topic", "events-topic")["name"]
    assert {told(stack, name.replace("_", "-"), "PUBSUB_TOPIC") for name in FUNCTIONS} == {topic}


def test_every_schedule_calls_its_route_with_the_token_that_it_expects(stack: Provisioned) -> None:
    jobs = {found.name: found for found in stack.of("cloudscheduler/job:Job")}
    assert set(jobs) == {*SCHEDULES, "audit-retirement"}
    for name, schedule in SCHEDULES.items():
        target = jobs[name]["httpTarget"]
        assert (jobs[name]["schedule"], jobs[name]["timeZone"]) == (schedule.cron, "Etc/UTC")
        assert target["uri"] == f"https://{schedule.deployable.replace('_', '-')}.a.run.app{schedule.path}"
        assert base64.b64decode(target["body"]) == schedule.body
        assert (target["httpMethod"], target["headers"]) == ("POST", {"Content-Type": "application/json"})
        assert target["oidcToken"] == {
            "serviceAccountEmail": told(stack, "auth", "SCHEDULER_SERVICE_ACCOUNT"),
            "audience": told(stack, "auth", "OIDC_AUDIENCE"),
        }


def test_every_month_the_audit_trails_retention_is_ended_by_a_job_of_its_own(stack: Provisioned) -> None:
    found = stack.one("cloudscheduler/job:Job", "audit-retirement")
    target = found["httpTarget"]
    assert found["schedule"] == "50 3 1 * *"
    assert target["uri"].startswith("https://run.googleapis.com/v2/")
    assert target["uri"].endswith("retirement-id:run")
    assert target["oauthToken"] == {"serviceAccountEmail": told(stack, "auth", "SCHEDULER_SERVICE_ACCOUNT")}


def test_what_is_called_seldom_is_called_again_when_it_fails(stack: Provisioned) -> None:
    for found in stack.of("cloudscheduler/job:Job"):
        retries = found["retryConfig"]["retryCount"]
        assert retries == (0 if found["schedule"] == "* * * * *" else 3)
