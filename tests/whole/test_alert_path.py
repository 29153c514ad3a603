"""An alert through every part: the socket and the mail at once, and its steps on the pages of who follows it."""

import functools
import time
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from dev.mails import Mail, read_mails
from shared.database.models.accounts import User
from shared.database.transaction import transaction
from tests.waiting import until
from tests.whole.conftest import Care

DESPAIR = "I want to end my life tonight."
SECONDS_TO_MAIL = 60


@transaction
def address_of(db: Database, user_id: str) -> str:
    return db.get_one(User, UUID(user_id)).email


def mails_to(cloud: LocalCloud, address: str) -> list[Mail]:
    return [mail for mail in read_mails(cloud.data_dir / "mail") if address in mail.recipients]


def stands(status: str, event: dict[str, Any]) -> bool:
    return bool(event["status"] == status)


async def test_the_therapist_hears_and_is_mailed_at_once_and_takes_the_alert_to_its_end(
    cloud: LocalCloud, care: Care
) -> None:
    address = address_of(care.therapist.id)
    began = time.perf_counter()
    sent = await care.patient.post("/api/messages", {"conversationId": care.conversation_id, "body": DESPAIR})
    heard, alert = await care.listener.wait("risk-alert", lambda event: event["messageId"] == sent["message"]["id"])
    [mine] = (await care.therapist.get("/api/alerts", status="open"))["items"]
    assert (mine["id"], mine["details"]["level"]) == (alert["riskEventId"], "high")
    [mail] = until(lambda: mails_to(cloud, address))
    mailed = time.perf_counter()
    assert mail.subject == "Something is waiting for you in Bloom Health"
    assert DESPAIR not in mail.text
    version = mine["version"]
    for step, status in (("acknowledge", "acknowledged"), ("start", "in_progress")):
        taken = await care.therapist.post(f"/api/alerts/{mine['id']}/{step}", {"version": version})
        assert taken["status"] == status
        version = taken["version"]
        await care.listener.wait("risk-alert-changed", functools.partial(stands, status))
    end = {"version": version, "outcome": "contacted_safe", "note": "We spoke."}
    assert (await care.therapist.post(f"/api/alerts/{mine['id']}/resolve", end))["status"] == "resolved"
    print(f"\nalert on the socket after {heard - began:.3f} s, mailed after {mailed - began:.3f} s")
    assert mailed - began < SECONDS_TO_MAIL
