"""The mail server and the pages that show what it took."""

import asyncio
import json
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiohttp import web

from dev.dev_site import DevSite
from dev.pubsub_store import NewMessage, PubSubStore
from dev.smtp_sink import Mailbox, serve
from dev.web_client import WebClient

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
async def smtp_port(tmp_path: Path) -> AsyncIterator[int]:
    server = await serve(0, Mailbox(tmp_path / "mail", kept=3))
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


@pytest.fixture
def site(tmp_path: Path) -> DevSite:
    return DevSite(tmp_path, WebClient(tmp_path / "web"))


def mail(subject: str = "Verify your e-mail") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "no-reply@bloom.test", "zoë@bloom.test", subject
    message.set_content(f"Hello {SCRIPT}\nhttp://localhost:3000/verify-email#token=a&b\n")
    message.add_alternative(f"<p>Hello</p>{SCRIPT}", subtype="html")
    return message


async def send(port: int, *messages: EmailMessage) -> None:
    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for message in messages:
                client.send_message(message)

    await asyncio.to_thread(deliver)


def text_of(answer: web.StreamResponse) -> str:
    assert isinstance(answer, web.Response)
    assert answer.status == 200
    return answer.text or ""


async def test_a_mail_can_be_read_by_people_and_tests(smtp_port: int, site: DevSite) -> None:
    await send(smtp_port, mail())
    [told] = json.loads(text_of(site.answer("GET", "/dev/mail.json")))
    assert (told["recipients"], told["subject"]) == (["zoë@bloom.test"], "Verify your e-mail")
    assert told["links"] == ["http://localhost:3000/verify-email#token=a&b"]
    assert f"/dev/mail/{told['id']}" in text_of(site.answer("GET", "/dev/mail"))
    page = text_of(site.answer("GET", f"/dev/mail/{told['id']}"))
    assert 'href="http://localhost:3000/verify-email#token=a&amp;b"' in page


async def test_nothing_in_a_mail_runs_in_a_page(smtp_port: int, site: DevSite, tmp_path: Path) -> None:
    await send(smtp_port, mail(subject=SCRIPT))
    [path] = (tmp_path / "mail").glob("*.eml")
    for address in ("/dev/mail", f"/dev/mail/{path.stem}"):
        assert SCRIPT not in text_of(site.answer("GET", address))
    frame = site.answer("GET", f"/dev/mail/{path.stem}/html")
    assert SCRIPT in text_of(frame)
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy


async def test_only_the_last_mails_are_kept(smtp_port: int, site: DevSite, tmp_path: Path) -> None:
    await send(smtp_port, *(mail(f"mail {number}") for number in range(5)))
    assert len(list((tmp_path / "mail").iterdir())) == 3
    listed = text_of(site.answer("GET", "/dev/mail"))
    assert listed.index("mail 4") < listed.index("mail 3") < listed.index("mail 2")
    assert "mail 1" not in listed


def test_the_pages_are_there_before_anything_happened(site: DevSite) -> None:
    assert "None yet" in text_of(site.answer("GET", "/dev/mail"))
    assert "Parts" in text_of(site.answer("GET", "/dev"))
    assert "On their way: 0" in text_of(site.answer("GET", "/dev/events"))


def test_dead_letters_are_listed_without_their_contents(site: DevSite, tmp_path: Path) -> None:
    store = PubSubStore(tmp_path / "pubsub.sqlite")
    store.add([(NewMessage(b"secret-contents", {"type": "<b>message-sent"}), ["messages-events"])])
    store.bury(store.pending()[0], "answered 500")
    store.close()
    page = text_of(site.answer("GET", "/dev/events"))
    assert "Given up: 1" in page
    assert "&lt;b&gt;message-sent" in page
    assert "answered 500" in page
    assert "secret-contents" not in page


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_pages_are_only_read(site: DevSite, method: str) -> None:
    assert site.answer(method, "/dev/mail").status == 405
