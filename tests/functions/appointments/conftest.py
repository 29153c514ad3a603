"""The appointments function, with limits that only their own test meets."""

import functools
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from dev.cloud import LocalCloud
from shared.clock import held_at
from tests.doubles import function_client
from tests.functions.appointments.post import Post
from tests.functions.appointments.zoom_cloud import LocalZoom, forget_zoom
from tests.functions.appointments.zoom_telling import SECRET, Clock, Telling
from tests.functions.internal_calls import InternalCalls

AVAILABILITY = ("read-availability", "change-availability", "slots")
CARE = ("connect", "care-relationships", "change-care", "available-therapists")
BOOKING = ("book-appointment", "appointments", "appointment", "move-appointment", "cancel-appointment", "calendar-file")


SERIES = ("book-series", "cancel-series", "hold-appointment", "confirm-appointment")
MEETINGS = ("zoom-webhook", "join-appointment", "mark-attendance")
WAITLIST = ("join-waitlist", "waitlist", "leave-waitlist", "accept-offer", "decline-offer")


@pytest.fixture
def appointments(product: LocalCloud, environment: Callable[..., None]) -> FlaskClient:
    """A client of the appointments function, with limits that only their own test meets."""
    generous = (*AVAILABILITY, *CARE, *BOOKING, *SERIES, *WAITLIST, *MEETINGS)
    environment(limits=",".join(f"{name}=10000/1" for name in generous))
    return function_client("appointments")


@pytest.fixture
def internal(product: LocalCloud, appointments: FlaskClient) -> InternalCalls:
    """Calls the appointments function as Pub/Sub and Cloud Scheduler do."""
    return InternalCalls(appointments, product)


@pytest.fixture
def post(product: LocalCloud, internal: InternalCalls) -> Post:
    """The mails about appointments that the mail server took since the test began."""
    return Post(product.data_dir / "mail", functools.partial(internal.push, "/api/internal/appointments/events"))


@pytest.fixture(scope="session")
def zoom_part() -> Iterator[LocalCloud]:
    """The local Zoom of this worker."""
    with LocalCloud(parts={"zoom"}, settings={"BASE_URL": "http://localhost:3000"}) as cloud:
        yield cloud


@pytest.fixture
def zoom(zoom_part: LocalCloud, appointments: FlaskClient, environment: Callable[..., None]) -> Iterator[LocalZoom]:
    """The local Zoom, as new, and settings that name it; appointments are held there."""
    names = ("sign_in_url", "api_url", "account_id", "meetings_client_id", "meetings_client_secret")
    environment(**{f"zoom_{name}": zoom_part.settings[f"ZOOM_{name.upper()}"] for name in names})
    local = LocalZoom(zoom_part.settings["ZOOM_API_URL"])
    local.forget()
    forget_zoom()
    yield local
    local.calm()
    forget_zoom()


@pytest.fixture
def telling(appointments: FlaskClient, internal: InternalCalls, environment: Callable[..., None]) -> Iterator[Telling]:
    """Zoom as it tells of meetings, at the time that the test sets: at first the start of the appointment."""
    environment(zoom_webhook_secret=SECRET, patient_idle_minutes="1440", staff_idle_minutes="1440")
    clock = Clock()
    with held_at(clock):
        yield Telling(appointments, internal, clock)
