"""Google says who somebody is: they are signed in, get an account, or are told why not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select

from dev.cloud import LocalCloud
from dev.sign_in_pages import Reply, challenge_of
from shared.clock import held_at, now
from shared.database.encryption import KeyRing, unseal
from shared.database.models.accounts import Session, Transport, User, UserStatus
from shared.database.models.credentials import Account, Verification, VerificationPurpose
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import add_phone, cookies, holding, problem
from tests.functions.auth.providers import (
    OAUTH,
    ORIGIN,
    Browser,
    Liar,
    agree,
    change,
    decline,
    query_of,
    serving,
    told,
    trail,
)
from tests.people import add_person, rows

DEAD = "http://127.0.0.1:9"


def state_row() -> Verification:
    [row] = rows(select(Verification).where(Verification.purpose == VerificationPurpose.OAUTH_STATE))
    return row


# The way there.


def test_a_sign_in_begins_at_google_with_pkce_state_and_nonce(browser: Browser, google_and_zoom: LocalCloud) -> None:
    url = browser.leave("google")
    asked = query_of(url)
    assert url.startswith(f"{google_and_zoom.url('google')}/oauth2/authorize?")
    assert asked["redirect_uri"] == "http://localhost:3000/api/auth/oauth/google/callback"
    assert (asked["response_type"], asked["client_id"]) == ("code", "bloom-local")
    assert asked["scope"] == "openid email profile"
    assert asked["code_challenge_method"] == "S256"
    assert {len(asked[name]) for name in ("state", "nonce", "code_challenge")} == {43}


def test_each_sign_in_has_secrets_of_its_own(browser: Browser) -> None:
    one, other = query_of(browser.leave("google")), query_of(browser.leave("google"))
    assert all(one[name] != other[name] for name in ("state", "nonce", "code_challenge"))


def test_what_it_keeps_meanwhile_is_a_digest_and_sealed(browser: Browser) -> None:
    asked = query_of(browser.leave("google", returnTo="/messages"))
    row = state_row()
    assert len(row.token_hash) == 32
    assert row.expires_at - row.created_at == timedelta(minutes=10)
    assert row.user_id is None
    payload = unseal(KeyRing.CREDENTIAL, row.payload or b"", "verification", "payload", row.id)
    assert all(word in payload for word in ("google", "/messages", asked["nonce"]))
    assert asked["state"] not in payload
    assert browser.cookie("oauth") not in payload
    assert asked["nonce"].encode() not in (row.payload or b"")


def test_the_verifier_is_never_shown_before_it_proves(browser: Browser) -> None:
    answer = browser.start("google")
    payload = unseal(KeyRing.CREDENTIAL, state_row().payload or b"", "verification", "payload", state_row().id)
    verifier = payload.partition('"verifier":"')[2].partition('"')[0]
    assert challenge_of(verifier) == query_of(answer.headers["Location"])["code_challenge"]
    assert len(verifier) == 86
    assert verifier not in str(answer.headers)


def test_the_browsers_cookie_is_out_of_reach_and_ends_with_the_state(browser: Browser) -> None:
    cookie = browser.start("google").headers["Set-Cookie"]
    assert cookie.startswith("bloom-oauth=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))


def test_what_is_not_configured_is_not_offered(browser: Browser, environment: Callable[..., None]) -> None:
    environment(google_client_id="")
    assert told(browser.start("google")) == "provider-not-offered"
    assert browser.start("github").status_code == 404


@pytest.mark.parametrize("document", [None, "{}", "not JSON", '{"issuer": "https://accounts.google.com"}'])
def test_a_google_that_is_away_or_unreadable_is_told_on_the_sign_in_page(
    browser: Browser, environment: Callable[..., None], document: str | None
) -> None:
    liar = Liar(answers={"/.well-known/openid-configuration": Reply("200 OK", document or "")})
    with serving(liar) as url:
        environment(google_issuer=url if document else DEAD)
        assert told(browser.start("google")) == ("provider-sign-in-failed" if document else "provider-away")
        assert rows(select(Verification)) == []


# The way back.


def test_whoever_is_new_becomes_a_patient_with_a_proven_address_and_no_password(browser: Browser) -> None:
    answer = browser.sign_in("google", "new.person@people.test", return_to="/appointments?tab=next")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/appointments?tab=next")
    [user] = rows(select(User))
    assert (user.email, user.name, user.role) == ("new.person@people.test", "New Person", Role.PATIENT)
    assert user.email_verified_at is not None
    assert user.password_hash is None
    assert browser.whoami() == {"id": str(user.id), "email": user.email, "name": user.name, "role": "PATIENT"}
    assert ("success", user.id) in trail("account.signed-up")
    assert trail("provider.sign-in") == [("success", user.id)]
    assert trail("session.signed-in") == [("success", user.id)]


def test_without_a_wish_it_leads_to_the_dashboard_and_the_cookie_of_the_way_is_removed(browser: Browser) -> None:
    answer = browser.sign_in("google", "dashboard@people.test")
    assert answer.headers["Location"] == "/dashboard"
    assert dict(cookies(answer))["bloom-oauth"] == ""
    assert browser.cookie("oauth") == ""
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_session_by_a_provider_is_always_a_cookie(browser: Browser) -> None:
    callback = urlsplit(agree(browser.leave("google"), "no.bearer@people.test"))
    answer = browser.client.get(f"{callback.path}?{callback.query}", headers={"X-Session-Transport": "bearer"})
    assert browser.cookie("session")
    assert answer.get_data() == b""
    assert rows(select(Session.transport)) == [Transport.COOKIE]


def test_whoever_comes_again_finds_their_account_though_their_address_changed_there(browser: Browser) -> None:
    browser.sign_in("google", "before@people.test", sub="77")
    first = browser.whoami()
    again = Browser()
    again.sign_in("google", "after@people.test", sub="77")
    assert again.whoami() == first
    [account] = rows(select(Account))
    assert (account.email, account.provider_account_id) == ("after@people.test", "77")


def test_another_account_there_with_an_old_address_gets_nothing(browser: Browser) -> None:
    browser.sign_in("google", "recycled@people.test", sub="old")
    assert told(Browser().sign_in("google", "recycled@people.test", sub="new")) == "provider-already-linked"
    assert rows(select(Account.provider_account_id)) == ["old"]


@pytest.mark.parametrize("role", list(Role))
def test_an_account_with_the_same_address_is_linked_where_both_sides_proved_it(
    browser: Browser, mailbox: Mailbox, role: Role
) -> None:
    person = add_person(role, email="both@people.test")
    browser.sign_in("google", "Both@People.test")
    assert (browser.whoami() or {})["id"] == str(person.id)
    assert trail("provider.linked") == [("success", person.id)]
    [mail] = mailbox.deliver()
    assert mail.recipients == [person.email]
    assert mail.subject == "Another way to sign in was added"
    assert rows(select(User.password_hash).where(User.id == person.id)) != [None]
    browser.sign_in("google", "both@people.test")
    assert len(mailbox.deliver()) == 1


def test_an_address_that_google_has_not_verified_makes_and_links_nothing(browser: Browser) -> None:
    add_person(email="known@people.test")
    for email in ("known@people.test", "unknown@people.test"):
        assert told(browser.sign_in("google", email, unverified="yes")) == "provider-address-not-verified"
    assert rows(select(Account)) == []
    assert len(rows(select(User))) == 1
    assert browser.whoami() is None
    assert [outcome for outcome, _ in trail("provider.sign-in")] == ["failure", "failure"]


def test_whoever_is_suspended_stays_out(browser: Browser) -> None:
    browser.sign_in("google", "suspended@people.test")
    [user_id] = rows(select(User.id))
    change(user_id, {"status": UserStatus.SUSPENDED, "suspended_at": now()})
    assert told(Browser().sign_in("google", "suspended@people.test")) == "account-suspended"
    assert trail("provider.sign-in")[-1] == ("failure", user_id)


def test_what_google_gave_is_sealed_for_its_own_row(browser: Browser) -> None:
    browser.sign_in("google", "sealed@people.test")
    [account] = rows(select(Account))
    for column in ("access_token", "refresh_token"):
        kept = getattr(account, column)
        token = unseal(KeyRing.CREDENTIAL, kept, "account", column, account.id)
        assert len(token) > 20
        assert token.encode() not in kept
    assert account.scope == "openid email profile"
    assert account.access_token_expires_at is not None
    assert timedelta(minutes=59) < account.access_token_expires_at - now() < timedelta(minutes=61)


def test_whoever_has_two_factors_is_asked_for_the_second(browser: Browser) -> None:
    with holding() as clock:
        phone = add_phone(browser.client, clock)
        before = len(rows(select(Session)))
        answer = browser.sign_in("google", phone.person.email, return_to="/messages?with=1")
        assert answer.headers["Location"] == "/sign-in/two-factor#returnTo=%2Fmessages%3Fwith%3D1"
        assert set(dict(cookies(answer))) == {"bloom-oauth", "bloom-challenge"}
        assert browser.whoami() is None
        assert len(rows(select(Session))) == before
        verified = browser.client.post("/api/auth/two-factor/verify", json={"code": phone.code()}, headers=ORIGIN)
        assert verified.status_code == 200, verified.get_json()
        assert (browser.whoami() or {})["id"] == str(phone.person.id)


def test_a_trusted_browser_is_not_asked_again(browser: Browser) -> None:
    with holding() as clock:
        phone = add_phone(browser.client, clock)
        browser.sign_in("google", phone.person.email)
        trusting = {"code": phone.code(), "trustDevice": True}
        browser.client.post("/api/auth/two-factor/verify", json=trusting, headers=ORIGIN)
        answer = browser.sign_in("google", phone.person.email)
        assert answer.headers["Location"] == "/dashboard"
        assert {"bloom-session", "bloom-oauth"} < set(dict(cookies(answer)))


def test_whoever_says_no_at_google_is_not_signed_in(browser: Browser) -> None:
    assert told(browser.come_back(decline(browser.leave("google")))) == "provider-sign-in-declined"
    assert browser.whoami() is None


@pytest.mark.parametrize(
    ("error", "problem_told"),
    [
        ("temporarily_unavailable", "provider-away"),
        ("server_error", "provider-away"),
        ("invalid_scope", "provider-sign-in-failed"),
        ("<script>", "provider-sign-in-failed"),
    ],
)
def test_an_error_of_googles_is_told_in_words_of_ours(
    browser: Browser, environment: Callable[..., None], error: str, problem_told: str
) -> None:
    with serving(Liar()) as url:
        environment(google_issuer=url)
        state = query_of(browser.leave("google"))["state"]
        answer = browser.client.get(f"{OAUTH}/google/callback", query_string={"state": state, "error": error})
        assert told(answer) == problem_told


@pytest.mark.parametrize(
    ("path", "reply", "problem_told"),
    [
        ("/token", Reply("500 Internal Server Error", "oops"), "provider-away"),
        ("/token", Reply("503 Service Unavailable", "{}"), "provider-away"),
        ("/token", Reply("429 Too Many Requests", "slow down"), "provider-away"),
        ("/token", Reply("400 Bad Request", '{"error": "invalid_grant"}'), "provider-sign-in-failed"),
        ("/token", Reply("403 Forbidden", "go away"), "provider-sign-in-failed"),
        ("/token", Reply("200 OK", "not JSON"), "provider-sign-in-failed"),
        ("/token", Reply("200 OK", "[]"), "provider-sign-in-failed"),
        ("/token", Reply("200 OK", "{}"), "provider-sign-in-failed"),
        ("/token", Reply("200 OK", '{"access_token": "a", "token_type": "mac"}'), "provider-sign-in-failed"),
        ("/token", Reply("200 OK", '{"access_token": "a"}'), "provider-sign-in-failed"),
        ("/token", Reply("302 Found", location="http://127.0.0.1:9/"), "provider-away"),
        ("/keys", Reply("500 Internal Server Error", "oops"), "provider-away"),
        ("/keys", Reply("200 OK", "{}"), "provider-sign-in-failed"),
        ("/keys", Reply("200 OK", "null"), "provider-sign-in-failed"),
    ],
)
def test_whatever_google_answers_becomes_a_problem(
    browser: Browser, environment: Callable[..., None], path: str, reply: Reply, problem_told: str
) -> None:
    with serving(liar := Liar(answers={path: reply})) as url:
        environment(google_issuer=url)
        assert told(liar.vouch(browser)) == problem_told
    assert rows(select(User)) == []


def test_a_google_that_goes_away_in_between_is_told(browser: Browser, environment: Callable[..., None]) -> None:
    with serving(liar := Liar()) as url:
        environment(google_issuer=url)
        asked = query_of(browser.leave("google"))
    answer = browser.client.get(f"{OAUTH}/google/callback", query_string={"state": asked["state"], "code": "a code"})
    assert told(answer) == "provider-away"
    assert liar.asked


def test_keys_that_changed_are_read_again(browser: Browser, environment: Callable[..., None]) -> None:
    with serving(liar := Liar()) as url:
        environment(google_issuer=url)
        assert liar.vouch(browser).headers["Location"] == "/dashboard"
        liar.key = RSAKey.generate_key(2048, auto_kid=True)
        assert liar.vouch(browser).headers["Location"] == "/dashboard"
        read = [asked.path for asked in liar.asked]
        assert (read.count("/keys"), read.count("/.well-known/openid-configuration")) == (2, 1)


def test_what_google_publishes_is_read_again_where_it_was_wrong(
    browser: Browser, environment: Callable[..., None]
) -> None:
    with serving(liar := Liar(discovery={"issuer": "https://elsewhere.test"})) as url:
        environment(google_issuer=url)
        assert told(browser.start("google")) == "provider-sign-in-failed"
        liar.discovery.clear()
        assert liar.vouch(browser).headers["Location"] == "/dashboard"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Ann\nBcc: x"}, "liar"),
        ({"name": ""}, "liar"),
        ({"name": None}, "liar"),
        ({"name": "x" * 201}, "liar"),
        ({"name": "  Ann Example "}, "Ann Example"),
    ],
)
def test_a_name_that_mails_could_not_greet_with_is_not_taken_over(
    browser: Browser, environment: Callable[..., None], claims: dict[str, object], name: str
) -> None:
    with serving(liar := Liar(claims=claims)) as url:
        environment(google_issuer=url)
        assert liar.vouch(browser).headers["Location"] == "/dashboard"
    assert rows(select(User.name)) == [name]


@pytest.mark.parametrize("email", ["no address", "a@b.test, c@d.test", "", None, 7, "a@b.test\nBcc: c@d.test"])
def test_an_address_that_is_none_makes_no_account(
    browser: Browser, environment: Callable[..., None], email: object
) -> None:
    with serving(liar := Liar(claims={"email": email})) as url:
        environment(google_issuer=url)
        assert told(liar.vouch(browser)) == "provider-sign-in-failed"
    assert rows(select(User)) == []


def test_a_sign_in_can_take_ten_minutes_and_no_longer(browser: Browser) -> None:
    callback, late = agree(browser.leave("google"), "late@people.test"), Browser()
    late_callback = agree(late.leave("google"), "late@people.test")
    almost, over = now() + timedelta(minutes=9, seconds=50), now() + timedelta(minutes=10, seconds=1)
    with held_at(lambda: almost):
        assert browser.come_back(callback).headers["Location"] == "/dashboard"
    with held_at(lambda: over):
        assert told(late.come_back(late_callback)) == "provider-sign-in-expired"


@pytest.mark.parametrize("name", ["code", "state", "iss", "error"])
def test_what_comes_back_has_a_longest_length(browser: Browser, name: str) -> None:
    answer = browser.client.get(f"{OAUTH}/google/callback", query_string={name: "x" * 5000})
    assert problem(answer) == (422, "unprocessable")
    assert answer.get_json()["errors"][0]["pointer"] == f"?{name}"
    assert "xxx" not in answer.get_data(as_text=True)


def test_what_else_comes_back_is_passed_over(browser: Browser) -> None:
    callback = agree(browser.leave("google"), "more@people.test")
    answer = browser.come_back(f"{callback}&scope=email&authuser=0&prompt=consent&hd=people.test")
    assert answer.headers["Location"] == "/dashboard"


def test_two_browsers_at_once_make_one_account(browser: Browser) -> None:
    browsers = [Browser(function_client("auth")) for _ in range(4)]
    callbacks = [agree(one.leave("google"), "at.once@people.test") for one in browsers]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(Browser.come_back, browsers, callbacks))
    assert {answer.headers["Location"] for answer in answers} == {"/dashboard"}
    assert len(rows(select(User))) == 1
    assert len(rows(select(Account))) == 1
    assert len(rows(select(Session))) == 4


def test_too_many_sign_ins_from_one_address_wait(browser: Browser, environment: Callable[..., None]) -> None:
    environment(limits="oauth-start=2/60,oauth-callback=2/60")
    assert [browser.start("google").status_code for _ in range(3)] == [302, 302, 429]
    assert [browser.client.get(f"{OAUTH}/google/callback").status_code for _ in range(3)] == [302, 302, 429]


def test_it_works_without_redis(browser: Browser, product: LocalCloud) -> None:
    product.stop_part("redis")
    try:
        browser.sign_in("google", "no.redis@people.test")
        assert (browser.whoami() or {})["email"] == "no.redis@people.test"
    finally:
        product.start_part("redis")
