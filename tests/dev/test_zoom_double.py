"""The local Zoom refuses what the real one refuses, keeps what it is told, and tells of what happens in its rooms."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.seed_accounts import ACCOUNTS
from dev.sign_in_pages import Application, Asked, RegisteredClient, Reply, SignInServer, StartResponse
from dev.zoom_double import ZoomDouble
from dev.zoom_webhooks import ZoomWebhooks
from tests.waiting import until

APP = ("an account", "an app", "its secret")
THERAPIST = ACCOUNTS[1].email
PLAN = {
    "topic": "Appointment",
    "type": 2,
    "start_time": "2026-03-03T09:00:00Z",
    "duration": 50,
    "timezone": "UTC",
    "settings": {"approval_type": 0, "waiting_room": True},
}


@contextmanager
def serving(application: Application) -> Iterator[str]:
    server = SignInServer(0, application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Product:
    """Where webhooks go."""

    received: list[tuple[dict[str, Any], bool]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        asked = Asked.of(environ)
        signed = f"v0:{environ['HTTP_X_ZM_REQUEST_TIMESTAMP']}:{asked.body}".encode()
        right = "v0=" + hmac.new(b"a secret", signed, hashlib.sha256).hexdigest()
        self.received.append((json.loads(asked.body), environ["HTTP_X_ZM_SIGNATURE"] == right))
        return Reply("200 OK").send(start_response)

    def heard(self) -> list[str]:
        """The events, by name: several at once come in any order."""
        return sorted(event["event"].removeprefix("meeting.") for event, _ in self.received)


@dataclass(frozen=True)
class Zoom:
    """A running double, asked as a server-to-server app does."""

    url: str

    def token(self, account_id: str = APP[0], auth: tuple[str, str] = APP[1:]) -> httpx.Response:
        query = {"grant_type": "account_credentials", "account_id": account_id}
        return httpx.post(f"{self.url}/oauth/token", params=query, auth=auth)

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> httpx.Response:
        token = self.token().json()["access_token"] if token is None else token
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{self.url}/v2{path}", json=body, headers=headers)

    def create(self, **change: Any) -> dict[str, Any]:
        answer = self.ask("POST", f"/users/{THERAPIST}/meetings", {**PLAN, **change})
        assert answer.status_code == 201, answer.text
        meeting: dict[str, Any] = answer.json()
        return meeting

    def register(self, meeting: dict[str, Any], email: str = "a@people.test") -> httpx.Response:
        return self.ask("POST", f"/meetings/{meeting['id']}/registrants", {"email": email, "first_name": "Guest"})


@pytest.fixture
def zoom_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("ZOOM_ACCOUNT_ID", "ZOOM_MEETINGS_CLIENT_ID", "ZOOM_MEETINGS_CLIENT_SECRET")
    for name, value in zip(names, APP, strict=True):
        monkeypatch.setenv(name, value)


def double(store: Path | None = None, webhooks: ZoomWebhooks | None = None) -> ZoomDouble:
    return ZoomDouble(RegisteredClient("for signing in", "secret", "http://localhost/callback"), store, webhooks)


@pytest.fixture
def product() -> Iterator[tuple[Product, str]]:
    receiver = Product()
    with serving(receiver) as url:
        yield receiver, url


@pytest.fixture
def zoom(zoom_settings: None, product: tuple[Product, str]) -> Iterator[Zoom]:
    with serving(double(webhooks=ZoomWebhooks(product[1], "a secret"))) as url:
        yield Zoom(url)


def fault(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def test_only_our_app_is_given_a_token(zoom: Zoom) -> None:
    given = zoom.token().json()
    assert (given["token_type"], given["expires_in"], given["api_url"]) == ("bearer", 3599, zoom.url)
    assert zoom.token(account_id="another").json()["error"] == "invalid_request"
    assert zoom.token(auth=(APP[1], "guessed")).json()["error"] == "invalid_client"


@pytest.mark.parametrize("token", ["-", "guessed"])
def test_nothing_is_told_without_a_token(zoom: Zoom, token: str) -> None:
    assert fault(zoom.ask("GET", f"/users/{THERAPIST}", token=token)) == (401, 124)
    assert fault(zoom.ask("GET", "/elsewhere")) == (404, 2300)


def test_every_local_therapist_is_in_the_account(zoom: Zoom) -> None:
    by_address = zoom.ask("GET", f"/users/{THERAPIST}").json()
    assert zoom.ask("GET", f"/users/{by_address['id']}").json() == by_address
    assert fault(zoom.ask("GET", f"/users/{ACCOUNTS[0].email}")) == (404, 1001)


def test_who_signs_in_with_zoom_has_the_same_id_there(zoom: Zoom) -> None:
    from dev.sign_in_pages import challenge_of

    query = {
        "response_type": "code",
        "client_id": "for signing in",
        "redirect_uri": "http://localhost/callback",
        "code_challenge": challenge_of("v" * 64),
        "code_challenge_method": "S256",
    }
    sent = httpx.post(f"{zoom.url}/oauth/authorize", params=query, data={"email": THERAPIST})
    code = httpx.URL(sent.headers["Location"]).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "v" * 64}
    given = httpx.post(
        f"{zoom.url}/oauth/token",
        data={**form, "redirect_uri": "http://localhost/callback"},
        auth=("for signing in", "secret"),
    ).json()
    person = httpx.get(f"{zoom.url}/v2/users/me", headers={"Authorization": f"Bearer {given['access_token']}"}).json()
    assert person["id"] == zoom.ask("GET", f"/users/{THERAPIST}").json()["id"]


@pytest.mark.parametrize(
    "change", [{"start_time": "tomorrow"}, {"start_time": None}, {"agenda": "x" * 2001}, {"type": 8}]
)
def test_a_plan_that_cannot_be_is_refused(zoom: Zoom, change: dict[str, Any]) -> None:
    assert fault(zoom.ask("POST", f"/users/{THERAPIST}/meetings", {**PLAN, **change})) == (400, 300)
    assert fault(zoom.ask("POST", f"/users/{THERAPIST}/meetings")) == (400, 300)


def test_a_list_comes_in_pages_with_agendas_cut(zoom: Zoom) -> None:
    for _ in range(3):
        zoom.create(agenda="x" * 300)
    first = zoom.ask("GET", f"/users/{THERAPIST}/meetings?page_size=2").json()
    token = first["next_page_token"]
    rest = zoom.ask("GET", f"/users/{THERAPIST}/meetings?page_size=2&next_page_token={token}").json()
    assert ([len(page["meetings"]) for page in (first, rest)], rest["next_page_token"]) == ([2, 1], "")
    assert (len(first["meetings"][0]["agenda"]), "start_url" in first["meetings"][0]) == (250, False)
    assert fault(zoom.ask("GET", f"/users/{THERAPIST}/meetings?page_size=301")) == (400, 300)


def test_a_meeting_is_changed_and_deleted_and_then_gone(zoom: Zoom) -> None:
    meeting = zoom.create()
    path = f"/meetings/{meeting['id']}"
    answer = zoom.ask("PATCH", path, {"start_time": "2026-03-04T09:00:00Z"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert zoom.ask("GET", path).json()["start_time"] == "2026-03-04T09:00:00Z"
    assert zoom.ask("DELETE", path).status_code == 204
    assert [fault(zoom.ask(method, path, {})) for method in ("GET", "PATCH", "DELETE")] == [(404, 3001)] * 3


def test_registrants_are_known_by_their_address(zoom: Zoom) -> None:
    meeting = zoom.create()
    first, again = zoom.register(meeting).json(), zoom.register(meeting, "A@people.test").json()
    assert (first["registrant_id"], first["join_url"]) == (again["registrant_id"], again["join_url"])
    assert zoom.register(meeting, "b@people.test").json()["join_url"] != first["join_url"]
    assert fault(zoom.register(meeting, "no address")) == (400, 300)
    zoom.register(meeting)
    assert fault(zoom.register(meeting)) == (429, 429)
    assert fault(zoom.register(zoom.create(settings={"approval_type": 2}))) == (400, 3000)


def test_what_is_slowed_is_answered_once_it_is_calm(zoom: Zoom) -> None:
    token = zoom.token().json()["access_token"]
    httpx.post(f"{zoom.url}/_double/trouble", json={"matching": "GET .*", "held": True})
    answers: list[int] = []
    path = f"/users/{THERAPIST}"
    waiting = threading.Thread(target=lambda: answers.append(zoom.ask("GET", path, token=token).status_code))
    waiting.start()
    until(lambda: any(seen["method"] == "GET" for seen in httpx.get(f"{zoom.url}/_double/requests").json()))
    assert answers == []
    httpx.request("DELETE", f"{zoom.url}/_double/trouble")
    waiting.join(10)
    assert answers == [200]


def test_over_its_limit_it_says_when_to_come_back(zoom: Zoom) -> None:
    token = zoom.token().json()["access_token"]
    httpx.post(f"{zoom.url}/_double/limit", json={"requests": 2, "seconds": 60})
    answers = [zoom.ask("GET", f"/users/{THERAPIST}", token=token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"].endswith("Z")
    assert answers[2].headers["X-RateLimit-Remaining"] == "0"


# Its rooms.


def press(url: str, what: str) -> str:
    return httpx.post(url, data={"do": what}).text


def test_a_meeting_is_held_and_told_of(zoom: Zoom, product: tuple[Product, str]) -> None:
    receiver, _ = product
    meeting = zoom.create()
    registrant = zoom.register(meeting).json()
    guest, host = registrant["join_url"], meeting["start_url"]
    assert "Please wait for the host" in httpx.get(guest).text
    assert "Please wait for the host" in press(guest, "join")
    assert receiver.received == []
    assert "In the meeting: Host" in press(host, "start")
    assert "You are in the meeting" in press(guest, "join")
    assert "You are in the meeting" in press(guest, "join")
    assert "In the meeting: Host, Guest" in httpx.get(host).text
    assert fault(zoom.ask("DELETE", f"/meetings/{meeting['id']}")) == (400, 3002)
    assert "Join the meeting" in press(guest, "leave")
    assert "has not started" in press(host, "end")
    expected = [
        *["ended", "participant_joined", "participant_joined", "participant_joined_waiting_room"],
        *["participant_left", "participant_left", "started"],
    ]
    until(lambda: len(receiver.received) == len(expected))
    assert receiver.heard() == expected
    assert all(signed for _, signed in receiver.received)
    objects = [event["payload"]["object"] for event, _ in receiver.received]
    assert {one["id"] for one in objects} == {str(meeting["id"])}
    registrants = {one["participant"]["registrant_id"] for one in objects if "participant" in one}
    assert registrants == {registrant["registrant_id"], ""}
    hosts = {one["participant"]["id"] for one in objects if "participant" in one}
    assert hosts == {meeting["host_id"], ""}
    assert zoom.ask("DELETE", f"/meetings/{meeting['id']}").status_code == 204
    assert httpx.get(guest).status_code == 404


def test_nobody_gets_in_by_anothers_address(zoom: Zoom) -> None:
    meeting, other = zoom.create(), zoom.create()
    way_in = zoom.register(meeting).json()["join_url"]
    for url in (
        meeting["join_url"],  # it wants a registration
        way_in.replace("tk=", "tk=x"),
        way_in.replace(str(meeting["id"]), str(other["id"])),
        meeting["start_url"].replace("zak=", "zak=x"),
        meeting["start_url"].replace(str(meeting["id"]), str(other["id"])),
    ):
        assert httpx.get(url).status_code == 403, url
    assert httpx.get(zoom.create(settings={"approval_type": 2})["join_url"]).status_code == 200


def test_a_start_url_ends(zoom_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dev.zoom_meetings_double.START_URL_SECONDS", -1)
    with serving(double()) as url:
        assert httpx.get(Zoom(url).create()["start_url"]).status_code == 403


def test_what_it_was_told_outlives_it(zoom_settings: None, tmp_path: Path) -> None:
    store = tmp_path / "zoom.json"
    with serving(double(store)) as url:
        before = Zoom(url)
        token, meeting = before.token().json()["access_token"], before.create()
        before.register(meeting)
        httpx.post(f"{url}/_double/users", json={"email": "b@people.test"})
        press(meeting["start_url"], "start")
    with serving(double(store)) as url:
        after = Zoom(url)
        assert fault(after.ask("GET", f"/meetings/{meeting['id']}", token=token)) == (401, 124)
        assert after.ask("GET", f"/meetings/{meeting['id']}").json()["status"] == "started"
        assert after.ask("GET", "/users/b@people.test").status_code == 200
        [kept] = httpx.get(f"{url}/_double/meetings").json()
        assert (list(kept["registrants"]), len(kept["present"])) == (["a@people.test"], 1)
    assert store.stat().st_mode & 0o077 == 0
