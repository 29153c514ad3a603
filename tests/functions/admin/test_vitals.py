"""What browsers tell of pages becomes numbers, and never says who or which one it was."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from infra.package import ROOT
from shared.telemetry.metrics import WEB_PARTS
from tests.shared.recorded import recording

URL = "/api/vitals"
TOLD: dict[str, Any] = {"page": "/messages/:id", "largestPaintMs": 1810.5, "interactionMs": 40, "layoutShift": 0.02}


def test_a_pages_numbers_are_counted_by_its_part(admin: FlaskClient) -> None:
    with recording() as recorded:
        assert admin.post(URL, json=TOLD).status_code == 204
        page = recorded.page()
    for line in (
        'bloom_page_largest_paint_seconds_bucket{le="2.0",page="/messages"} 1.0',
        'bloom_page_largest_paint_seconds_bucket{le="1.5",page="/messages"} 0.0',
        'bloom_page_interaction_seconds_bucket{le="0.05",page="/messages"} 1.0',
        'bloom_page_layout_shift_bucket{le="0.025",page="/messages"} 1.0',
    ):
        assert line in page


def test_what_was_not_measured_is_not_counted(admin: FlaskClient) -> None:
    with recording() as recorded:
        assert admin.post(URL, json={"page": "/sign-in", "layoutShift": 0}).status_code == 204
        page = recorded.page()
    assert 'bloom_page_layout_shift_count{page="/sign-in"} 1.0' in page
    assert "bloom_page_largest_paint_seconds_count{" not in page


def test_of_an_address_its_first_name_alone_is_kept(admin: FlaskClient) -> None:
    address = "/messages/1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    with recording() as recorded:
        assert admin.post(URL, json={**TOLD, "page": address}).status_code == 204
        page = recorded.page()
    assert address not in page
    assert 'bloom_page_layout_shift_count{page="/messages"} 1.0' in page


def test_what_is_no_page_of_the_client_is_another(admin: FlaskClient) -> None:
    with recording() as recorded:
        assert admin.post(URL, json={**TOLD, "page": "/1b4e28ba-2fa1-11d2-883f-0016d3cca427"}).status_code == 204
        page = recorded.page()
    assert "1b4e28ba" not in page
    assert 'bloom_page_layout_shift_count{page="other"} 1.0' in page


@pytest.mark.parametrize(
    ("field", "value"), [("page", "/" * 61), ("largestPaintMs", -1), ("interactionMs", 600_001), ("user", "u-1")]
)
def test_anything_else_is_refused_by_its_name(admin: FlaskClient, field: str, value: Any) -> None:
    answer = admin.post(URL, json={**TOLD, field: value})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == f"/{field}"


def test_a_session_is_not_looked_at(admin: FlaskClient) -> None:
    assert admin.post(URL, json=TOLD, headers={"Authorization": "Bearer nothing-of-ours"}).status_code == 204


def test_the_parts_that_are_told_apart_are_those_of_the_client() -> None:
    routed = re.findall(r'path: "([^"]+)"', (ROOT / "web" / "src" / "app" / "pages.ts").read_text())
    assert {f"/{route.split('/')[1]}" for route in routed} == WEB_PARTS
