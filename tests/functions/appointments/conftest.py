"""The appointments function, with limits that only their own test meets."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from tests.doubles import function_client
from tests.functions.internal_calls import InternalCalls

AVAILABILITY = ("read-availability", "change-availability", "slots")
CARE = ("connect", "care-relationships", "change-care", "available-therapists")
BOOKING = ("book-appointment", "appointments", "appointment", "move-appointment", "cancel-appointment")


@pytest.fixture
def appointments(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the appointments function, with limits that only their own test meets."""
    generous = (*AVAILABILITY, *CARE, *BOOKING)
    environment(limits=",".join(f"{name}=10000/1" for name in generous))
    return function_client("appointments")


@pytest.fixture
def internal(product: LocalCloud, appointments: FlaskClient) -> InternalCalls:
    """Calls the appointments function as Pub/Sub and Cloud Scheduler do."""
    return InternalCalls(appointments, product)
