"""A booking at the origin reaches both people's mailboxes by itself: outbox, Pub/Sub, function, mail server."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dev.cloud import LocalCloud
from dev.mails import Mail, read_mails
from tests.functions.appointments.calendars import Practice, add_practice
from tests.inside import inside
from tests.people import Person
from tests.waiting import until


@pytest.fixture(scope="module")
def practice(whole_cloud: LocalCloud) -> Practice:
    whole_cloud.wait_until_up()
    with inside(whole_cloud):
        return add_practice()


def arrived(cloud: LocalCloud, reader: Person, subject: str) -> Mail:
    """The mail to somebody under this subject, as soon as it is there."""

    def found() -> list[Mail]:
        mails = read_mails(cloud.data_dir / "mail")
        return [mail for mail in mails if reader.email in mail.recipients and mail.subject == subject]

    [mail] = until(found)
    return mail


def test_what_becomes_of_an_appointment_is_mailed_by_itself(whole_cloud: LocalCloud, practice: Practice) -> None:
    start_at = (datetime.now(UTC) + timedelta(days=7)).replace(hour=10, minute=0, second=0, microsecond=0)
    wanted = {
        "therapistId": str(practice.therapist.id),
        "startAt": start_at.isoformat(),
        "endAt": (start_at + timedelta(minutes=50)).isoformat(),
    }
    with httpx.Client(base_url=whole_cloud.origin, headers=practice.patient.bearer, timeout=20) as patient:
        booked = patient.post("/api/appointments", json=wanted)
        assert booked.status_code == 201, booked.text
        page = f"/appointments/{booked.json()['appointment']['id']}"
        for reader, subject in ((practice.patient, "Appointment Confirmed"), (practice.therapist, "New Appointment")):
            assert arrived(whole_cloud, reader, subject).links == [whole_cloud.origin + page]
        file = patient.get(f"/api{page}/calendar.ics")
        assert file.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert file.content.startswith(b"BEGIN:VCALENDAR\r\n")
        assert patient.post(f"/api{page}/cancel", json={"reason": "other"}).status_code == 200
    for reader in (practice.patient, practice.therapist):
        arrived(whole_cloud, reader, "Appointment Cancelled")
