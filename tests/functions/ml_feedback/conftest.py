"""The feedback function, with limits that only their own test meets."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from tests.doubles import function_client

ROUTES = ("give-feedback", "revise-feedback", "feedback", "decisions", "review-queue")


@pytest.fixture
def ml_feedback(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the feedback function."""
    environment(limits=",".join(f"{name}=10000/1" for name in ROUTES))
    return function_client("ml_feedback")
