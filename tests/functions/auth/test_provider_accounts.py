"""Accounts elsewhere are listed, linked and removed by whom they belong to; their tokens are renewed and ended."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from dev.sign_in_pages import Asked, Reply, StartResponse
from functions.auth import oauth_providers, provider_tokens
from shared.clock import held_at, now
from shared.database.models.accounts import User, UserStatus
from shared.database.models.credentials import Account, PasskeyCredential, Provider, Verification
from shared.database.transaction import transaction
from tests.doubles import function_client
from tests.environment import key
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.phone import problem
from tests.functions.auth.providers import (
    ACCOUNTS,
    ORIGIN,
    Browser,
    agree,
    change,
    decline,
    serving,
    trail,
)
from tests.people import PASSWORD, Person, add_person, rows

LINKS_PAGE, DEAD = "/settings/security", "http://127.0.0.1:9"


def signed_in(browser: Browser, person: Person | None = None) -> Person:
    """Somebody signs in with their password in this browser."""
    person = person or add_person()
    credentials = {"email": person.email, "password": PASSWORD}
    assert browser.client.post("/api/auth/sign-in", json=credentials, headers=ORIGIN).status_code == 200
    return person


def listed(browser: Browser) -> list[dict[str, str]]:
    answer = browser.client.get(ACCOUNTS)
    assert answer.status_code == 200
    items: list[dict[str, str]] = answer.get_json()["items"]
    return items


def unlink(browser: Browser, provider: str) -> TestResponse:
    return browser.client.delete(f"{ACCOUNTS}/{provider}", headers=ORIGIN)


@transaction
def add_passkey(db: Database, user_id: UUID) -> None:
    db.add(PasskeyCredential(user_id=user_id, credential_id=b"id", public_key=b"key", name="A key"))


# The list.


def test_nobody_has_accounts_elsewhere_at_first(browser: Browser) -> None:
    signed_in(browser)
    assert browser.client.get(ACCOUNTS).get_json() == {"items": [], "nextCursor": None}


def test_accounts_elsewhere_are_shown_to_their_owner_alone(browser: Browser) -> None:
    browser.sign_in("google", "list@people.test")
    browser.link("zoom", "at.zoom@people.test")
    one, other = listed(browser)
    assert (one["provider"], one["email"]) == ("google", "list@people.test")
    assert (other["provider"], other["email"]) == ("zoom", "at.zoom@people.test")
    assert set(one) == {"provider", "email", "linkedAt"}
    assert one["linkedAt"].endswith("Z")
    stranger = Browser()
    signed_in(stranger)
    assert listed(stranger) == []


# Linking.


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_whoever_is_signed_in_links_an_account_of_any_address(
    browser: Browser, mailbox: Mailbox, provider: str
) -> None:
    person = signed_in(browser)
    answer = browser.link(provider, "another.address@people.test")
    assert answer.headers["Location"] == LINKS_PAGE
    assert [item["provider"] for item in listed(browser)] == [provider]
    assert trail("provider.linked") == [("success", person.id)]
    assert [(mail.subject, mail.recipients) for mail in mailbox.deliver()] == [
        ("Another way to sign in was added", [person.email])
    ]
    elsewhere = Browser()
    elsewhere.sign_in(provider, "another.address@people.test")
    assert (elsewhere.whoami() or {})["id"] == str(person.id)


def test_a_link_leads_back_to_where_it_was_asked_for(browser: Browser) -> None:
    signed_in(browser)
    url = browser.begin_link("google", returnTo="/welcome?step=2").get_json()["url"]
    assert browser.come_back(agree(url, "back@people.test")).headers["Location"] == "/welcome?step=2"
    assert problem(browser.begin_link("google", returnTo="//evil.test")) == (422, "unprocessable")
    assert problem(browser.begin_link("google", elsewhere="/a")) == (422, "unprocessable")


def test_a_link_opens_no_session_and_leaves_the_present_one(browser: Browser) -> None:
    person = signed_in(browser)
    before = browser.cookie("session")
    browser.link("google", "no.session@people.test")
    assert browser.cookie("session") == before
    assert (browser.whoami() or {})["id"] == str(person.id)


def test_linking_again_changes_nothing_and_tells_nobody(browser: Browser, mailbox: Mailbox) -> None:
    signed_in(browser)
    for _ in range(2):
        assert browser.link("google", "twice@people.test").headers["Location"] == LINKS_PAGE
    assert len(listed(browser)) == 1
    assert len(mailbox.deliver()) == 1


def told(answer: TestResponse) -> str:
    page, _, kind = answer.headers["Location"].partition("#problem=")
    assert page == LINKS_PAGE
    return kind


def test_an_account_that_is_somebody_elses_here_is_not_linked(browser: Browser, mailbox: Mailbox) -> None:
    Browser().sign_in("google", "taken@people.test")
    [owner] = rows(select(Account.user_id))
    thief = signed_in(browser)
    assert told(browser.link("google", "taken@people.test")) == "provider-account-taken"
    assert rows(select(Account.user_id)) == [owner]
    assert trail("provider.linked")[-1] == ("failure", thief.id)
    assert mailbox.deliver() == []


def test_one_account_of_each_provider_can_be_linked(browser: Browser) -> None:
    signed_in(browser)
    browser.link("zoom", "first@people.test")
    assert told(browser.link("zoom", "second@people.test")) == "provider-already-linked"
    assert [item["email"] for item in listed(browser)] == ["first@people.test"]


def test_an_account_whose_address_is_not_verified_there_is_not_linked(browser: Browser) -> None:
    signed_in(browser)
    for provider in ("google", "zoom"):
        answer = browser.link(provider, "unverified@people.test", unverified="yes")
        assert told(answer) == "provider-address-not-verified"
    assert listed(browser) == []


def test_whoever_says_no_at_the_provider_comes_back_to_the_settings(browser: Browser) -> None:
    signed_in(browser)
    url = browser.begin_link("google").get_json()["url"]
    assert told(browser.come_back(decline(url))) == "provider-sign-in-declined"


def test_the_state_of_a_link_belongs_to_its_user(browser: Browser) -> None:
    person = signed_in(browser)
    browser.begin_link("google")
    assert rows(select(Verification.user_id)) == [person.id]


def test_a_link_that_comes_back_in_another_session_is_refused(browser: Browser) -> None:
    victim = signed_in(browser)
    callback = agree(browser.begin_link("google").get_json()["url"], "attackers@people.test")
    signed_in(browser, victim)  # the same person, another session
    assert told(browser.come_back(callback)) == "link-of-another-session"
    assert listed(browser) == []


def test_a_link_that_comes_back_signed_out_is_refused(browser: Browser) -> None:
    signed_in(browser)
    callback = agree(browser.begin_link("google").get_json()["url"], "attackers@people.test")
    browser.client.post("/api/auth/sign-out", headers=ORIGIN)
    assert told(browser.come_back(callback)) == "link-of-another-session"
    assert rows(select(Account)) == []


def test_an_attackers_link_cannot_be_finished_by_a_victim(browser: Browser) -> None:
    signed_in(browser)
    callback = agree(browser.begin_link("google").get_json()["url"], "attackers@people.test")
    victim = Browser()
    signed_in(victim)
    answer = victim.come_back(callback)
    assert answer.headers["Location"] == "/sign-in#problem=provider-sign-in-expired"
    assert listed(victim) == []


def test_whoever_was_suspended_in_between_links_nothing(browser: Browser) -> None:
    person = signed_in(browser)
    callback = agree(browser.begin_link("google").get_json()["url"], "late@people.test")
    change(person.id, {"status": UserStatus.SUSPENDED, "suspended_at": now()})
    assert told(browser.come_back(callback)) == "link-of-another-session"
    assert rows(select(Account)) == []


@pytest.mark.parametrize(("method", "path"), [("POST", "/google/link"), ("DELETE", "/google")])
def test_what_changes_ways_in_wants_a_fresh_proof(browser: Browser, method: str, path: str) -> None:
    signed_in(browser)
    later = now() + timedelta(minutes=11)
    with held_at(lambda: later):
        answer = browser.client.open(ACCOUNTS + path, method=method, json={}, headers=ORIGIN)
    assert problem(answer) == (403, "step-up-required")


@pytest.mark.parametrize(("method", "path"), [("POST", "/google/link"), ("DELETE", "/google")])
def test_a_page_of_another_origin_changes_no_ways_in(browser: Browser, method: str, path: str) -> None:
    signed_in(browser)
    elsewhere = {"Origin": "https://evil.test"}
    answer = browser.client.open(ACCOUNTS + path, method=method, json={}, headers=elsewhere)
    assert problem(answer) == (403, "foreign-origin")


def test_a_provider_that_is_away_or_not_offered_is_told_to_whoever_would_link(
    browser: Browser, environment: Callable[..., None]
) -> None:
    signed_in(browser)
    environment(google_issuer=DEAD)
    away = browser.begin_link("google")
    assert problem(away) == (503, "provider-away")
    assert away.headers["Retry-After"] == "1"
    environment(google_client_id="")
    assert problem(browser.begin_link("google")) == (404, "provider-not-offered")
    assert browser.begin_link("github").status_code == 404


# Unlinking.


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_a_link_is_removed_where_there_is_a_password(browser: Browser, mailbox: Mailbox, provider: str) -> None:
    person = signed_in(browser)
    browser.link(provider, "remove@people.test")
    mailbox.deliver()
    assert unlink(browser, provider).status_code == 204
    assert listed(browser) == []
    assert trail("provider.unlinked") == [("success", person.id)]
    assert mailbox.deliver()[-1].subject == "A way to sign in was removed"
    assert problem(unlink(browser, provider)) == (404, "not-found")
    stranger = Browser()
    stranger.sign_in(provider, "remove@people.test")
    assert (stranger.whoami() or {})["id"] != str(person.id)


def test_the_last_way_in_stays(browser: Browser, mailbox: Mailbox) -> None:
    browser.sign_in("google", "last@people.test")
    assert problem(unlink(browser, "google")) == (409, "last-way-in")
    assert len(listed(browser)) == 1
    assert mailbox.deliver() == []


def test_a_passkey_or_another_provider_is_a_way_in_too(browser: Browser) -> None:
    browser.sign_in("google", "ways@people.test")
    browser.link("zoom", "ways@people.test")
    assert unlink(browser, "google").status_code == 204
    assert problem(unlink(browser, "zoom")) == (409, "last-way-in")
    add_passkey(UUID((browser.whoami() or {})["id"]))
    assert unlink(browser, "zoom").status_code == 204


def test_two_removals_at_once_leave_one_way_in(browser: Browser) -> None:
    browser.sign_in("google", "two@people.test")
    browser.link("zoom", "two@people.test")
    cookie = browser.cookie("session")

    def remove(provider: str) -> int:
        client = function_client("auth")
        client.set_cookie("bloom-session", cookie)
        return client.delete(f"{ACCOUNTS}/{provider}", headers=ORIGIN).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ["google", "zoom"])) == [204, 409]
    assert len(rows(select(Account))) == 1


def test_nobody_removes_anothers_link(browser: Browser) -> None:
    Browser().sign_in("google", "owner@people.test")
    signed_in(browser)
    assert problem(unlink(browser, "google")) == (404, "not-found")
    assert len(rows(select(Account))) == 1


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_the_tokens_are_ended_at_the_provider(browser: Browser, provider: str) -> None:
    person = signed_in(browser)
    browser.link(provider, "ended@people.test")
    kept = provider_tokens.find_tokens(person.id, Provider(provider))
    assert kept is not None
    assert kept.refresh_token is not None
    there = oauth_providers.provider_for(Provider(provider))
    kept_token = there.refresh(kept.refresh_token).refresh_token or kept.refresh_token
    keep(person.id, kept_token)
    assert unlink(browser, provider).status_code == 204
    with pytest.raises(oauth_providers.ProviderSignInFailed):
        there.refresh(kept_token)


@transaction
def keep(db: Database, user_id: UUID, refresh_token: str) -> None:
    """Keep a refresh token that has already run out as an access token."""
    account = db.scalars(select(Account).where(Account.user_id == user_id)).one()
    ended = now() - timedelta(seconds=1)
    provider_tokens.seal_into(account, oauth_providers.Tokens("run out", refresh_token, ended, None))


@pytest.mark.parametrize("provider", ["google", "zoom"])
def test_a_provider_that_is_away_does_not_hold_a_removal_up(
    browser: Browser, environment: Callable[..., None], provider: str
) -> None:
    signed_in(browser)
    browser.link(provider, "away@people.test")
    environment(google_issuer=DEAD, zoom_sign_in_url=DEAD)
    assert unlink(browser, provider).status_code == 204
    assert listed(browser) == []


def test_a_provider_that_is_no_longer_offered_does_not_either(
    browser: Browser, environment: Callable[..., None]
) -> None:
    signed_in(browser)
    browser.link("zoom", "gone@people.test")
    environment(zoom_client_id="")
    assert unlink(browser, "zoom").status_code == 204


def test_tokens_whose_key_is_gone_can_still_be_removed(browser: Browser, environment: Callable[..., None]) -> None:
    signed_in(browser)
    browser.link("zoom", "no.key@people.test")
    environment(credential_keys=f"other:{key(9)}")
    assert unlink(browser, "zoom").status_code == 204


# Tokens in use.


@pytest.fixture
def zoom_person(browser: Browser) -> Person:
    """Somebody with a link to Zoom."""
    person = signed_in(browser)
    browser.link("zoom", "tokens@people.test")
    return person


def test_a_token_is_used_until_a_minute_before_it_runs_out(zoom_person: Person) -> None:
    first = provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)
    soon, late = now() + timedelta(minutes=58), now() + timedelta(minutes=59, seconds=30)
    with held_at(lambda: soon):
        assert provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM) == first
    with held_at(lambda: late):
        renewed = provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)
        assert renewed != first
        assert provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM) == renewed


def test_a_renewed_token_works_and_the_next_renewal_too(zoom_person: Person, google_and_zoom: LocalCloud) -> None:
    for hours in (2, 4, 6):
        later = now() + timedelta(hours=hours)
        with held_at(lambda later=later: later):  # type: ignore[misc]
            token = provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)
        me = httpx.get(f"{google_and_zoom.url('zoom')}/v2/users/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["email"] == "tokens@people.test"


def test_googles_tokens_are_renewed_too(browser: Browser) -> None:
    person = signed_in(browser)
    browser.link("google", "renewed@people.test")
    first = provider_tokens.access_token_of(person.id, Provider.GOOGLE)
    later = now() + timedelta(hours=2)
    with held_at(lambda: later):
        assert provider_tokens.access_token_of(person.id, Provider.GOOGLE) != first


def test_without_a_link_there_is_no_token(zoom_person: Person) -> None:
    with pytest.raises(provider_tokens.ProviderLinkBroken) as raised:
        provider_tokens.access_token_of(zoom_person.id, Provider.GOOGLE)
    assert raised.value.urn() == "urn:bloom:problem:provider-link-broken"


def test_a_link_that_the_provider_ended_is_broken(zoom_person: Person) -> None:
    keep(zoom_person.id, "a token that zoom does not know")
    with pytest.raises(provider_tokens.ProviderLinkBroken):
        provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)


def test_a_token_that_cannot_be_renewed_is_used_until_it_ends(zoom_person: Person) -> None:
    forget_refresh_token(zoom_person.id)
    assert provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)
    later = now() + timedelta(hours=2)
    with held_at(lambda: later), pytest.raises(provider_tokens.ProviderLinkBroken):
        provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)


@transaction
def forget_refresh_token(db: Database, user_id: UUID) -> None:
    db.execute(update(Account).where(Account.user_id == user_id).values(refresh_token=None))


def test_a_provider_that_is_away_renews_nothing_and_breaks_no_link(
    zoom_person: Person, environment: Callable[..., None], google_and_zoom: LocalCloud
) -> None:
    environment(zoom_sign_in_url=DEAD)
    later = now() + timedelta(hours=2)
    with held_at(lambda: later), pytest.raises(oauth_providers.ProviderAway):
        provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)
    environment(zoom_sign_in_url=google_and_zoom.settings["ZOOM_SIGN_IN_URL"])
    with held_at(lambda: later):
        assert provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM)


@dataclass
class QuickerElsewhere:
    """A Zoom that refuses a refresh token because somebody else has just used it, and kept what they got."""

    user_id: UUID

    def __call__(self, environ: dict[str, object], start_response: StartResponse) -> list[bytes]:
        Asked.of(environ)
        renew_elsewhere(self.user_id)
        return Reply("400 Bad Request", '{"error": "invalid_grant"}').send(start_response)


@transaction
def renew_elsewhere(db: Database, user_id: UUID) -> None:
    account = db.scalars(select(Account).where(Account.user_id == user_id)).one()
    ends_at = now() + timedelta(hours=5)
    provider_tokens.seal_into(account, oauth_providers.Tokens("the quicker one's", "next", ends_at, None))


def test_whoever_is_slower_to_renew_uses_what_the_quicker_one_got(
    zoom_person: Person, environment: Callable[..., None]
) -> None:
    later = now() + timedelta(hours=2)
    with serving(QuickerElsewhere(zoom_person.id)) as url, held_at(lambda: later):
        environment(zoom_sign_in_url=url)
        assert provider_tokens.access_token_of(zoom_person.id, Provider.ZOOM) == "the quicker one's"


def test_a_provider_has_five_seconds_to_answer(browser: Browser) -> None:
    with oauth_providers._client(Provider.ZOOM, "id", "secret", None) as client:
        assert {client.timeout.connect, client.timeout.read, client.timeout.write} == {5.0}
        assert not client.follow_redirects


def test_one_who_signed_up_elsewhere_sets_a_password_by_mail(browser: Browser, mailbox: Mailbox) -> None:
    browser.sign_in("google", "forgot@people.test")
    browser.client.post("/api/auth/password/forgot", json={"email": "forgot@people.test"}, headers=ORIGIN)
    token = mailbox.token(mailbox.deliver()[-1])
    reset = {"token": token, "newPassword": PASSWORD}
    assert browser.client.post("/api/auth/password/reset", json=reset, headers=ORIGIN).status_code in (200, 204)
    assert rows(select(User.password_hash)) != [None]
