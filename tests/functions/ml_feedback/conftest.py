"""The feedback function, with limits that only their own test meets."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from tests.doubles import function_client

ROUTES = (
    *("give-feedback", "revise-feedback", "feedback", "decisions", "review-queue", "review-queue-size"),
    *("drift", "models"),
    *("start-rollout", "rollouts", "rollout", "advance-rollout", "roll-back", "try-again"),
)
PATIENCE = ",".join(f"{percent}=6/30/0" for percent in (0, 10, 25, 50, 100))
"""Six requests and half an hour for each stage, whatever was flagged."""


@pytest.fixture
def ml_feedback(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the feedback function."""
    environment(limits=",".join(f"{name}=10000/1" for name in ROUTES), rollout_patience=PATIENCE)
    return function_client("ml_feedback")
