"""Dashboards are what the code says they are, Grafana can read them, and a person can read what they show."""

import itertools
import json
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from infra.dashboards.catalogue import DASHBOARDS, FOLDER, PLACES, files
from tests.infra.promql import parsed, selectors
from tests.infra.provisioned import Provisioned

SCHEMA: Final = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parent / "grafana_dashboard.schema.json").read_text())
)
FILES: Final = {f"{path.parent.name}-{path.stem}": json.loads(text) for path, text in files().items()}


@pytest.fixture(params=FILES)
def dashboard(request: pytest.FixtureRequest) -> Any:
    return FILES[request.param]


def test_what_is_kept_is_what_the_code_says() -> None:
    kept = {path: path.read_text() for path in FOLDER.rglob("*.json")}
    assert kept == files(), "python -m infra.dashboards"
    assert {page.name for page in DASHBOARDS} == {
        *("overview", "auth", "booking", "messaging", "model", "database", "cost"),
    }


def test_grafana_can_read_it(dashboard: Any) -> None:
    assert [f"{error.instance_path}: {error.message}" for error in SCHEMA.iter_errors(dashboard)] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda panel: panel.update(type="graph"),
        lambda panel: panel.update(colour="red"),
        lambda panel: panel.pop("description"),
        lambda panel: panel["targets"][0].pop("expr"),
        lambda panel: panel["fieldConfig"]["defaults"].update(unit="furlongs"),
        lambda panel: panel["gridPos"].update(w=25),
    ],
)
def test_the_schema_finds_what_grafana_could_not_read(change: Any) -> None:
    spoilt = json.loads(json.dumps(FILES["bloom-qa-overview"]))
    for panel in spoilt["panels"]:
        if panel["type"] == "stat":
            change(panel)
            break
    assert list(SCHEMA.iter_errors(spoilt))


def test_it_begins_with_numbers_and_has_lines_and_a_map_of_times(dashboard: Any) -> None:
    kinds = [panel["type"] for panel in dashboard["panels"]]
    assert kinds[:3] == ["row", "stat", "stat"]
    assert "timeseries" in kinds
    assert "heatmap" in kinds or dashboard["uid"].endswith("-cost")


def test_panels_lie_beside_each_other_and_never_over(dashboard: Any) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    covered: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in dashboard["panels"]):
        across = range(place["x"], place["x"] + place["w"])
        cells = set(itertools.product(across, range(place["y"], place["y"] + place["h"])))
        assert max(across) < 24
        assert not cells & covered
        covered |= cells


def test_every_title_is_said_once_and_every_query_can_be_read(dashboard: Any) -> None:
    titles = [panel["title"] for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len(set(titles)) == len(titles)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            assert parsed(target["expr"])
            assert list(selectors(target["expr"])), target["expr"]


def test_what_is_no_promql_is_found() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        parsed("sum(rate(bloom_http_requests_total[5m])")


def test_both_places_are_shown_the_same_under_uids_that_the_function_asks_for(prod: Provisioned) -> None:
    qa, production = ({uid: page for uid, page in FILES.items() if uid.startswith(place)} for place in PLACES)
    assert len(qa) == len(production) == len(DASHBOARDS)
    for name in (page.name for page in DASHBOARDS):
        assert json.dumps(qa[f"bloom-qa-{name}"]).replace("bloom-qa", "bloom-production") == json.dumps(
            production[f"bloom-production-{name}"]
        )
        assert FILES[f"bloom-qa-{name}"]["uid"] == f"bloom-qa-{name}"
        assert len(f"bloom-production-{name}") <= 40
    told = prod.one("Function", "admin")["serviceConfig"]["environmentVariables"]
    assert told["GRAFANA_DASHBOARDS"] == "bloom-production"
