"""The auth function, and what its mails and its outbox hold."""

import functools
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.providers import CLIENT, Browser
from tests.functions.internal_calls import InternalCalls

PASSWORDS = ("sign-in-account", "password-forgot", "password-reset", "password-change")
OWN = tuple(f"{deed}-{what}" for deed in ("read", "change") for what in ("profile", "settings", "consents"))
LICENCE = ("read-credentials", "submit-credentials")
PROVIDERS = ("oauth-start", "oauth-callback", "linked-accounts", "link-account", "unlink-account")
MAILS = tuple(f"mail-{kind}-{per}" for kind in ("verification", "sign-up", "forgot") for per in ("minute", "hour"))
SESSIONS = ("sessions", "revoke-session", "revoke-others")
PASSKEYS = (
    "passkeys",
    *(f"passkey-{what}{options}" for what in ("register", "sign-in", "step-up") for options in ("", "-options")),
    "passkey-remove",
)

PERSONAL_DATA = ("export", "request-erasure", "erasure", "cancel-erasure", "access-log")
SECOND_FACTORS = (
    *(
        "two-factor",
        "two-factor-verify",
        "enroll",
        "confirm-two-factor",
        "disable-two-factor",
        "backup-codes",
        "step-up",
    ),
    *("trusted-devices", "revoke-trusted-device"),
)


@pytest.fixture
def auth(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the auth function, with limits that only their own test meets."""
    generous = (
        "sign-up",
        "verify-email",
        "resend",
        "sign-in",
        "session",
        "sign-out",
        *PASSWORDS,
        *SECOND_FACTORS,
        *SESSIONS,
        *PASSKEYS,
        *PROVIDERS,
        *MAILS,
        *OWN,
        *LICENCE,
        *PERSONAL_DATA,
    )
    environment(limits=",".join(f"{name}=1000/1" for name in generous))
    return function_client("auth")


@pytest.fixture(scope="session")
def google_and_zoom() -> Iterator[LocalCloud]:
    """The stand-ins for both providers."""
    with LocalCloud(parts={"google", "zoom"}, settings={"BASE_URL": "http://localhost:3000"}) as cloud:
        yield cloud


@pytest.fixture
def browser(auth: FlaskClient, google_and_zoom: LocalCloud, environment: Callable[..., None]) -> Browser:
    """A browser, where Google and Zoom are offered."""
    names = ("google_issuer", "zoom_sign_in_url", "zoom_api_url")
    environment(**CLIENT, **{name: google_and_zoom.settings[name.upper()] for name in names})
    return Browser(auth)


@pytest.fixture
def internal(product: LocalCloud, auth: FlaskClient) -> InternalCalls:
    """Calls the auth function as Pub/Sub does."""
    return InternalCalls(auth, product)


@pytest.fixture
def mailbox(product: LocalCloud, internal: InternalCalls) -> Mailbox:
    """What the mail server took since the test began."""
    return Mailbox(product.data_dir / "mail", functools.partial(internal.push, "/api/internal/auth/events"))
