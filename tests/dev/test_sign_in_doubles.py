"""The stand-ins for Google and Zoom refuse what the real ones refuse, so that a test of a sign-in can fail."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dev.cloud import LocalCloud
from dev.seed_accounts import ACCOUNTS
from dev.sign_in_pages import RegisteredClient, SignInServer, challenge_of
from dev.zoom_sign_in_double import ZoomSignIn

ORIGIN, VERIFIER = "http://localhost:3000", "v" * 64
SECRET = ("bloom-local", "no secret on this machine")
PROVIDERS = ("google", "zoom")


@dataclass(frozen=True)
class Provider:
    """Where one of them answers, and the redirect URI that it knows."""

    name: str
    url: str

    @property
    def callback(self) -> str:
        return f"{ORIGIN}/api/auth/oauth/{self.name}/callback"

    def authorize(
        self, email: str = "", changes: dict[str, str] | None = None, form: dict[str, str] | None = None
    ) -> httpx.Response:
        """Say who signs in; `changes` are parameters that differ, empty ones left out."""
        right = {
            "response_type": "code",
            "client_id": SECRET[0],
            "redirect_uri": self.callback,
            "scope": "openid email profile",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        query = {name: value for name, value in {**right, **(changes or {})}.items() if value}
        path = "/oauth2/authorize" if self.name == "google" else "/oauth/authorize"
        data = {**(form or {}), **({"email": email} if email else {})}
        return httpx.post(self.url + path, params=query, data=data)

    def code(self, email: str = "someone@people.test", **form: str) -> str:
        """A code for somebody."""
        return returned(self.authorize(email, form=form))["code"]

    def token(self, auth: tuple[str, str] | None = SECRET, **form: str) -> httpx.Response:
        """Ask for tokens."""
        return httpx.post(f"{self._oauth}/token", data=form, auth=auth)

    def redeem(
        self, code: str, auth: tuple[str, str] | None = SECRET, changes: dict[str, str] | None = None
    ) -> httpx.Response:
        """Redeem a code; `changes` are parameters that differ, empty ones left out."""
        right = {"code": code, "redirect_uri": self.callback, "code_verifier": VERIFIER}
        form = {name: value for name, value in {**right, **(changes or {})}.items() if value}
        return self.token(auth, grant_type="authorization_code", **form)

    def refresh(self, refresh_token: str) -> httpx.Response:
        """Renew tokens."""
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def revoke(self, token: str, auth: tuple[str, str] | None = SECRET) -> httpx.Response:
        """End a grant."""
        return httpx.post(f"{self._oauth}/revoke", data={"token": token}, auth=auth)

    @property
    def _oauth(self) -> str:
        return self.url + ("/oauth2" if self.name == "google" else "/oauth")


def returned(answer: httpx.Response) -> dict[str, str]:
    """What the browser is sent back with."""
    assert answer.status_code == 302, answer.text
    return {name: value for name, (value,) in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(parts=PROVIDERS, settings={"BASE_URL": ORIGIN}) as cloud:
        yield cloud


@pytest.fixture(params=PROVIDERS)
def provider(cloud: LocalCloud, request: pytest.FixtureRequest) -> Provider:
    return Provider(request.param, cloud.url(request.param))


def who(provider: Provider, tokens: dict[str, Any]) -> dict[str, Any]:
    path = "/userinfo" if provider.name == "google" else "/v2/users/me"
    answer = httpx.get(provider.url + path, headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_product_is_pointed_at_them(cloud: LocalCloud) -> None:
    assert cloud.settings["GOOGLE_ISSUER"] == cloud.url("google")
    assert cloud.settings["ZOOM_SIGN_IN_URL"] == cloud.settings["ZOOM_API_URL"] == cloud.url("zoom")
    assert (cloud.settings["GOOGLE_CLIENT_ID"], cloud.settings["GOOGLE_CLIENT_SECRET"]) == SECRET


def test_real_ones_replace_them() -> None:
    given = {"GOOGLE_ISSUER": "https://accounts.google.com", "ZOOM_SIGN_IN_URL": "https://zoom.us"}
    cloud = LocalCloud(parts=PROVIDERS, settings=given)
    assert (cloud.names, cloud.settings["GOOGLE_ISSUER"]) == ([], given["GOOGLE_ISSUER"])
    cloud.stop()


def test_a_page_asks_who_signs_in(provider: Provider) -> None:
    asked = provider.authorize("somebody@people.test").request
    page = httpx.get(asked.url)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert all(account.email in page.text for account in ACCOUNTS)
    assert "Do not allow" in page.text


def test_whoever_was_chosen_is_who_signs_in(provider: Provider) -> None:
    tokens = provider.redeem(provider.code("zoe.example@people.test")).json()
    person = who(provider, tokens)
    assert person["email"] == "zoe.example@people.test"
    assert person["email_verified" if provider.name == "google" else "verified"] in (True, 1)
    unverified = who(provider, provider.redeem(provider.code("un@people.test", unverified="yes")).json())
    assert unverified["email_verified" if provider.name == "google" else "verified"] in (False, 0)


def test_the_browser_goes_back_with_its_state_and_google_names_itself(provider: Provider) -> None:
    back = returned(provider.authorize("someone@people.test"))
    assert back["state"] == "a state"
    assert back.get("iss") == (provider.url if provider.name == "google" else None)


def test_whoever_says_no_is_sent_back_without_a_code(provider: Provider) -> None:
    back = returned(provider.authorize(form={"deny": "yes"}))
    assert (back["error"], back["state"]) == ("access_denied", "a state")
    assert "code" not in back


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"redirect_uri": "http://localhost:3000/elsewhere"},
        {"redirect_uri": "https://evil.test/api/auth/oauth/zoom/callback"},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge_method": ""},
        {"code_challenge_method": "plain"},
    ],
)
def test_a_request_that_is_not_the_clients_is_not_sent_back(provider: Provider, changes: dict[str, str]) -> None:
    refused = provider.authorize("someone@people.test", changes)
    assert refused.status_code == 400
    assert "Location" not in refused.headers
    assert httpx.get(refused.request.url).status_code == 400


def test_a_code_works_once(provider: Provider) -> None:
    code = provider.code()
    assert [provider.redeem(code).status_code for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": ""},
        {"code_verifier": "w" * 64},
        {"redirect_uri": "http://localhost:3000/elsewhere"},
        {"redirect_uri": ""},
        {"code": "another"},
        {"code": ""},
    ],
)
def test_a_code_wants_its_verifier_and_its_address(provider: Provider, changes: dict[str, str]) -> None:
    assert provider.redeem(provider.code(), changes=changes).status_code == 400


def test_a_wrong_verifier_uses_the_code_up(provider: Provider) -> None:
    code = provider.code()
    assert provider.redeem(code, changes={"code_verifier": "w" * 64}).status_code == 400
    assert provider.redeem(code).status_code == 400


@pytest.mark.parametrize("auth", [None, ("bloom-local", "wrong"), ("another", "no secret on this machine")])
def test_a_client_shows_its_secret(provider: Provider, auth: tuple[str, str] | None) -> None:
    code = provider.code()
    assert provider.redeem(code, auth).status_code == 401
    assert provider.redeem(code).status_code == 200


def test_tokens_are_renewed(provider: Provider) -> None:
    first = provider.redeem(provider.code("renewed@people.test")).json()
    renewed = provider.refresh(first["refresh_token"]).json()
    assert renewed["access_token"] != first["access_token"]
    assert who(provider, renewed)["email"] == "renewed@people.test"


def test_zooms_refresh_tokens_work_once(cloud: LocalCloud) -> None:
    zoom = Provider("zoom", cloud.url("zoom"))
    first = zoom.redeem(zoom.code()).json()["refresh_token"]
    assert [zoom.refresh(first).status_code for _ in range(2)] == [200, 400]


def test_a_grant_that_was_ended_renews_nothing(provider: Provider) -> None:
    tokens = provider.redeem(provider.code()).json()
    assert provider.revoke(tokens["refresh_token"]).status_code == 200
    assert provider.refresh(tokens["refresh_token"]).status_code == 400


def test_zoom_ends_a_grant_for_its_client_alone(cloud: LocalCloud) -> None:
    zoom = Provider("zoom", cloud.url("zoom"))
    tokens = zoom.redeem(zoom.code()).json()
    assert zoom.revoke(tokens["refresh_token"], None).status_code == 401
    assert zoom.refresh(tokens["refresh_token"]).status_code == 200


def test_zoom_shows_nobody_to_a_stranger(cloud: LocalCloud) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.get(f"{cloud.url('zoom')}/v2/users/me", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, 124)


def test_google_publishes_where_everything_is(cloud: LocalCloud) -> None:
    document = httpx.get(f"{cloud.url('google')}/.well-known/openid-configuration").json()
    assert document["issuer"] == cloud.url("google")
    assert document["authorization_response_iss_parameter_supported"] is True
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"):
        assert document[name].startswith(f"{cloud.url('google')}/")
    assert httpx.get(document["jwks_uri"]).json()["keys"][0]["kty"] == "RSA"


def test_google_wants_a_nonce(cloud: LocalCloud) -> None:
    google = Provider("google", cloud.url("google"))
    answer = google.authorize("someone@people.test", {"nonce": ""})
    assert "code" not in parse_qs(urlsplit(answer.headers.get("Location", "")).query)


def test_what_is_not_there_is_not_found(provider: Provider) -> None:
    assert httpx.get(f"{provider.url}/elsewhere").status_code == 404


def test_a_code_and_a_token_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    callback = f"{ORIGIN}/api/auth/oauth/zoom/callback"
    server = SignInServer(0, ZoomSignIn(RegisteredClient(*SECRET, callback)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        zoom = Provider("zoom", server.url)
        monkeypatch.setattr("dev.zoom_sign_in_double.CODE_SECONDS", -1)
        assert zoom.redeem(zoom.code()).status_code == 400
        monkeypatch.setattr("dev.zoom_sign_in_double.CODE_SECONDS", 60)
        monkeypatch.setattr("dev.zoom_sign_in_double.TOKEN_SECONDS", -1)
        tokens = zoom.redeem(zoom.code()).json()
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert httpx.get(f"{server.url}/v2/users/me", headers=header).status_code == 401
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
