"""Each event mails once, however often it is delivered, and waits while the mail server is away."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dev.cloud import LocalCloud
from shared import outbox
from shared.clock import held_at, now
from shared.database.models.delivery import EmailDelivery, EmailStatus
from shared.database.models.outbox_events import OutboxEvent
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.test_sign_up import sign_up, verify
from tests.functions.internal_calls import InternalCalls, outbox_events, pushed
from tests.people import rows

ROUTE = "/api/internal/auth/events"


def test_an_event_delivered_twice_mails_once(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    mailbox.deliver()
    assert len(mailbox.deliver(again=True)) == 1
    [delivery] = rows(select(EmailDelivery))
    assert delivery.status is EmailStatus.SENT


def test_without_a_mail_server_the_mail_waits_for_a_later_sweep(
    auth: FlaskClient, mailbox: Mailbox, internal: InternalCalls, product: LocalCloud
) -> None:
    sign_up(auth)
    product.stop_part("smtp")
    try:
        assert mailbox.deliver() == []
    finally:
        product.start_part("smtp")
    [waiting] = outbox_events("verification-requested")
    assert waiting.delivered_at is None
    later = now() + timedelta(seconds=10)
    with held_at(lambda: later):
        swept = InternalCalls(function_client("messages"), product).sweep()
    assert swept.get_json() == {"handedOver": 1}
    [mail] = mailbox.deliver(again=True)
    assert verify(auth, mailbox.token(mail)).status_code == 204


def test_an_event_put_back_before_it_is_marked_stays_put_back(
    auth: FlaskClient, mailbox: Mailbox, product: LocalCloud
) -> None:
    """Pub/Sub may push before whoever handed the event over has noted that it did."""
    sign_up(auth)
    [event] = outbox_events("verification-requested")
    outbox.put_back(event.id)
    outbox.mark_handed_over([(event.id, event.attempts)])
    assert outbox_events("verification-requested")[0].delivered_at is None


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'Robert "); --', "Zoë & 李小龙 👋", "{name}{link}"])
def test_a_name_is_only_ever_text_in_the_mail(auth: FlaskClient, mailbox: Mailbox, name: str) -> None:
    sign_up(auth, name=name)
    [mail] = mailbox.deliver()
    assert f"Hello {name}," in mail.text
    assert "<script" not in mail.html
    assert "alert(1)" not in mail.html or "&lt;script&gt;" in mail.html
    assert len(mail.links) == 1
    assert mail.links[0] in mail.html


def test_a_mail_carries_both_forms_and_leads_to_our_own_page(auth: FlaskClient, mailbox: Mailbox) -> None:
    sign_up(auth)
    [mail] = mailbox.deliver()
    [link] = mail.links
    assert link.startswith("http://localhost:3000/verify-email#token=")
    assert "Nia New" in mail.html


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"email": "scheduler"}, 403),
        ({"audience": "https://elsewhere.test"}, 401),
        ({"email_verified": False}, 403),
        ({"issued_at": 0.0}, 401),
    ],
)
def test_nobody_but_pubsub_may_deliver_events(
    auth: FlaskClient, mailbox: Mailbox, product: LocalCloud, changes: dict[str, object], status: int
) -> None:
    sign_up(auth)
    [event] = outbox_events("verification-requested")
    accounts = {"push": "PUSH_SERVICE_ACCOUNT", "scheduler": "SCHEDULER_SERVICE_ACCOUNT"}
    given = {"email": "push", "audience": product.settings["OIDC_AUDIENCE"]} | changes
    email = product.settings[accounts[str(given.pop("email"))]]
    token = product.id_tokens.sign(email, **given)  # type: ignore[arg-type]
    answer = auth.post(ROUTE, json=pushed(event.id), headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, mailbox.mails()) == (status, [])


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}])
def test_without_a_token_no_event_is_delivered(auth: FlaskClient, header: dict[str, str]) -> None:
    assert auth.post(ROUTE, json=pushed(OutboxEvent().id), headers=header).status_code == 401


def test_an_event_that_is_no_longer_kept_is_done(internal: InternalCalls) -> None:
    assert internal.push(ROUTE, uuid4()).status_code == 204
