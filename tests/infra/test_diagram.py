"""The picture of what is provisioned: it shows what there is, nothing else, and always the same way."""

import itertools
import xml.etree.ElementTree as ET

import pytest

from infra import diagram, inventory
from infra.inventory import Inventory
from infra.topology import Way, parts, ways
from tests.infra.provisioned import Provisioned

ONLY_CLOUD_SQL = {
    *("database", "database-bloom", "database-addresses", "database-peering", "database-key", "database-key-use"),
    *("network", "subnetwork"),
}


@pytest.fixture(scope="module")
def stack_on_cloud_sql(prod: Provisioned) -> set[str]:
    """The names of what the tests' own cloud was asked for."""
    return {found.name for found in prod.resources if not found.name.endswith("-connects")}


@pytest.fixture(scope="module")
def gathered() -> Inventory:
    """Production as the tree has it, gathered by the command's own way."""
    return inventory.collect("prod")


def ends(stack: Inventory, start: str, what: str) -> set[str]:
    return {way.end for way in ways(stack) if (way.start, way.what) == (start, what)}


def without(stack: Inventory, name: str) -> Inventory:
    left = [found for found in stack if found.name != name]
    assert len(left) < len(list(stack))
    return Inventory(stack.stack, left)


def test_what_is_gathered_is_what_the_tests_own_cloud_is_asked_for(
    gathered: Inventory, stack_on_cloud_sql: set[str]
) -> None:
    assert {found.name for found in gathered} == stack_on_cloud_sql - ONLY_CLOUD_SQL


def test_the_picture_in_the_documentation_is_that_of_the_program(gathered: Inventory) -> None:
    assert diagram.PICTURE.read_text() == diagram.draw(gathered), "run `python -m infra.diagram`"


def test_the_order_of_resources_changes_no_byte(gathered: Inventory) -> None:
    assert diagram.draw(Inventory("prod", reversed(list(gathered)))) == diagram.draw(gathered)


def test_every_deployable_is_shown_with_its_scale(gathered: Inventory) -> None:
    facts = {part.name: part.facts for part in parts(gathered)}
    assert facts["realtime"][0] == "2 to 15 instances, 1,000 at once each"
    assert facts["messages"][0].startswith("1 to ")
    assert {"auth", "appointments", "messages", "admin", "ml-feedback", "inference", "retrain"} <= set(facts)


def test_each_way_is_a_right_or_a_route_of_the_program(gathered: Inventory) -> None:
    assert {way.start for way in ways(gathered) if way.end == "Bucket files"} == {"messages"}
    assert ends(gathered, "ml-feedback", "calls") == {"inference", "retrain"}
    assert "inference" not in ends(gathered, "Load balancer", "internet")
    assert ends(gathered, "Pub/Sub", "events") == {"appointments", "auth", "messages"}
    assert "retirement" in ends(gathered, "Scheduler", "clock")
    assert {way.start for way in ways(gathered) if way.end == "Zoom"} == {"appointments"}


@pytest.mark.parametrize(
    ("resource", "way"),
    [
        ("messages-asks-inference", Way("messages", "inference", "calls")),
        ("messages-keeps-files", Way("messages", "Bucket files", "keeps")),
        ("realtime-publishes", Way("realtime", "Events", "publishes")),
        ("audit-retirement", Way("Scheduler", "retirement", "clock")),
        ("retrain-reads-database-url", Way("retrain", "CockroachDB", "asks")),
    ],
)
def test_what_is_taken_away_is_no_longer_drawn(gathered: Inventory, resource: str, way: Way) -> None:
    assert set(ways(gathered)) - set(ways(without(gathered, resource))) == {way}


def test_cloud_sql_takes_the_place_of_cockroachdb(gathered: Inventory) -> None:
    database = inventory.Asked(
        "gcp:sql/databaseInstance:DatabaseInstance",
        "database",
        {"settings": {"tier": "t", "availabilityType": "ZONAL"}},
    )
    inside = Inventory("prod", [*gathered, database])
    assert "CockroachDB" not in {part.name for part in parts(inside)}
    assert "Cloud SQL" in ends(inside, "auth", "asks")


def test_boxes_lie_within_the_page_and_on_no_other(gathered: Inventory) -> None:
    picture = ET.fromstring(diagram.draw(gathered))
    _, _, wide, high = map(float, picture.attrib["viewBox"].split())
    frames = [
        tuple(float(found.attrib[side]) for side in ("x", "y", "width", "height"))
        for found in picture.iter("{http://www.w3.org/2000/svg}rect")
        if "x" in found.attrib
    ]
    assert len(frames) == len(parts(gathered))
    assert all(x >= 0 and y >= 0 and x + w <= wide and y + h <= high for x, y, w, h in frames)
    for (x, y, w, h), (u, v, o, p) in itertools.combinations(frames, 2):
        assert x + w <= u or u + o <= x or y + h <= v or v + p <= y
