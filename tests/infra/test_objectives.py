"""What is promised is watched: the rules are evaluated over steady worlds, told alike in both places, and explained."""

import json
import re
from collections.abc import Callable

import pytest
import yaml

from infra.monitoring import NUMBERS
from infra.objectives import ALERTS, BURNS, OBJECTIVES, PERIOD_HOURS, Burn, Objective
from infra.package import ROOT
from infra.rules import FILE, written
from infra.schedules import EVERY_MINUTE, SCHEDULES
from shared.telemetry.metrics import METRICS
from tests.infra.conftest import make
from tests.infra.promql import Selector, World, answer, selectors
from tests.infra.provisioned import Provisioned

HOURS = {"5m": 1 / 12, "30m": 0.5, "1h": 1, "6h": 6, "3d": 72}
MUCH = 50.0
"""Requests a second."""
CASES = [(objective, burn) for objective in OBJECTIVES for burn in BURNS]


def alert(name: str) -> str:
    [query] = [alert.query for alert in ALERTS if alert.name == name]
    return query


def missing(objective: Objective, by_window: Callable[[float], float], every: float = MUCH) -> World:
    """Requests come at a steady rate, of which a share goes badly, by the window that is looked at (hours)."""
    part = next(selectors(objective.missed or objective.met)).prettify()

    def rate(selector: Selector, seconds: float) -> float:
        share = by_window(seconds / 3600)
        of_part = share if objective.missed else 1 - share
        return every * (of_part if selector.prettify() == part else 1)

    return rate


@pytest.mark.parametrize(("objective", "burn"), CASES)
def test_a_budget_that_goes_too_fast_is_told_of_and_one_that_lasts_is_not(objective: Objective, burn: Burn) -> None:
    query, limit = alert(f"{objective.name}-{burn.long}"), burn.rate * (1 - objective.share)
    assert answer(query, missing(objective, lambda hours: limit * 1.05)) is not None
    assert answer(query, missing(objective, lambda hours: limit * 0.95)) is None


@pytest.mark.parametrize(("objective", "burn"), CASES)
def test_what_is_over_and_what_has_only_begun_is_not_told_of(objective: Objective, burn: Burn) -> None:
    query, limit = alert(f"{objective.name}-{burn.long}"), burn.rate * (1 - objective.share)
    over = missing(objective, lambda hours: limit * 1.05 if hours == HOURS[burn.long] else 0)
    begun = missing(objective, lambda hours: limit * 1.05 if hours == HOURS[burn.short] else 0)
    assert (answer(query, over), answer(query, begun)) == (None, None)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_handful_of_misses_wakes_nobody(objective: Objective) -> None:
    all_of_four_an_hour = missing(objective, lambda hours: 1.0, every=4 / 3600)
    assert answer(alert(f"{objective.name}-1h"), all_of_four_an_hour) is None
    all_of_six_an_hour = missing(objective, lambda hours: 1.0, every=6 / 3600)
    assert answer(alert(f"{objective.name}-1h"), all_of_six_an_hour) is not None


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_where_nothing_happens_nothing_is_missed(objective: Objective) -> None:
    assert answer(alert(f"{objective.name}-6h"), lambda selector, seconds: None) is None


def test_a_burn_is_told_of_when_so_much_of_the_months_budget_is_gone() -> None:
    gone = [round(burn.rate * HOURS[burn.long] / PERIOD_HOURS, 4) for burn in BURNS]
    assert gone == [0.02, 0.05, 0.1]
    assert all(HOURS[burn.short] * 12 == pytest.approx(HOURS[burn.long]) for burn in BURNS)
    assert [burn.urgency for burn in BURNS] == ["page", "page", "ticket"]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_budget_used_up_just_in_time_burns_at_one(objective: Objective) -> None:
    steady = missing(objective, lambda hours: 1 - objective.share)
    assert answer(objective.burn_rate("1h"), steady) == pytest.approx(1)


@pytest.mark.parametrize("objective", [one for one in OBJECTIVES if one.met])
def test_what_is_soon_enough_is_a_bucket_that_is_counted(objective: Objective) -> None:
    [selector] = selectors(objective.met)
    [limit] = [float(matcher.value) for matcher in selector.matchers.matchers if matcher.name == "le"]
    [metric] = [metric for metric in METRICS if selector.name == f"{metric.name}_bucket"]
    assert limit in metric.buckets
    assert not limit.is_integer(), "written 1 by some and 1.0 by others"


