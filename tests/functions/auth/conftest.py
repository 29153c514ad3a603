"""The auth function, and what its mails and its outbox hold."""

import functools
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.internal_calls import InternalCalls


@pytest.fixture
def auth(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the auth function, with limits that only their own test meets."""
    generous = ("sign-up", "verify-email", "resend", "sign-in", "session", "sign-out")
    environment(limits=",".join(f"{name}=1000/1" for name in generous))
    return function_client("auth")


@pytest.fixture
def internal(product: LocalCloud, auth: FlaskClient) -> InternalCalls:
    """Calls the auth function as Pub/Sub does."""
    return InternalCalls(auth, product)


@pytest.fixture
def mailbox(product: LocalCloud, internal: InternalCalls) -> Mailbox:
    """What the mail server took since the test began."""
    return Mailbox(product.data_dir / "mail", functools.partial(internal.push, "/api/internal/auth/events"))
