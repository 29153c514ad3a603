"""Zoom says who somebody is, over OAuth 2.0 and its own API."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from dev.cloud import LocalCloud
from dev.sign_in_pages import Application, Asked, Reply, StartResponse
from shared.database.encryption import KeyRing, unseal
from shared.database.models.accounts import User
from shared.database.models.credentials import Account, Provider
from shared.roles import Role
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.providers import OAUTH, Browser, agree, decline, query_of, serving, told
from tests.people import add_person, rows

TOKENS = '{"access_token": "a", "token_type": "bearer", "refresh_token": "r", "expires_in": 3599, "scope": "user:read"}'
PERSON = '{"id": "z1", "email": "zoe@people.test", "verified": 1, "first_name": "Zoe", "last_name": "Example"}'


def zoom_that_says(asked: list[Asked], **answers: Reply) -> Application:
    """A Zoom whose `token` and `me` are as given."""
    said = {"token": Reply("200 OK", TOKENS), "me": Reply("200 OK", PERSON), **answers}

    def application(environ: dict[str, object], start_response: StartResponse) -> list[bytes]:
        asked.append(Asked.of(environ))
        return said[asked[-1].path.rpartition("/")[2]].send(start_response)

    return application


def come_back_to(url: str, browser: Browser, environment: Callable[..., None]) -> str:
    """Where somebody lands whom this Zoom vouches for."""
    environment(zoom_sign_in_url=url, zoom_api_url=url)
    state = query_of(browser.leave("zoom"))["state"]
    answer = browser.client.get(f"{OAUTH}/zoom/callback", query_string={"code": "a code", "state": state})
    return str(answer.headers["Location"])


def test_a_sign_in_begins_at_zoom_with_pkce_and_state(browser: Browser, google_and_zoom: LocalCloud) -> None:
    url = browser.leave("zoom")
    assert url.startswith(f"{google_and_zoom.url('zoom')}/oauth/authorize?")
    asked = query_of(url)
    assert set(asked) == {
        *("response_type", "client_id", "redirect_uri", "state"),
        *("code_challenge", "code_challenge_method"),
    }
    assert asked["redirect_uri"] == "http://localhost:3000/api/auth/oauth/zoom/callback"


def test_whoever_is_new_becomes_a_patient(browser: Browser) -> None:
    answer = browser.sign_in("zoom", "zoe.example@people.test", return_to="/appointments")
    assert answer.headers["Location"] == "/appointments"
    [user] = rows(select(User))
    assert (user.email, user.name, user.role) == ("zoe.example@people.test", "Zoe Example", Role.PATIENT)
    assert (browser.whoami() or {})["id"] == str(user.id)
    again = Browser()
    again.sign_in("zoom", "zoe.example@people.test")
    assert again.whoami() == browser.whoami()


def test_an_account_with_the_same_proven_address_is_linked(browser: Browser, mailbox: Mailbox) -> None:
    person = add_person(Role.THERAPIST, email="theo@people.test")
    browser.sign_in("zoom", "theo@people.test")
    assert (browser.whoami() or {})["id"] == str(person.id)
    assert [mail.recipients for mail in mailbox.deliver()] == [[person.email]]


def test_google_and_zoom_lead_to_one_account_by_its_address(browser: Browser) -> None:
    browser.sign_in("zoom", "both.of@people.test")
    first = browser.whoami()
    browser.sign_in("google", "both.of@people.test")
    assert browser.whoami() == first
    assert set(rows(select(Account.provider))) == {Provider.GOOGLE, Provider.ZOOM}


def test_an_address_that_zoom_has_not_verified_makes_and_links_nothing(browser: Browser) -> None:
    add_person(email="known@people.test")
    for email in ("known@people.test", "unknown@people.test"):
        assert told(browser.sign_in("zoom", email, unverified="yes")) == "provider-address-not-verified"
    assert rows(select(Account)) == []


def test_whoever_says_no_at_zoom_is_not_signed_in(browser: Browser) -> None:
    assert told(browser.come_back(decline(browser.leave("zoom")))) == "provider-sign-in-declined"


def test_the_code_is_redeemed_with_basic_authentication_its_verifier_and_the_exact_address(
    browser: Browser, environment: Callable[..., None]
) -> None:
    asked: list[Asked] = []
    with serving(zoom_that_says(asked)) as url:
        assert come_back_to(url, browser, environment) == "/dashboard"
    token, me = asked
    assert httpx.BasicAuth("bloom-local", "no secret on this machine")._auth_header == token.authorization
    assert set(token.form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert token.form["redirect_uri"] == "http://localhost:3000/api/auth/oauth/zoom/callback"
    assert (me.path, me.authorization) == ("/v2/users/me", "Bearer a")


def test_a_wrong_secret_of_ours_is_told_without_it(
    browser: Browser, environment: Callable[..., None], google_and_zoom: LocalCloud
) -> None:
    callback = agree(browser.leave("zoom"), "secret@people.test")
    environment(zoom_client_secret="wrong")
    assert told(browser.come_back(callback)) == "provider-sign-in-failed"


def test_what_zoom_gave_is_sealed_for_its_own_row(browser: Browser, environment: Callable[..., None]) -> None:
    with serving(zoom_that_says([])) as url:
        come_back_to(url, browser, environment)
    [account] = rows(select(Account))
    for column, token in (("access_token", "a"), ("refresh_token", "r")):
        assert unseal(KeyRing.CREDENTIAL, getattr(account, column), "account", column, account.id) == token
    assert account.scope == "user:read"


def test_zoom_is_not_offered_without_a_client(browser: Browser, environment: Callable[..., None]) -> None:
    environment(zoom_client_id="")
    assert told(browser.start("zoom")) == "provider-not-offered"


def test_a_client_that_went_in_between_is_told(browser: Browser, environment: Callable[..., None]) -> None:
    callback = agree(browser.leave("zoom"), "gone@people.test")
    environment(zoom_client_id="")
    assert told(browser.come_back(callback)) == "provider-not-offered"


def test_a_zoom_that_is_away_is_told(browser: Browser, environment: Callable[..., None]) -> None:
    dead = "http://127.0.0.1:9"
    callback = agree(browser.leave("zoom"), "away@people.test")
    environment(zoom_api_url=dead)
    assert told(browser.come_back(callback)) == "provider-away"
    assert come_back_to(dead, browser, environment) == "/sign-in#problem=provider-away"


@pytest.mark.parametrize(
    ("answers", "problem_told"),
    [
        ({"token": Reply("500 Internal Server Error", "oops")}, "provider-away"),
        ({"token": Reply("400 Bad Request", '{"reason": "Invalid code", "error": "invalid_grant"}')}, "failed"),
        ({"token": Reply("400 Bad Request", '{"reason": "Invalid code"}')}, "failed"),
        ({"token": Reply("200 OK", "<html>")}, "failed"),
        ({"me": Reply("503 Service Unavailable", "")}, "provider-away"),
        ({"me": Reply("429 Too Many Requests", "")}, "provider-away"),
        ({"me": Reply("401 Unauthorized", '{"code": 124}')}, "failed"),
        ({"me": Reply("200 OK", "not JSON")}, "failed"),
        ({"me": Reply("200 OK", "[]")}, "failed"),
        ({"me": Reply("200 OK", '{"id": "", "email": "a@b.test", "verified": 1}')}, "failed"),
        ({"me": Reply("200 OK", '{"id": "1", "verified": 1}')}, "failed"),
        ({"me": Reply("200 OK", '{"id": "1", "email": "a@b.test"}')}, "provider-address-not-verified"),
        ({"me": Reply("200 OK", '{"id": "1", "email": "a@b.test", "verified": 2}')}, "provider-address-not-verified"),
    ],
)
def test_whatever_zoom_answers_becomes_a_problem(
    browser: Browser, environment: Callable[..., None], answers: dict[str, Reply], problem_told: str
) -> None:
    wanted = "provider-sign-in-failed" if problem_told == "failed" else problem_told
    with serving(zoom_that_says([], **answers)) as url:
        assert come_back_to(url, browser, environment) == f"/sign-in#problem={wanted}"
    assert rows(select(User)) == []
