"""The OpenAPI document says of every public route what the route itself states."""

import copy
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.http import openapi
from tests.shared.http import probe


@pytest.fixture
def document(offline: FlaskClient) -> dict[str, Any]:
    """The probe's part, as its function serves it."""
    served: dict[str, Any] = offline.get("/openapi.json").get_json()
    return served


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(member) for member in value.values()))
    return set().union(*(references(member) for member in value)) if isinstance(value, list) else set()


def test_it_is_an_openapi_3_1_document(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(document["info"])
    assert set(document) == {"openapi", "info", "paths", "components"}


def test_every_public_route_is_in_it_and_no_internal_one(document: dict[str, Any]) -> None:
    shown = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    stated = {f"{endpoint.method} {endpoint.path}" for endpoint in probe.routes.endpoints}
    assert shown == {route for route in stated if "/api/internal/" not in route}
    assert "POST /api/internal/probe" in stated


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        where: Any = document
        for part in reference.removeprefix("#/").split("/"):
            where = where[part]


def test_what_comes_in_and_goes_out_is_described_in_camel_case(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/things"]["post"]
    assert operation["summary"] == "Give back what came in."
    assert operation["requestBody"]["required"] is True
    [incoming] = references(operation["requestBody"])
    members = document["components"]["schemas"][incoming.rpartition("/")[2]]
    assert set(members["properties"]) == {"displayName", "howMany", "madeAt", "parts"}
    assert members["required"] == ["displayName"]
    assert members["additionalProperties"] is False
    assert references(operation["responses"]["201"])


def test_query_parameters_are_described_with_their_bounds(document: dict[str, Any]) -> None:
    parameters = {one["name"]: one for one in document["paths"]["/api/things"]["get"]["parameters"]}
    assert set(parameters) == {"sortBy", "limit", "startsWith", "kind"}
    assert parameters["limit"]["in"] == "query"
    assert parameters["limit"]["required"] is False
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert parameters["kind"]["required"] is False
    assert "requestBody" not in document["paths"]["/api/things"]["get"]


def test_path_parameters_are_ids(document: dict[str, Any]) -> None:
    [parameter] = document["paths"]["/api/things/{id}"]["get"]["parameters"]
    assert parameter == {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def test_an_answer_without_a_body_is_204(document: dict[str, Any]) -> None:
    responses = document["paths"]["/api/things/{id}"]["delete"]["responses"]
    assert set(responses) == {"204", "default"}
    assert "content" not in responses["204"]


def test_every_route_says_who_may_call_and_that_it_may_fail(document: dict[str, Any]) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["x-allow"]
            assert operation["security"] == (
                [] if operation["x-allow"] == "anyone" else [{"session": []}, {"bearer": []}]
            )
            [reference] = references(operation["responses"]["default"])
            assert reference == "#/components/schemas/Problem"


def test_parts_are_merged_in_order_of_their_paths(document: dict[str, Any]) -> None:
    other = copy.deepcopy(document)
    other["paths"] = {"/api/another": {"get": {}}}
    merged = openapi.merged([document, other])
    assert list(merged["paths"]) == sorted({*document["paths"], "/api/another"})
    assert merged["components"] == document["components"] | {
        "schemas": dict(sorted(document["components"]["schemas"].items()))
    }


def test_two_functions_may_not_call_different_things_by_one_name(document: dict[str, Any]) -> None:
    other = copy.deepcopy(document)
    other["components"]["schemas"]["Thing"]["description"] = "Something else."
    with pytest.raises(ValueError, match="two functions differ in Thing"):
        openapi.merged([document, other])
