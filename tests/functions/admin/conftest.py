"""The admin function, with limits that only their own test meets, and an administrator."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from shared.roles import Role
from tests.doubles import function_client
from tests.people import As, Person, add_person

ROUTES = (
    "admin-stats",
    "admin-timeseries",
    "search-users",
    "change-user",
    "licences",
    "review-licence",
    "audit-trail",
    "audit-verify",
    "grafana",
    *("impersonate", "end-impersonation", "impersonations"),
    *("break-glass", "end-break-glass", "list-break-glass", "review-break-glass"),
    *("opened-conversations", "opened-messages", "opened-appointments", "opened-alerts"),
)


@pytest.fixture
def admin(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the admin function."""
    environment(limits=",".join(f"{name}=10000/1" for name in ROUTES))
    return function_client("admin")


@pytest.fixture
def administrator(product: LocalCloud) -> Person:
    """An administrator who has just signed in."""
    return add_person(Role.ADMINISTRATOR, name="Ada")


@pytest.fixture
def asking(admin: FlaskClient, administrator: Person) -> As:
    """The administrator asks."""
    return As(admin, administrator)