@pytest.mark.parametrize(
    ("name", "rests", "told"),
    [
        ("risk-alert-waits", 900, 901),
        ("risk-alert-stays", 86_400, 86_401),
        ("outbox-lags", 120, 121),
        ("scoring-lags", 60, 61),
        ("reviews-overdue", 0, 1),
        ("model-drifted", 0, 1),
        ("key-old", 400, 401),
    ],
)
def test_what_waits_too_long_is_told_of(name: str, rests: float, told: float) -> None:
    assert answer(alert(name), lambda selector, seconds: rests) is None
    assert answer(alert(name), lambda selector, seconds: told) == told


def test_not_to_know_is_told_of_too() -> None:
    assert answer(alert("fleet-unknown"), lambda selector, seconds: None) is not None
    assert answer(alert("fleet-unknown"), lambda selector, seconds: 1.8e9) is None


@pytest.mark.parametrize("job", [name for name, job in SCHEDULES.items() if job.cron == EVERY_MINUTE])
def test_a_job_of_every_minute_that_does_not_succeed_is_told_of(job: str) -> None:
    query = alert(f"job-not-run-{job}")
    assert f'route="POST {SCHEDULES[job].path}"' in query
    assert answer(query, lambda selector, seconds: 1 / 60) is None
    assert answer(query, lambda selector, seconds: 0.0) is not None
    assert answer(query, lambda selector, seconds: None) is not None


def test_prometheus_has_the_rules_of_the_list() -> None:
    assert FILE.read_text() == written(), "python -m infra.rules"
    [group] = yaml.safe_load(written())["groups"]
    assert [rule["alert"] for rule in group["rules"]] == [alert.name for alert in ALERTS]
    assert len({alert.name for alert in ALERTS}) == len(ALERTS) > 20
    for rule in group["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+m", rule["for"])
        assert list(selectors(rule["expr"]))


@pytest.fixture(scope="module")
def watched() -> Provisioned:
    """Production, with its numbers pushed to a collector."""
    told = {
        "METRICS_ENABLED": "true",
        "METRICS_EXPORT_SECONDS": "15",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example",
    }
    assert set(told) == set(NUMBERS)
    return make("prod", settings=json.dumps(told))


def test_the_cloud_has_the_policies_of_the_same_list(watched: Provisioned) -> None:
    policies = {policy.name.removesuffix("-alert"): policy for policy in watched.of("AlertPolicy")}
    for alert in ALERTS:
        [condition] = policies[alert.name]["conditions"]
        asked = condition["conditionPrometheusQueryLanguage"]
        assert asked["query"] == alert.query
        assert (asked["duration"], asked["evaluationInterval"]) == (f"{alert.minutes * 60}s", "60s")
        assert policies[alert.name]["severity"] == {"page": "CRITICAL", "ticket": "WARNING"}[alert.urgency]
        assert policies[alert.name]["notificationChannels"] == ["operator-id"]
        assert alert.says in policies[alert.name]["documentation"]["content"]


def test_where_no_numbers_are_pushed_none_are_looked_at(dev: Provisioned) -> None:
    names = {policy.name.removesuffix("-alert") for policy in dev.of("AlertPolicy")}
    assert not names & {alert.name for alert in ALERTS}


def test_every_alert_leads_to_a_heading_of_the_runbook_and_every_heading_to_an_alert(watched: Provisioned) -> None:
    _, _, page = (ROOT / "docs" / "runbook.md").read_text().partition("\n## When an alert fires\n")
    headings = set(re.findall(r"^### ([a-z-]+)$", page, re.MULTILINE))
    told = [policy["documentation"]["content"] for policy in watched.of("AlertPolicy")]
    rules = [rule["annotations"]["runbook"] for rule in yaml.safe_load(written())["groups"][0]["rules"]]
    linked = [re.findall(r"docs/runbook\.md#([a-z-]+)", said) for said in (*told, *rules)]
    assert all(len(found) == 1 for found in linked)
    assert {found[0] for found in linked} == headings
