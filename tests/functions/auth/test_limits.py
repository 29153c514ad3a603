"""Guessing is slowed by network and account, paused after ten, and mails to strangers are few; nothing of it tells."""

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from dev.cloud import LocalCloud
from functions.auth.guesses import Guesses
from shared import redis
from shared.audit_actions import Action
from shared.clock import held_at, now
from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from tests.doubles import function_client
from tests.functions.auth.mailbox import Mailbox
from tests.functions.auth.test_password import NEW, change, forgot, mailed_token, reset
from tests.functions.auth.test_sign_in import ORIGIN, sign_in
from tests.functions.auth.test_sign_up import sign_up, verify
from tests.people import PASSWORD, add_person, rows

_addresses = itertools.count(1)


def elsewhere(auth: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    """A sign-in from a network that nobody has come from yet."""
    number = next(_addresses)
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return sign_in(auth, email, password, **{"X-Forwarded-For": address}, **ORIGIN)


def guess(auth: FlaskClient, email: str, times: int) -> list[int]:
    return [elsewhere(auth, email, f"wrong password {number}").status_code for number in range(times)]


@contextmanager
def redis_away(product: LocalCloud) -> Iterator[None]:
    product.stop_part("redis")
    try:
        yield
    finally:
        product.start_part("redis")
        become_another_instance()


def become_another_instance() -> None:
    """What this one has counted for itself is gone."""
    sys.modules["main.guesses"]._local_rows.clear()


def outcomes(subject_id: UUID | None) -> Counter[str]:
    found = rows(select(AuditEvent).where(AuditEvent.subject_id == subject_id))
    return Counter(f"{entry.action} {entry.outcome}" for entry in found)


def test_a_network_may_try_thirty_times_in_ten_seconds(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="")
    told = elsewhere(auth, "nobody@people.test").headers
    assert (told["RateLimit-Limit"], told["RateLimit-Remaining"]) == ("30", "29")
    environment(limits="sign-in=3/100")  # slow enough that Redis forgets nothing while the clock stands still
    moment = now()
    with held_at(lambda: moment):
        answers = [sign_in(auth, f"nobody-{number}@people.test") for number in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert elsewhere(auth, "nobody-4@people.test").status_code == 401


@pytest.mark.parametrize("known", [True, False])
def test_a_network_may_try_one_account_three_times_in_ten_seconds(
    auth: FlaskClient, environment: Callable[..., None], known: bool
) -> None:
    environment(limits="")
    email = add_person().email if known else "nobody@people.test"
    moment = now()
    with held_at(lambda: moment):
        answers = [sign_in(auth, written, "wrong password") for written in (email, email.upper(), f" {email}", email)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert answers[-1].get_json()["type"] == "urn:bloom:problem:too-many-requests"
        assert sign_in(auth, add_person().email, **ORIGIN).status_code == 200
        auth.delete_cookie("bloom-session")
        assert elsewhere(auth, email, "wrong password").status_code == 401
    later = moment + timedelta(seconds=10)
    with held_at(lambda: later):
        assert [sign_in(auth, email, "wrong password").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_one_household_of_ipv6_is_one_network(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="")
    moment = now()
    with held_at(lambda: moment):
        addresses = [f"2001:db8:1:2::{number}" for number in range(4)]
        answers = [sign_in(auth, "nobody@people.test", **{"X-Forwarded-For": address}) for address in addresses]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_a_forged_address_changes_nothing(auth: FlaskClient, environment: Callable[..., None]) -> None:
    environment(limits="sign-in=2/60")
    forged = [{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"} for number in range(3)]
    statuses = [sign_in(auth, "nobody@people.test", **headers).status_code for headers in forged]
    assert statuses == [401, 401, 429]


def test_ten_wrong_passwords_pause_the_account_for_a_quarter_of_an_hour(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    moment = now()
    with held_at(lambda: moment):
        assert guess(auth, person.email, 10) == [401] * 10
        wrong, right = elsewhere(auth, person.email, "wrong password"), elsewhere(auth, person.email)
    assert wrong.status_code == right.status_code == 401
    assert wrong.get_json() | {"instance": ""} == right.get_json() | {"instance": ""}
    assert list(wrong.headers.keys()) == list(right.headers.keys())
    assert outcomes(person.id) == {
        "session.sign-in failure": 10,
        "session.sign-in denied": 2,
        "account.locked success": 1,
    }
    [mail] = mailbox.deliver()
    assert (mail.recipients, mail.subject) == ([person.email], "Sign-in is paused for 15 minutes")
    almost, after = moment + timedelta(minutes=14, seconds=59), moment + timedelta(minutes=15)
    with held_at(lambda: almost):
        assert elsewhere(auth, person.email).status_code == 401
    with held_at(lambda: after):
        assert elsewhere(auth, person.email).status_code == 200


def test_each_pause_is_mailed_once(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    for minutes in (0, 15):
        moment = now() + timedelta(minutes=minutes)
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            guess(auth, person.email, 13)
    assert [mail.subject for mail in mailbox.deliver()] == ["Sign-in is paused for 15 minutes"] * 2


def test_the_right_password_begins_the_count_anew(auth: FlaskClient) -> None:
    person = add_person()
    for _ in range(3):
        guess(auth, person.email, 9)
        assert elsewhere(auth, person.email).status_code == 200
    assert outcomes(person.id)["account.locked success"] == 0


def test_only_wrong_passwords_of_the_last_quarter_of_an_hour_count(auth: FlaskClient) -> None:
    person = add_person()
    guess(auth, person.email, 9)
    later = now() + timedelta(minutes=15)
    with held_at(lambda: later):
        guess(auth, person.email, 1)
        assert elsewhere(auth, person.email).status_code == 200


def test_one_account_that_is_paused_pauses_no_other(auth: FlaskClient) -> None:
    person, other = add_person(), add_person()
    guess(auth, person.email, 10)
    assert elsewhere(auth, other.email).status_code == 200


def test_an_address_that_nobody_has_is_paused_alike_and_gets_no_mail(auth: FlaskClient, mailbox: Mailbox) -> None:
    assert guess(auth, "nobody@people.test", 12) == [401] * 12
    counted = {"session.sign-in failure": 10, "session.sign-in denied": 2, "account.locked success": 1}
    assert outcomes(None) == counted
    assert mailbox.deliver() == []


def test_a_present_password_is_guessed_at_as_often_as_at_sign_in(auth: FlaskClient) -> None:
    person = add_person()
    guess(auth, person.email, 6)
    answers = [change(auth, person, "wrong password") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403] * 4
    refused = change(auth, person)
    assert (refused.status_code, refused.get_json()["type"]) == (403, "urn:bloom:problem:wrong-password")
    assert elsewhere(auth, person.email).status_code == 401
    assert outcomes(person.id)["account.locked success"] == 1


def test_whoever_sets_a_new_password_by_mail_need_not_wait(auth: FlaskClient, mailbox: Mailbox) -> None:
    person = add_person()
    guess(auth, person.email, 10)
    assert reset(auth, mailed_token(auth, mailbox, person.email)).status_code == 204
    assert elsewhere(auth, person.email, NEW).status_code == 200


@pytest.mark.parametrize("with_redis", [True, False])
def test_of_many_guesses_at_once_no_more_than_ten_can_be_right(
    auth: FlaskClient, product: LocalCloud, with_redis: bool
) -> None:
    """The pause is looked at before a password is checked and again, in the step that counts, when it was right."""
    spraying = Guesses("spraying", 10, timedelta(minutes=15), (Action.SESSION_SIGN_IN,))
    let_in, whose = [], uuid4()

    def guess_rightly(_: int) -> None:
        # Everybody has seen no pause; the wrong ones are counted, and then it turns out that some were right.
        spraying.wrong(whose)
        let_in.append(spraying.right(whose))

    def run() -> None:
        for _ in range(9):
            spraying.wrong(whose)
        assert not spraying.locked(whose)
        assert spraying.wrong(whose)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(guess_rightly, range(24)))

    if with_redis:
        run()
    else:
        with redis_away(product):
            run()
    assert let_in == [False] * 24


@pytest.mark.parametrize("with_redis", [True, False])
def test_of_forty_guesses_at_once_ten_are_counted_and_the_right_one_after_them_is_none(
    auth: FlaskClient, product: LocalCloud, with_redis: bool
) -> None:
    person = add_person()
    guesses = [f"wrong password {number}" for number in range(39)] + [PASSWORD]

    def run() -> list[int]:
        clients = [function_client("auth") for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda n: elsewhere(clients[n % 8], person.email, guesses[n]).status_code, range(40)))

    if with_redis:
        assert run() == [401] * 40
    else:
        with redis_away(product):
            assert run() == [401] * 40
    counted = outcomes(person.id)
    assert counted["session.sign-in failure"] + counted["session.sign-in denied"] == 40
    assert counted["session.sign-in failure"] < 10 + 8  # those that were under way when the tenth was counted
    assert counted["account.locked success"] == 1


def test_without_redis_ten_guesses_get_through_and_no_eleventh(
    auth: FlaskClient, product: LocalCloud, mailbox: Mailbox
) -> None:
    person = add_person()
    moment = now()
    with redis_away(product), held_at(lambda: moment):
        assert guess(auth, person.email, 30) == [401] * 30
        assert elsewhere(auth, person.email).status_code == 401
        assert guess(auth, "nobody@people.test", 12) == [401] * 12
        after = moment + timedelta(minutes=15, seconds=1)
        with held_at(lambda: after):
            assert elsewhere(auth, person.email).status_code == 200
    counted = {"session.sign-in failure": 10, "account.locked success": 1}
    assert outcomes(person.id) == counted | {"session.sign-in denied": 21, "session.signed-in success": 1}
    assert outcomes(None) == counted | {"session.sign-in denied": 2}
    assert [mail.subject for mail in mailbox.deliver()] == ["Sign-in is paused for 15 minutes"]


def test_without_redis_instances_count_together_by_the_audit_trail(
    auth: FlaskClient, product: LocalCloud, mailbox: Mailbox
) -> None:
    person = add_person()
    guess(auth, person.email, 4)  # before Redis went away
    with redis_away(product):
        for _ in range(12):
            guess(auth, person.email, 1)
            become_another_instance()  # the next guess comes to that one
        assert elsewhere(auth, person.email).status_code == 401
    assert outcomes(person.id)["session.sign-in failure"] == 10
    assert len(mailbox.deliver()) == 1


def test_without_redis_a_right_password_begins_this_instances_count_anew(
    auth: FlaskClient, product: LocalCloud
) -> None:
    person = add_person()
    with redis_away(product):
        guess(auth, person.email, 9)
        assert elsewhere(auth, person.email).status_code == 200


def test_guesses_of_one_purpose_are_no_guesses_of_another(auth: FlaskClient) -> None:
    whose, span = uuid4(), timedelta(minutes=15)
    one, other = (Guesses(purpose, 2, span, (Action.SESSION_SIGN_IN,)) for purpose in ("one", "other"))
    assert [one.wrong(whose) for _ in range(3)] == [False, True, False]
    assert (one.locked(whose), other.locked(whose), one.locked(uuid4())) == (True, False, False)
    assert (one.right(whose), other.right(whose)) == (False, True)
    one.forget(whose)
    assert one.right(whose)


def test_no_address_stands_in_a_name_that_redis_holds(auth: FlaskClient) -> None:
    person = add_person()
    for email in (person.email, "nobody@people.test"):
        guess(auth, email, 2)
        forgot(auth, email)
    names = redis.ask(lambda client: client.keys("*"))
    assert any(name.startswith("guesses:password:") for name in names)
    assert not [name for name in names if "people" in name or str(person.id) in name]


def mails_over(minutes: list[float], ask: Callable[[], TestResponse], mailbox: Mailbox) -> int:
    """How many mails come of asking at these minutes; each time the answer is the same."""
    start, answers = now(), []
    for minute in minutes:
        moment = start + timedelta(minutes=minute)
        with held_at(lambda moment=moment: moment):  # type: ignore[misc]
            answers.append(ask())
    assert {(answer.status_code, answer.get_data()) for answer in answers} == {(202, answers[0].get_data())}
    return len(mailbox.deliver())


MAILS = "verify-email=1000/1,resend=1000/1,sign-up=1000/1,password-forgot=1000/1"
ONE_A_MINUTE, FIVE_AN_HOUR = [0, 0.5, 0.99, 1], [0, 1.1, 2.2, 3.3, 4.4, 5.5, 6.6]
ASKING = [(ONE_A_MINUTE, 2), (FIVE_AN_HOUR, 5), ([*FIVE_AN_HOUR, 66.7], 6)]


@pytest.mark.parametrize(("minutes", "mails"), ASKING)
def test_few_links_to_set_a_password_are_mailed(
    auth: FlaskClient, mailbox: Mailbox, environment: Callable[..., None], minutes: list[float], mails: int
) -> None:
    environment(limits=MAILS)
    person, other = add_person(), add_person()
    assert mails_over(minutes, lambda: forgot(auth, person.email), mailbox) == mails
    assert mails_over([0], lambda: forgot(auth, other.email), mailbox) == mails + 1


@pytest.mark.parametrize(("minutes", "mails"), ASKING)
def test_few_links_to_prove_an_address_are_mailed(
    auth: FlaskClient, mailbox: Mailbox, environment: Callable[..., None], minutes: list[float], mails: int
) -> None:
    environment(limits=MAILS)
    person = add_person(verified=False)
    asked = {"email": person.email}
    assert mails_over(minutes, lambda: auth.post("/api/auth/verify-email/resend", json=asked), mailbox) == mails


@pytest.mark.parametrize(("minutes", "mails"), ASKING)
@pytest.mark.parametrize("verified", [True, False])
def test_few_repeated_sign_ups_are_mailed(
    auth: FlaskClient,
    mailbox: Mailbox,
    environment: Callable[..., None],
    minutes: list[float],
    mails: int,
    verified: bool,
) -> None:
    environment(limits=MAILS)
    person = add_person(verified=verified)
    assert mails_over(minutes, lambda: sign_up(auth, email=person.email), mailbox) == mails


def test_without_redis_mails_are_few_as_well(
    auth: FlaskClient, mailbox: Mailbox, product: LocalCloud, environment: Callable[..., None]
) -> None:
    environment(limits=MAILS)
    person = add_person()
    with redis_away(product):
        assert [forgot(auth, person.email).status_code for _ in range(5)] == [202] * 5
    assert len(mailbox.deliver()) == 1


@pytest.mark.parametrize("path", ["password/forgot", "verify-email/resend"])
def test_one_network_cannot_ask_for_mail_to_many_addresses(
    auth: FlaskClient, environment: Callable[..., None], path: str
) -> None:
    environment(limits="")
    asked = [{"email": f"person-{number}@people.test"} for number in range(11)]
    answers = [auth.post(f"/api/auth/{path}", json=one) for one in asked]
    assert [answer.status_code for answer in answers] == [202] * 10 + [429]


def test_of_two_sign_ups_and_one_mail_neither_password_stands(
    auth: FlaskClient, mailbox: Mailbox, environment: Callable[..., None]
) -> None:
    """Else whoever signs up first, with another's address, has their password proved by its owner's click."""
    environment(limits=MAILS)
    sign_up(auth, password="the first one's password")
    sign_up(auth, password="the owner's own password")
    [mail] = mailbox.deliver()
    assert verify(auth, mailbox.token(mail)).status_code == 204
    for password in ("the first one's password", "the owner's own password"):
        assert elsewhere(auth, "new@people.test", password).status_code == 401
    assert reset(auth, mailed_token(auth, mailbox, "new@people.test")).status_code == 204
    assert elsewhere(auth, "new@people.test", NEW).status_code == 200


def test_a_form_that_is_sent_twice_keeps_its_password(
    auth: FlaskClient, mailbox: Mailbox, environment: Callable[..., None]
) -> None:
    environment(limits=MAILS)
    for _ in range(3):
        assert sign_up(auth).status_code == 202
    [mail] = mailbox.deliver()
    assert verify(auth, mailbox.token(mail)).status_code == 204
    assert elsewhere(auth, "new@people.test", "long enough").status_code == 200


def test_a_sign_up_too_many_changes_nothing_of_a_proved_account(
    auth: FlaskClient, environment: Callable[..., None]
) -> None:
    environment(limits=MAILS)
    person = add_person()
    for _ in range(3):
        sign_up(auth, email=person.email, name="Mallory")
    assert elsewhere(auth, person.email).status_code == 200
    assert rows(select(User.name)) == [person.name]
