"""The longest prefix of whole path segments decides who answers, and internal paths have no answer from outside."""

import pytest

from infra.routes import ROUTES, deployable_for


@pytest.mark.parametrize(
    ("path", "deployable"),
    [
        ("/api/auth/sign-in", "auth"),
        ("/api/user/profile", "auth"),
        ("/api/user", "auth"),
        ("/api/therapists/7/slots", "appointments"),
        ("/api/webhooks/zoom", "appointments"),
        ("/api/conversations", "messages"),
        ("/api/messages", "messages"),
        ("/api/admin/stats", "admin"),
        ("/api/openapi.json", "admin"),
        ("/api/ml/feedback", "ml_feedback"),
        ("/socket.io/", "realtime"),
        ("/socket.io", "realtime"),
    ],
)
def test_a_path_goes_to_its_deployable(path: str, deployable: str) -> None:
    assert deployable_for(path) == deployable


@pytest.mark.parametrize("path", ["/", "/sign-in", "/api", "/api/", "/api/nothing", "/api/messagesx", "/API/messages"])
def test_what_belongs_to_nobody_is_not_routed(path: str) -> None:
    assert deployable_for(path) is None


@pytest.mark.parametrize("path", ["/api/internal/", "/api/internal/outbox/sweep", "/api/internal/messages/events"])
def test_nothing_internal_is_reached_from_outside(path: str) -> None:
    assert deployable_for(path) is None


def test_no_prefix_is_or_ends_in_an_internal_one() -> None:
    assert not [prefix for prefix in ROUTES if prefix.startswith("/api/internal")]
    assert not [prefix for prefix in ROUTES if prefix.endswith("/")]
