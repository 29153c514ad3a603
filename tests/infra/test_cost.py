"""The bill: what it is made of, that it follows the resources, and that it promises no more than it knows."""

import copy
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from infra import cost, price_table
from infra.bill import Estimate
from infra.inventory import Asked, Inventory
from infra.price_table import Price
from tests.infra.provisioned import Provisioned

TABLE = price_table.read()


def inventory(made: Provisioned, name: str = "", *, without: str = "") -> Inventory:
    """What was made, to be changed at will; `without` are types that were left out."""
    kept = [found for found in made.resources if not without or without not in found.type]
    return Inventory(name or made.stack, [Asked(each.type, each.name, copy.copy(each.inputs)) for each in kept])


def usd(estimate: Estimate, what: str) -> float:
    return sum(line.usd for line in estimate.lines() if line.what == what)


def changed(stack: Inventory, kind: str, **inputs: object) -> Inventory:
    for found in stack.of(kind):
        found.inputs.update(inputs)
    return stack


def test_development_at_rest_is_under_forty_dollars(dev: Provisioned) -> None:
    estimate = Estimate(inventory(dev), cost.DEVELOPERS, TABLE)
    assert 15 < estimate.total() < 40
    assert not {"Cloud Armor", "kept warm", "KMS", "Grafana"} & {line.what for line in estimate.lines()}
    assert usd(estimate, "relay") < 10


def test_a_relay_that_never_rests_is_paid_for_by_the_second(dev: Provisioned) -> None:
    stack = inventory(dev)
    (relay,) = [found for found in stack.of("Service") if found.name == "realtime"]
    template = copy.deepcopy(relay.inputs["template"])
    template["scaling"]["minInstanceCount"] = 2.0
    relay.inputs["template"] = template
    assert usd(Estimate(stack, 10, TABLE), "relay") == pytest.approx(2 * 730 * 3600 * (0.0000216 + 0.0000024))


def test_looks_from_outside_are_free_up_to_a_million_and_dear_beyond(prod: Provisioned) -> None:
    assert usd(Estimate(inventory(prod), 1_000, TABLE), "uptime checks") == 0
    everywhere = changed(inventory(prod), "UptimeCheckConfig", selectedRegions=["a", "b", "c", "d", "e", "f"])
    assert usd(Estimate(everywhere, 1_000, TABLE), "uptime checks") == pytest.approx((6 * 6 * 43_800 - 1e6) * 0.0003)


def test_every_rule_of_the_firewall_is_on_the_bill(prod: Provisioned) -> None:
    stack = inventory(prod)
    before = usd(Estimate(stack, 1_000, TABLE), "Cloud Armor")
    (policy,) = stack.of("SecurityPolicy")
    policy.inputs["rules"] = policy.inputs["rules"][:-1]
    assert usd(Estimate(stack, 1_000, TABLE), "Cloud Armor") == pytest.approx(before - 1)


def test_a_database_in_two_zones_costs_twice(prod: Provisioned) -> None:
    stack = inventory(prod)
    two = usd(Estimate(stack, 1_000, TABLE), "Cloud SQL")
    (database,) = stack.of("DatabaseInstance")
    database.inputs["settings"] = {**database.inputs["settings"], "availabilityType": "ZONAL"}
    assert usd(Estimate(stack, 1_000, TABLE), "Cloud SQL") == pytest.approx(two / 2)


def test_more_users_never_cost_less(prod: Provisioned, dev: Provisioned) -> None:
    for stack in (inventory(dev), inventory(prod), inventory(prod, without="gcp:sql/")):
        totals = [Estimate(stack, users, TABLE).total() for users in (0, 10, 1_000, 10_000, 100_000, 1_000_000)]
        assert totals == sorted(totals)
        assert totals[-1] > 3 * totals[0]


class Asking(dict[str, Price]):
    """Prices that note which of them were asked for."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        super().__init__(prices)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Price:
        self.asked.add(name)
        return super().__getitem__(name)


def test_every_price_of_the_table_is_used(prod: Provisioned, dev: Provisioned) -> None:
    prices = Asking(TABLE.prices)
    outside = "gcp:sql/"
    for stack in (dev, prod):
        cost.bill(Estimate(inventory(stack), 10, replace(TABLE, prices=prices)), 100)
    for name in ("prod", "qa"):
        cost.bill(Estimate(inventory(prod, name, without=outside), 10, replace(TABLE, prices=prices)), 100)
    cost.bill(Estimate(with_gpu(prod), 10, replace(TABLE, prices=prices)), 100)
    assert set(TABLE.prices) == prices.asked


def with_gpu(made: Provisioned) -> Inventory:
    stack = inventory(made)
    (classifier,) = [found for found in stack.of("Service") if found.name == "inference"]
    template = copy.deepcopy(classifier.inputs["template"])
    template["nodeSelector"] = {"accelerator": "nvidia-l4"}
    template["containers"][0]["resources"]["limits"] = {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    classifier.inputs["template"] = template
    return stack


def test_a_gpu_is_paid_for_as_long_as_its_instance_lives(prod: Provisioned) -> None:
    month = usd(Estimate(with_gpu(prod), 10, TABLE), "classifier, with a GPU")
    assert month == pytest.approx(730 * 3600 * (0.0001867 + 4 * 0.0000216 + 16 * 0.0000024))


def test_prices_are_dated_and_say_where_to_check_them() -> None:
    assert TABLE.entered <= datetime.now(UTC).date()
    assert all(
        (price.usd > 0 and "." in price.where) or price.where.startswith("the ") for price in TABLE.prices.values()
    )


def test_the_bill_says_that_its_prices_must_be_checked_and_what_it_leaves_out(prod: Provisioned) -> None:
    said = cost.bill(Estimate(inventory(prod, without="gcp:sql/"), 1_000, TABLE), 500)
    assert f"{TABLE.entered:%d %B %Y} from memory" in said
    assert "check infra/prices.toml" in said
    assert "promised $500: not met" in said
    assert "Zoom licences" in said.partition("in no sum")[2]


@pytest.mark.parametrize(
    ("exact", "shown"),
    [(0, "< $1"), (0.6, "< $1"), (34.4, "$34"), (126.14, "$130"), (2_345, "$2,300"), (15e3, "$15,000")],
)
def test_sums_have_no_more_digits_than_they_are_worth(exact: float, shown: str) -> None:
    assert cost.money(exact) == shown


@pytest.mark.parametrize(
    ("stack", "users", "usd"),
    [("dev", 10, 100), ("prod", 1, 500), ("prod", 1_000, 500), ("prod", 1_001, 2_000), ("prod", 500_000, 15_000)],
)
def test_what_was_promised_is_that_of_the_next_larger_number(stack: str, users: int, usd: int) -> None:
    assert cost.promise(stack, users) == usd


def test_the_picture_shows_each_claim_beside_its_sum(prod: Provisioned, dev: Provisioned) -> None:
    stacks = (inventory(dev), *[inventory(prod, without="gcp:sql/")] * 3)
    estimates = [Estimate(stack, users or 10, TABLE) for stack, (users, _) in zip(stacks, cost.CLAIMS, strict=True)]
    picture = cost.picture(estimates)
    written = [text.text or "" for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    for estimate, (_, promised) in zip(estimates, cost.CLAIMS, strict=True):
        assert f"{cost.money(promised)} promised" in written
        assert cost.money(estimate.total()) in written
    assert picture == cost.picture(estimates)
