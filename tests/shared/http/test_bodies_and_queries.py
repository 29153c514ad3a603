"""What comes in is read strictly, each fault named where it is; what goes out is the contract's camelCase."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient


def faults(offline: FlaskClient, body: object) -> dict[str, str]:
    """What a refused body is told, by place."""
    answer = offline.post("/api/things", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 422, answer.get_data(as_text=True)
    return {fault["pointer"]: fault["detail"] for fault in answer.get_json()["errors"]}


def query_faults(offline: FlaskClient, query: str) -> dict[str, str]:
    answer = offline.get(f"/api/things?{query}")
    assert answer.status_code == 422, answer.get_data(as_text=True)
    return {fault["pointer"]: fault["detail"] for fault in answer.get_json()["errors"]}


def test_names_are_camel_case_both_ways(offline: FlaskClient) -> None:
    body = {"displayName": "lamp", "howMany": 2, "madeAt": "2026-03-01T12:00:00+02:00", "parts": [{"partName": "bulb"}]}
    answer = offline.post("/api/things", json=body)
    assert answer.status_code == 201
    assert answer.content_type == "application/json"
    assert answer.get_json() == body | {"madeAt": "2026-03-01T10:00:00Z"}


def test_every_field_at_fault_is_named_by_its_json_pointer(offline: FlaskClient) -> None:
    body = {"displayName": "", "howMany": 1.5, "parts": [{"partName": "a"}, {"partName": None}, {}]}
    assert set(faults(offline, body)) == {"/displayName", "/howMany", "/parts/1/partName", "/parts/2/partName"}


def test_a_missing_member_is_said_to_be_required(offline: FlaskClient) -> None:
    assert faults(offline, {}) == {"/displayName": "is required"}


def test_an_unknown_member_is_refused_and_its_name_escaped(offline: FlaskClient) -> None:
    assert faults(offline, {"displayName": "a", "role/~admin": 1}) == {"/role~1~0admin": "is not known here"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("howMany", "2"),
        ("howMany", True),
        ("howMany", 2.5),
        ("howMany", None),
        ("displayName", 7),
        ("displayName", ["a"]),
        ("madeAt", 1772366400),
        ("madeAt", "2026-03-01T12:00:00"),
        ("madeAt", "yesterday"),
        ("parts", {}),
        ("parts", [7]),
    ],
)
def test_a_value_of_another_type_is_refused(offline: FlaskClient, member: str, value: object) -> None:
    [pointer] = faults(offline, {"displayName": "a", member: value})
    assert pointer.startswith(f"/{member}")


@pytest.mark.parametrize("body", [[], ["a"], "a", 7, None, True])
def test_a_body_that_is_no_object_is_at_fault_as_a_whole(offline: FlaskClient, body: object) -> None:
    assert list(faults(offline, body)) == [""]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"displayName": "a\0b"}, "/displayName"),
        ({"displayName": "a", "parts": [{"partName": "fine"}, {"partName": "\0"}]}, "/parts/1/partName"),
    ],
)
def test_a_nul_is_refused_wherever_it_stands(offline: FlaskClient, body: dict[str, Any], pointer: str) -> None:
    assert faults(offline, body) == {pointer: "must not contain U+0000"}


def test_a_backslash_before_u0000_is_no_nul(offline: FlaskClient) -> None:
    assert offline.post("/api/things", json={"displayName": "\\u0000"}).status_code == 201


def test_what_somebody_typed_is_not_repeated_to_them(offline: FlaskClient) -> None:
    answer = offline.post("/api/things", json={"displayName": "I feel so alone" * 5, "howMany": "so alone"})
    assert answer.status_code == 422
    assert "alone" not in answer.get_data(as_text=True)


def test_a_query_is_read_by_its_camel_case_names(offline: FlaskClient) -> None:
    answer = offline.get("/api/things?sortBy=time&limit=7&startsWith=%C3%A9")
    assert answer.get_json() == {"sortBy": "time", "limit": 7, "startsWith": "é", "kind": None}


def test_every_parameter_at_fault_is_named(offline: FlaskClient) -> None:
    assert set(query_faults(offline, "sortBy=size&limit=0&page=2")) == {"?sortBy", "?limit", "?page"}


@pytest.mark.parametrize("limit", ["201", "-1", "", "many", "1e3", "1.5"])
def test_a_page_has_1_to_200_items(offline: FlaskClient, limit: str) -> None:
    assert list(query_faults(offline, f"limit={limit}")) == ["?limit"]


def test_a_nul_in_a_query_is_refused(offline: FlaskClient) -> None:
    assert query_faults(offline, "startsWith=a%00b") == {"?startsWith": "must not contain U+0000"}


def test_nothing_to_say_is_204(offline: FlaskClient) -> None:
    answer = offline.delete("/api/things/7f2c3d64-8a55-4a40-9f43-0b5f6c7d8e9f")
    assert answer.status_code == 204
    assert answer.data == b""
