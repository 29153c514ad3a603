"""Whoever is signed in learns whether their own account has a second factor, and nothing of anybody else's."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session as Database

from shared.database.models.accounts import User
from shared.database.transaction import transaction
from shared.roles import Role
from tests.functions.auth.phone import ENROLL, HeldClock, add_phone, challenge, holding, problem, verify
from tests.people import As, Person, add_person

ROUTE = "/api/auth/two-factor"


@pytest.fixture
def clock() -> Iterator[HeldClock]:
    with holding() as clock:
        yield clock


def state(auth: FlaskClient, person: Person) -> dict[str, object]:
    answer = As(auth, person).get(ROUTE)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


@transaction
def forget_password(db: Database, person: Person) -> None:
    db.execute(update(User).where(User.id == person.id).values(password_hash=None))


def test_it_is_off_until_it_is_confirmed(auth: FlaskClient, clock: HeldClock) -> None:
    person = add_person()
    off = {"enabled": False, "backupCodesLeft": 0, "required": False, "hasPassword": True}
    assert state(auth, person) == off
    assert auth.post(ENROLL, headers=person.bearer).status_code == 200
    assert state(auth, person) == off


def test_a_used_backup_code_is_no_longer_counted_and_others_are_somebody_elses(
    auth: FlaskClient, clock: HeldClock
) -> None:
    phone, other = add_phone(auth, clock), add_phone(auth, clock)
    assert verify(auth, challenge(auth, phone.person), phone.backup_codes[0]).status_code == 200
    assert (state(auth, phone.person)["enabled"], state(auth, phone.person)["backupCodesLeft"]) == (True, 9)
    assert state(auth, other.person)["backupCodesLeft"] == 10


@pytest.mark.parametrize("role", [Role.THERAPIST, Role.ADMINISTRATOR])
def test_staff_who_owe_it_can_ask(auth: FlaskClient, role: Role, environment: Callable[..., None]) -> None:
    environment(two_factor_for_staff="true")
    person = add_person(role)
    assert state(auth, person) == {"enabled": False, "backupCodesLeft": 0, "required": True, "hasPassword": True}


def test_an_account_without_a_password_says_so(auth: FlaskClient) -> None:
    person = add_person()
    forget_password(person)
    assert state(auth, person)["hasPassword"] is False


def test_nobody_else_is_told_anything(auth: FlaskClient) -> None:
    assert problem(auth.get(ROUTE)) == (401, "not-signed-in")
