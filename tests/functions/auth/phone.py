"""A second factor for tests: somebody's authenticator app, the list of backup codes, and a clock that is held."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from flask.testing import FlaskClient
from pyotp import TOTP
from werkzeug.test import TestResponse

from shared.clock import held_at, now
from shared.roles import Role
from tests.people import PASSWORD, Person, add_person

ENROLL, CONFIRM = "/api/auth/two-factor/enroll", "/api/auth/two-factor/confirm"
VERIFY, SIGN_IN = "/api/auth/two-factor/verify", "/api/auth/sign-in"
BEARER = {"X-Session-Transport": "bearer"}
ORIGIN = {"Origin": "http://localhost:3000"}
STEP = 30
WRONG = "000000"


@dataclass
class HeldClock:
    """A clock that goes only when it is told to; it starts in the middle of a time step."""

    moment: datetime = field(
        default_factory=lambda: datetime.fromtimestamp(now().timestamp() // STEP * STEP + STEP / 2, UTC)
    )

    def forward(self, seconds: float = STEP) -> None:
        """So many seconds pass; a whole time step where nothing is said."""
        self.moment += timedelta(seconds=seconds)


@contextmanager
def holding() -> Iterator[HeldClock]:
    """Within the block, time is held."""
    clock = HeldClock()
    with held_at(lambda: clock.moment):
        yield clock


@dataclass
class Phone:
    """Somebody who signs in with two factors."""

    person: Person
    secret: str
    backup_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        """What the app shows now, or would show so many steps later."""
        return TOTP(self.secret).at(now() + timedelta(seconds=STEP * steps))

    def wrong(self) -> str:
        """Six digits that are not the code of any step near now."""
        near = {self.code(steps=steps) for steps in range(-3, 4)}
        return next(code for number in count() if (code := f"{number:06}") not in near)


def add_phone(auth: FlaskClient, clock: HeldClock, role: Role = Role.PATIENT) -> Phone:
    """A new person, with two factors from now on and a session by bearer token that showed both."""
    return give_phone(auth, clock, add_person(role))


def give_phone(auth: FlaskClient, clock: HeldClock, person: Person) -> Phone:
    """The same for somebody who had one factor until now."""
    secret = auth.post(ENROLL, headers=person.bearer).get_json()["secret"]
    confirmed = auth.post(CONFIRM, json={"code": TOTP(secret).at(now())}, headers=person.bearer)
    assert confirmed.status_code == 200, confirmed.get_json()
    clock.forward()  # the code was used
    answer = confirmed.get_json()
    return Phone(replace(person, token=answer["token"]), secret, answer["backupCodes"])


def sign_in(client: FlaskClient, person: Person, password: str = PASSWORD, **headers: str) -> TestResponse:
    """The first factor, from a page of ours where nothing else is said."""
    return client.post(SIGN_IN, json={"email": person.email, "password": password}, headers=headers or ORIGIN)


def challenge(auth: FlaskClient, person: Person) -> str:
    """A new challenge, as a client without cookies gets it."""
    answer = sign_in(without_cookies(auth), person, **BEARER)
    assert answer.get_json()["twoFactorRequired"] is True
    return str(answer.get_json()["challengeToken"])


def verify(auth: FlaskClient, token: str | None, code: str, **more: object) -> TestResponse:
    """The second factor, by a client without cookies."""
    return without_cookies(auth).post(VERIFY, json={"code": code, "challengeToken": token, **more}, headers=BEARER)


def cookie(answer: TestResponse, purpose: str) -> str:
    """What an answer sets a cookie to, empty where it removes it."""
    [value] = [found for name, found in cookies(answer) if name == f"bloom-{purpose}"]
    return value


def cookies(answer: TestResponse) -> list[tuple[str, str]]:
    """Names and values of the cookies that an answer sets."""
    set_cookies = (line.partition(";")[0].partition("=") for line in answer.headers.getlist("Set-Cookie"))
    return [(name, value) for name, _, value in set_cookies]


def without_cookies(client: FlaskClient) -> FlaskClient:
    """Another client of the same function, which keeps no cookies."""
    return client.application.test_client(use_cookies=False)


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and kind of a refusal."""
    return answer.status_code, answer.get_json()["type"].removeprefix("urn:bloom:problem:")
