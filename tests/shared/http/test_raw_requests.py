"""A body that is signed over its bytes reaches the slice as it came, within the limit of its route."""

import pytest
from flask.testing import FlaskClient

from shared.http.endpoint import Routes
from shared.http.schema import RawRequest
from shared.roles import anyone
from tests.shared.http.probe import BODY_LIMIT, Thing

JSON = {"content_type": "application/json"}


@pytest.mark.parametrize("body", [b'{ "a" :\t1 }\n', b"\xff not even text", b"", b'"\\u0000"'])
def test_it_comes_byte_for_byte(offline: FlaskClient, body: bytes) -> None:
    answer = offline.post("/api/raw", data=body, headers={"X-Signature": "v0=1"}, **JSON)
    assert (answer.status_code, answer.get_json()) == (200, {"body": body.hex(), "signature": "v0=1"})


def test_a_header_that_did_not_come_is_missing(offline: FlaskClient) -> None:
    assert offline.post("/api/raw", data=b"{}", **JSON).get_json()["signature"] is None


def test_it_has_the_limit_of_its_route(offline: FlaskClient) -> None:
    statuses = [offline.post("/api/raw", data=b" " * size, **JSON).status_code for size in (BODY_LIMIT, BODY_LIMIT + 1)]
    assert statuses == [200, 413]


def test_it_says_that_it_is_json(offline: FlaskClient) -> None:
    assert offline.post("/api/raw", data=b"{}", content_type="text/plain").status_code == 415


def test_the_document_says_that_there_is_a_body(offline: FlaskClient) -> None:
    operation = offline.get("/openapi.json").get_json()["paths"]["/api/raw"]["post"]
    assert operation["requestBody"] == {"required": True, "content": {"application/json": {}}}


def test_a_route_reads_its_body_in_one_way() -> None:
    def reads_twice(raw: RawRequest, new: Thing) -> None: ...

    with pytest.raises(TypeError, match="cannot fill"):
        Routes().endpoint("POST /api/twice", allow=anyone)(reads_twice)
