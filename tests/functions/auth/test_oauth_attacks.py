"""Attacks on signing in through a provider, each of which ends on the sign-in page with nothing gained."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from shared.database.models.accounts import Session, User
from shared.database.models.credentials import Account, Verification
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import cookies, problem
from tests.functions.auth.providers import (
    OAUTH,
    ORIGIN,
    Browser,
    Liar,
    agree,
    change,
    query_of,
    serving,
    told,
    trail,
)
from tests.people import PASSWORD, As, add_person, rows

FAILED, EXPIRED, MIXED_UP = "provider-sign-in-failed", "provider-sign-in-expired", "provider-mixed-up"


def nobody_was_signed_in() -> None:
    assert rows(select(Session)) == []
    assert rows(select(User)) == []


# Login CSRF: the attacker's answer of the provider in the victim's browser, or the victim's in the attacker's.


def test_an_answer_without_the_browsers_cookie_is_refused(browser: Browser) -> None:
    callback = agree(browser.leave("google"), "attacker@people.test")
    victim = Browser()
    assert told(victim.come_back(callback)) == EXPIRED
    nobody_was_signed_in()
    assert trail("provider.sign-in") == [("failure", None)]


def test_an_answer_for_another_browser_is_refused(browser: Browser) -> None:
    attackers = agree(browser.leave("google"), "attacker@people.test")
    victim = Browser()
    victims = agree(victim.leave("google"), "victim@people.test")
    assert told(victim.come_back(attackers)) == EXPIRED
    assert told(browser.come_back(victims)) == EXPIRED
    nobody_was_signed_in()


def test_the_state_is_no_substitute_for_the_cookie(browser: Browser) -> None:
    callback = agree(browser.leave("google"), "victim@people.test")
    thief = Browser()
    thief.client.set_cookie("bloom-oauth", query_of(callback)["state"])
    assert told(thief.come_back(callback)) == EXPIRED
    nobody_was_signed_in()


@pytest.mark.parametrize("state", [None, "", "x", "x" * 43, "\u2603"])
def test_a_state_that_we_never_gave_is_refused(browser: Browser, state: str | None) -> None:
    browser.leave("google")
    given = {"code": "a code", **({} if state is None else {"state": state})}
    assert told(browser.client.get(f"{OAUTH}/google/callback", query_string=given)) == EXPIRED


# Replay.


def test_a_callback_works_once(browser: Browser) -> None:
    cookie_kept = Browser()
    callback = agree(browser.leave("google"), "once@people.test")
    cookie_kept.client.set_cookie("bloom-oauth", browser.cookie("oauth"))
    assert browser.come_back(callback).headers["Location"] == "/dashboard"
    assert told(cookie_kept.come_back(callback)) == EXPIRED
    assert len(rows(select(Session))) == 1


def test_a_failed_answer_uses_the_state_up(browser: Browser) -> None:
    callback = agree(browser.leave("google"), "victim@people.test")
    assert told(Browser().come_back(callback)) == EXPIRED
    assert told(browser.come_back(callback)) == EXPIRED
    nobody_was_signed_in()


def test_a_callback_sent_many_times_at_once_opens_one_session(browser: Browser) -> None:
    callback = agree(browser.leave("google"), "at.once@people.test")
    browsers = [Browser(function_client("auth")) for _ in range(8)]
    for one in browsers:
        one.client.set_cookie("bloom-oauth", browser.cookie("oauth"))
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda one: one.come_back(callback).headers["Location"], browsers))
    assert sorted(places) == ["/dashboard", *[f"/sign-in#problem={EXPIRED}"] * 7]
    assert len(rows(select(Session))) == 1


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_a_code_works_once(browser: Browser, provider: str) -> None:
    used = query_of(agree(browser.leave(provider), "code@people.test"))
    answer = browser.client.get(f"{OAUTH}/{provider}/callback", query_string=used)
    assert answer.headers["Location"] == "/dashboard"
    again = query_of(agree(browser.leave(provider), "code@people.test"))
    replayed = {**again, "code": used["code"]}
    assert told(browser.client.get(f"{OAUTH}/{provider}/callback", query_string=replayed)) == FAILED


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_a_stolen_code_does_not_fit_another_sign_in(browser: Browser, provider: str) -> None:
    stolen = query_of(agree(browser.leave(provider), "victim@people.test"))["code"]
    thief = Browser()
    injected = {**query_of(agree(thief.leave(provider), "thief@people.test")), "code": stolen}
    assert told(thief.client.get(f"{OAUTH}/{provider}/callback", query_string=injected)) == FAILED
    nobody_was_signed_in()


# Mix-up: an answer of one provider taken for another's.


@pytest.mark.parametrize(("asked", "answered"), [("google", "zoom"), ("zoom", "google")])
def test_the_answer_of_one_provider_at_the_others_callback_is_refused(
    browser: Browser, asked: str, answered: str
) -> None:
    given = query_of(agree(browser.leave(asked), "mixed@people.test"))
    assert told(browser.client.get(f"{OAUTH}/{answered}/callback", query_string=given)) == MIXED_UP
    nobody_was_signed_in()


@pytest.mark.parametrize(
    ("provider", "issuer"),
    [
        ("google", "https://evil.test"),
        ("google", "https://accounts.google.com"),
        ("google", ""),
        ("google", None),
        ("zoom", "https://evil.test"),
        ("zoom", ""),
    ],
)
def test_an_answer_that_names_another_issuer_is_refused(browser: Browser, provider: str, issuer: str | None) -> None:
    given = {**query_of(agree(browser.leave(provider), "mixed@people.test")), "iss": issuer}
    given = {name: value for name, value in given.items() if value is not None}
    assert told(browser.client.get(f"{OAUTH}/{provider}/callback", query_string=given)) == MIXED_UP
    nobody_was_signed_in()


def test_an_issuer_is_asked_for_only_where_it_is_announced(browser: Browser, environment: Callable[..., None]) -> None:
    with serving(liar := Liar()) as url:
        environment(google_issuer=url)
        assert liar.vouch(browser).headers["Location"] == "/dashboard"
        assert liar.vouch(browser, iss=url).headers["Location"] == "/dashboard"
        assert told(liar.vouch(browser, iss="https://evil.test")) == MIXED_UP


# ID tokens that are not what they should be.


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another sign-in's"},
        {"nonce": None},
        {"nonce": ["a", "b"]},
        {"aud": "another client"},
        {"aud": None},
        {"aud": ["bloom-local", "another client"], "azp": None},
        {"azp": "another client"},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"exp": int(time()) - 120},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": int(time()) + 3600},
        {"nbf": int(time()) + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"at_hash": "of another token"},
        {"email_verified": "perhaps"},
    ],
)
def test_an_id_token_that_claims_something_else_is_refused(
    browser: Browser, environment: Callable[..., None], claims: dict[str, Any]
) -> None:
    with serving(liar := Liar(claims=claims)) as url:
        environment(google_issuer=url)
        assert told(liar.vouch(browser)) == FAILED
    nobody_was_signed_in()


def test_the_same_token_unchanged_signs_in(browser: Browser, environment: Callable[..., None]) -> None:
    with serving(liar := Liar(claims={"aud": ["bloom-local"]})) as url:
        environment(google_issuer=url)
        assert liar.vouch(browser).headers["Location"] == "/dashboard"
    assert (browser.whoami() or {})["email"] == "liar@people.test"


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(token: str) -> str:
    return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


def _changed(token: str) -> str:
    head, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{head}.{_encoded({**said, 'email': 'victim@people.test'})}.{signature}"


@pytest.mark.parametrize(
    "forged",
    [
        _unsigned,
        _changed,
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.rpartition(".")[0],
        lambda token: "",
        lambda token: "a.b.c",
        lambda token: "..",
        lambda token: f"{_encoded({'alg': 'RS256', 'kid': 7})}.{token.partition('.')[2]}",
        lambda token: f"{_encoded([])}.{token.partition('.')[2]}",
        lambda token: f"{token.partition('.')[0]}.{_encoded(None)}.{token.rpartition('.')[2]}",
    ],
)
def test_a_token_that_google_did_not_sign_is_refused(
    browser: Browser, environment: Callable[..., None], forged: Callable[[str], str]
) -> None:
    with serving(liar := Liar(forged=forged)) as url:
        environment(google_issuer=url)
        assert told(liar.vouch(browser)) == FAILED
    nobody_was_signed_in()


def test_a_token_under_a_key_that_google_does_not_publish_is_refused(
    browser: Browser, environment: Callable[..., None]
) -> None:
    real = RSAKey.generate_key(2048, {"kid": "1"})
    for kid in ("1", "2"):
        with serving(liar := Liar(key=RSAKey.generate_key(2048, {"kid": kid}), published=[real])) as url:
            environment(google_issuer=url)
            assert told(liar.vouch(browser)) == FAILED
    nobody_was_signed_in()


def test_a_token_under_our_own_secret_is_refused(browser: Browser, environment: Callable[..., None]) -> None:
    secret = OctKey.import_key("no secret on this machine")

    def with_secret(token: str) -> str:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return jwt.encode({"alg": "HS256"}, claims, secret)

    with serving(liar := Liar(forged=with_secret)) as url:
        environment(google_issuer=url)
        assert told(liar.vouch(browser)) == FAILED


# Pre-registration: somebody signs up with the victim's address and waits for the victim to prove it.


def test_whoever_signed_up_with_anothers_address_loses_it_to_its_owner(browser: Browser, mailbox: Mailbox) -> None:
    attacker = Browser()
    account = {"email": "victim@people.test", "password": PASSWORD, "name": "Attacker", "role": "PATIENT"}
    assert attacker.client.post("/api/auth/sign-up", json=account).status_code == 202
    [mail] = mailbox.deliver()

    browser.sign_in("google", "victim@people.test")
    victim = browser.whoami() or {}
    assert victim["email"] == "victim@people.test"
    assert victim["name"] == "Victim"
    assert rows(select(User.password_hash)) == [None]

    password = {"email": account["email"], "password": account["password"]}
    refused = attacker.client.post("/api/auth/sign-in", json=password)
    assert problem(refused) == (401, "wrong-credentials")
    # The link of the attacker's sign-up is in the victim's mailbox; following it brings nothing back.
    token = {"token": mailbox.token(mail)}
    assert problem(browser.client.post("/api/auth/verify-email", json=token, headers=ORIGIN)) == (
        410,
        "link-no-longer-valid",
    )
    assert attacker.client.post("/api/auth/sign-in", json=password).status_code == 401
    # Nor does signing up again.
    assert attacker.client.post("/api/auth/sign-up", json=account).status_code == 202
    assert attacker.client.post("/api/auth/sign-in", json=password).status_code == 401
    assert rows(select(User.password_hash)) == [None]
    assert [mail.subject for mail in mailbox.deliver()][1:] == [
        "Another way to sign in was added",
        "You already have an account",
    ]


def test_no_session_of_an_unproven_account_survives_its_owner(browser: Browser) -> None:
    unproven = add_person(email="victim@people.test", verified=False)
    assert As(browser.client, unproven).get("/api/auth/session").status_code == 200
    browser.sign_in("google", "victim@people.test")
    assert As(Browser().client, unproven).get("/api/auth/session").status_code == 401
    assert (browser.whoami() or {})["id"] == str(unproven.id)
    assert ("success", unproven.id) in trail("account.email-verified")
    assert ("success", unproven.id) in trail("provider.linked")


def test_an_unproven_address_at_the_provider_claims_no_unproven_account(browser: Browser) -> None:
    person = add_person(email="victim@people.test", verified=False)
    for provider in ("google", "zoom"):
        answer = browser.sign_in(provider, "victim@people.test", unverified="yes")
        assert told(answer) == "provider-address-not-verified"
    [kept] = rows(select(User))
    assert kept.password_hash is not None
    assert kept.email_verified_at is None
    assert As(browser.client, person).get("/api/auth/session").status_code == 200


def test_an_account_that_was_in_use_is_not_claimed_by_an_address_it_no_longer_proves(browser: Browser) -> None:
    person = add_person(email="in.use@people.test", verified=False)
    [used_at] = rows(select(User.created_at))
    change(person.id, {"last_signed_in_at": used_at})
    assert told(browser.sign_in("google", "in.use@people.test")) == "address-not-proven"
    assert rows(select(User.password_hash)) != [None]
    assert rows(select(Account)) == []


# Open redirects.

ELSEWHERE = [
    "https://evil.test",
    "http:evil.test",
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "/%0d%0aLocation:%20//evil.test\r\n",
    "/path//evil.test",
    "/?next=//evil.test",
    "\t//evil.test",
    " //evil.test",
    "/ /evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.test",
    "@evil.test",
    ".evil.test",
    ":80/",
    "",
    "?a=b",
    "#a",
    "/\u2044evil.test",
    "/\u3000evil.test",
    "/\x7f",
    "/\x00",
    "/api/auth/oauth/zoom",
    "/API/auth/session",
    "/" + "x" * 500,
]


@pytest.mark.parametrize("return_to", ELSEWHERE)
def test_no_sign_in_leads_elsewhere(browser: Browser, return_to: str) -> None:
    answer = browser.start("google", returnTo=return_to)
    assert problem(answer) == (422, "unprocessable")
    assert answer.get_json()["errors"][0]["pointer"] == "?returnTo"
    assert rows(select(Verification)) == []


@pytest.mark.parametrize("return_to", ["/", "/a/b", "/a?b=c&d=%2F%2Fe.test#f", "/apis", "/@evil.test", "/a:b", "/%5C"])
def test_a_page_of_ours_is_led_to_as_it_was_asked_for(browser: Browser, return_to: str) -> None:
    answer = browser.sign_in("google", "page@people.test", return_to=return_to)
    assert answer.headers["Location"] == return_to
    assert urlsplit(answer.headers["Location"]).netloc == ""


# What is secret stays so.


def test_neither_code_nor_state_nor_token_reaches_answers_or_logs(
    browser: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    callback = query_of(agree(browser.leave("zoom"), "silent@people.test"))
    cookie = browser.cookie("oauth")
    capfd.readouterr()
    done = browser.client.get(f"{OAUTH}/zoom/callback", query_string=callback)
    failed = browser.client.get(f"{OAUTH}/zoom/callback", query_string=callback)
    told_all = f"{done.headers}{done.get_data()!r}{failed.headers}{failed.get_data()!r}{capfd.readouterr()}"
    session_cookie = dict(cookies(done))["bloom-session"]
    assert session_cookie in told_all
    for secret in (callback["code"], callback["state"], cookie):
        assert secret not in told_all


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_a_sign_in_whose_pkce_was_stripped_is_refused_by_the_provider(browser: Browser, provider: str) -> None:
    url = browser.leave(provider)
    stripped = url.replace("code_challenge_method=S256", "x=1").replace("code_challenge=", "y=")
    plain = url.replace("code_challenge_method=S256", "code_challenge_method=plain")
    assert [httpx.post(one, data={"email": "a@people.test"}).status_code for one in (stripped, plain)] == [400, 400]
