"""Who is told what: each line that wants a person, each silence, each dead letter, and the money."""

import re

from infra.package import ROOT
from infra.routes import ROUTES
from tests.infra.provisioned import Provisioned


def wanting_a_person() -> set[str]:
    """The log lines that the runbook calls CRITICAL."""
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    rows = re.findall(r"^\| log (.+?) \(CRITICAL\) \|", runbook, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}


def conditions(stack: Provisioned) -> dict[str, str]:
    """By alert policy: what it looks at."""
    return {
        policy.name: condition["conditionThreshold"]["filter"]
        for policy in stack.of("AlertPolicy")
        for condition in policy["conditions"]
        if "conditionThreshold" in condition
    }


def test_every_critical_line_of_the_runbook_is_counted_and_told(stack: Provisioned) -> None:
    wanted = wanting_a_person()
    assert len(wanted) >= 4
    metrics = {found.name: found for found in stack.of("Metric")}
    assert set(metrics) == wanted | {"job-failed"}
    for line in wanted:
        metric = metrics[line]
        assert metric["filter"].startswith("severity=CRITICAL AND ")
        assert f'jsonPayload.message="{line}"' in metric["filter"]
        assert f'service_name:"bloom-{stack.stack}-"' in metric["filter"]
        assert f'logging.googleapis.com/user/{metric["name"]}"' in conditions(stack)[f"{line}-alert"]


def test_one_such_line_is_enough(stack: Provisioned) -> None:
    for line in wanting_a_person():
        (condition,) = stack.one("AlertPolicy", f"{line}-alert")["conditions"]
        limit = condition["conditionThreshold"]
        assert (limit["comparison"], limit["thresholdValue"], limit["duration"]) == ("COMPARISON_GT", 0, "0s")
        assert limit["aggregations"][0]["alignmentPeriod"] == "60s"


def test_whoever_does_not_answer_from_outside_is_told_of(stack: Provisioned) -> None:
    checks = {found.name: found for found in stack.of("UptimeCheckConfig")}
    resting = {"dev": {"realtime"}, "pr-7": set(ROUTES.values())}.get(stack.stack, set())
    assert set(checks) == {f"{deployable}-answers" for deployable in set(ROUTES.values()) - resting}
    (certificate,) = stack.of("ManagedSslCertificate")
    for name, check in checks.items():
        deployable = name.removesuffix("-answers")
        http = check["httpCheck"]
        assert http["path"] == f"/health/{deployable.replace('_', '-')}"
        assert (http["port"], http["useSsl"], http["validateSsl"]) == (443, True, True)
        assert check["monitoredResource"]["labels"]["host"] == certificate["managed"]["domains"][0]
        assert check["period"] == "60s"
        assert len(check["selectedRegions"]) == 3
        assert f'check_id="{name}-check"' in conditions(stack)[f"{deployable}-silent-alert"]


def test_a_dead_letter_is_told_of(stack: Provisioned) -> None:
    looked_at = conditions(stack)["dead-letters-alert"]
    assert f'subscription_id="{stack.one("Subscription", "dead-letters")["name"]}"' in looked_at
    assert "num_undelivered_messages" in looked_at


def test_a_job_that_fails_again_and_again_is_told_of(stack: Provisioned) -> None:
    assert f'job_id:"bloom-{stack.stack}-"' in stack.one("Metric", "job-failed")["filter"]
    assert f'user/bloom-{stack.stack}-job-failed"' in conditions(stack)["job-failed-alert"]
    assert all(job["name"].startswith(f"bloom-{stack.stack}-") for job in stack.of("cloudscheduler/job:Job"))


def test_a_certificate_is_told_of_three_weeks_before_its_end(stack: Provisioned) -> None:
    (condition,) = stack.one("AlertPolicy", "certificate-ends-alert")["conditions"]
    limit = condition["conditionThreshold"]
    assert "uptime_check/time_until_ssl_cert_expires" in limit["filter"]
    (certificate,) = stack.of("ManagedSslCertificate")
    assert f'host="{certificate["managed"]["domains"][0]}"' in limit["filter"]
    assert (limit["comparison"], limit["thresholdValue"]) == ("COMPARISON_LT", 21)


def test_every_alert_reaches_the_operator_and_says_where_to_read_on(stack: Provisioned) -> None:
    channel = stack.one("NotificationChannel", "operator")
    assert channel["labels"] == {"email_address": "operator@bloomhealth.us"}
    assert channel.get("enabled", True) is True
    for policy in stack.of("AlertPolicy"):
        assert policy["notificationChannels"] == ["operator-id"]
        assert policy.get("enabled", True) is True
        assert "docs/runbook.md" in policy["documentation"]["content"]


def test_money_is_told_of_before_it_is_spent(stack: Provisioned) -> None:
    budget = stack.one("Budget", "budget")
    assert [rule["thresholdPercent"] for rule in budget["thresholdRules"]] == [0.5, 0.8, 1.0]
    expected = {"dev": "40", "qa": "300", "prod": "2000", "pr-7": "20"}[stack.stack]
    assert budget["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": expected}
    assert budget["budgetFilter"]["projects"] == ["projects/123456789012"]
    assert budget["allUpdatesRule"]["monitoringNotificationChannels"] == ["operator-id"]
