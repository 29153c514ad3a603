"""A new password may be anything of 8 to 128 characters but what would be guessed first."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from functions.auth.common_passwords import commonest, is_common
from functions.auth.password_policy import is_similar
from shared.database.models.accounts import User
from tests.functions.auth.range_service import RangeService, range_service
from tests.functions.auth.test_sign_up import sign_up
from tests.inside import sized
from tests.people import rows

BREACHED, PADDING = "a phrase somebody lost", "a phrase that only pads"


@pytest.fixture
def breaches(environment: Callable[..., None]) -> Iterator[RangeService]:
    """A range service that knows one password, pads with another, and is asked in the mode that the test sets."""
    with range_service({BREACHED: 3, PADDING: 0}) as service:
        environment(breached_passwords_url=service.url, breached_passwords="open")
        yield service


@pytest.mark.parametrize(
    ("password", "status"),
    [
        ("x9&" * 2 + "x", 422),  # 7
        ("x9&" * 2 + "xy", 202),  # 8
        ("ab/" * 42 + "yz", 202),  # 128
        ("ab/" * 42 + "xyz", 422),  # 129
        ("pass phrase with  spaces ", 202),
        ("пароль из слов", 202),
        ("🌱🌿🌳🍂❄️🌧️☀️🌊", 202),
        ("tab\tand\nline", 202),
        ("﷽" * 8, 202),
    ],
)
def test_eight_to_128_characters_of_any_kind_are_taken(auth: FlaskClient, password: str, status: int) -> None:
    assert sign_up(auth, password=password).status_code == status


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PASSWORD",
        "12345678",
        "qwertyuiop",
        "iloveyou",
        "sunshine2024!",
        "P@ssw0rd2024!",
        "Princess1",
        "trustno1",
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",  # fullwidth letters
    ],
)
def test_a_common_password_is_refused_kindly_and_nothing_is_kept(auth: FlaskClient, password: str) -> None:
    answer = sign_up(auth, password=password)
    problem = answer.get_json()
    assert (answer.status_code, problem["type"]) == (422, "urn:bloom:problem:password-too-easy")
    [fault] = problem["errors"]
    assert fault["pointer"] == "/password"
    assert "Many people use this password" in fault["detail"]
    assert rows(select(User)) == []


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "sunshine over the hill", "my password is long", "maria19871205", "Tr0mbone&Teacup"],
)
def test_a_common_word_within_a_longer_password_is_none_of_its_faults(password: str) -> None:
    assert not is_common(password)


def test_the_filter_hardly_ever_takes_a_password_for_a_common_one() -> None:
    strangers = (secrets.token_hex(8) for _ in range(20_000))
    assert sum(stranger in commonest() for stranger in strangers) <= 5  # one in 100,000 is expected


@pytest.mark.parametrize(
    "password",
    [
        "nia.newcomb",
        "NiaNewcomb1",
        "Newcomb1985",
        "newcomb-nia",
        "nia@newcomb",
        "n1a newcomb",
        "nia.newcomb@people.test",
        "moonlight7",
        "people-test",
    ],
)
def test_a_password_of_ones_own_name_or_address_is_refused(auth: FlaskClient, password: str) -> None:
    answer = sign_up(auth, password=password, email="moonlight@people.test", name="Nia Newcomb")
    assert (answer.status_code, answer.get_json()["type"]) == (422, "urn:bloom:problem:password-too-easy")
    [fault] = answer.get_json()["errors"]
    assert (fault["pointer"], "your name or address" in fault["detail"]) == ("/password", True)


@pytest.mark.parametrize(
    ("password", "email", "name"),
    [
        ("moonlight over seven hills", "moonlight@people.test", "Nia"),  # less than half of it
        ("something else entirely", "moonlight@people.test", "Nia Newcomb"),
        ("al gives fine cookies", "al@x.test", "Al"),
        ("🌱🌿🌳🍂❄️🌧️☀️🌊", "moonlight@people.test", "Nia"),
        ("a b c d e f g h", "moonlight@people.test", "🌱"),
    ],
)
def test_a_password_that_only_touches_the_name_is_taken(password: str, email: str, name: str) -> None:
    assert not is_similar(password, email, name)


@settings(max_examples=sized(15, 50), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=8, max_size=128))
def test_no_password_breaks_it(auth: FlaskClient, password: str) -> None:
    assert sign_up(auth, password=password).status_code in {202, 422}


def test_a_breached_password_is_refused_and_only_five_digits_of_it_are_told(
    auth: FlaskClient, breaches: RangeService
) -> None:
    answer = sign_up(auth, password=BREACHED)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/password")
    assert "known from a breach" in answer.get_json()["detail"]
    [path] = breaches.asked
    assert len(path.removeprefix("/range/")) == 5


def test_padding_breaches_nothing(auth: FlaskClient, breaches: RangeService) -> None:
    assert [sign_up(auth, password=password).status_code for password in (PADDING, "never seen by it")] == [202, 202]
    assert len(breaches.asked) == 2


def test_the_service_is_not_asked_where_the_settings_say_off(
    auth: FlaskClient, breaches: RangeService, environment: Callable[..., None]
) -> None:
    environment(breached_passwords="off")
    assert sign_up(auth, password=BREACHED).status_code == 202
    assert breaches.asked == []


@pytest.mark.parametrize("broken", [(503, ""), (429, ""), (302, ""), (200, "<html>\nno range at all"), None])
@pytest.mark.parametrize(("mode", "status"), [("open", 202), ("closed", 503)])
def test_without_an_answer_the_settings_say_whether_a_password_passes(
    auth: FlaskClient,
    breaches: RangeService,
    environment: Callable[..., None],
    broken: tuple[int, str] | None,
    mode: str,
    status: int,
) -> None:
    breaches.broken = broken
    if broken is None:
        breaches.slow.clear()
    environment(breached_passwords=mode)
    answer = sign_up(auth, password="never seen by it")
    assert answer.status_code == status
    if status == 503:
        assert answer.get_json()["type"] == "urn:bloom:problem:password-not-checked"
        assert int(answer.headers["Retry-After"]) >= 1
        assert rows(select(User)) == []
