"""A session by video, end to end: both enter by their own way in, Zoom tells of it, and both see that they came."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from shared import outbox
from shared.clock import now
from shared.database.transaction import transaction
from shared.events import MeetingWanted
from shared.roles import Role
from tests.functions.appointments.calendars import add_appointment
from tests.people import Person, add_care, add_person
from tests.waiting import until


@transaction
def want_meeting(db: Database, appointment_id: UUID) -> MeetingWanted:
    event = MeetingWanted(occurred_at=now(), appointment_id=appointment_id)
    outbox.record(db, event)
    return event


class Side:
    """One of the two, at the gateway."""

    def __init__(self, cloud: LocalCloud, person: Person, appointment_id: UUID) -> None:
        self.http = httpx.Client(base_url=cloud.origin, headers=person.bearer, timeout=20)
        self._path = f"/api/appointments/{appointment_id}"

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(self._path).raise_for_status().json()
        return found

    def way_in(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.post(f"{self._path}/join", json={}).raise_for_status().json()
        return found


def press(url: str, button: str) -> str:
    """What a page of Zoom's shows after a button was pressed."""
    return httpx.post(url, data={"do": button}, timeout=20).raise_for_status().text


@pytest.fixture
def sides(cloud: LocalCloud) -> Iterator[tuple[Side, Side]]:
    patient, therapist = add_person(), add_person(Role.THERAPIST)
    add_care(patient, therapist)
    zoom = f"http://127.0.0.1:{cloud.ports['zoom']}"
    httpx.post(f"{zoom}/_double/users", json={"email": therapist.email}, timeout=20).raise_for_status()
    appointment_id = add_appointment(patient, therapist, now() - timedelta(minutes=1))
    outbox.hand_over(want_meeting(appointment_id))
    made = Side(cloud, patient, appointment_id), Side(cloud, therapist, appointment_id)
    yield made
    for side in made:
        side.http.close()


def test_a_session_is_held_and_both_see_it(sides: tuple[Side, Side]) -> None:
    patient, therapist = sides
    until(lambda: patient.seen()["video"] == "ready")
    start_url, join_url = therapist.way_in()["startUrl"], patient.way_in()["joinUrl"]
    assert "Please wait" in press(join_url, "join")
    press(start_url, "start")
    assert "You are in the meeting" in press(join_url, "join")
    until(lambda: (patient.seen()["attendance"] or {}).get("patient", {}).get("attendance") == "attended")
    assert therapist.seen()["status"] == "in_session"
    press(join_url, "leave")
    press(start_url, "end")
    until(lambda: therapist.seen()["status"] == "completed")
    attended = therapist.seen()["attendance"]
    assert [attended[side]["attendance"] for side in ("patient", "therapist")] == ["attended", "attended"]
