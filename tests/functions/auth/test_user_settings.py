"""Everybody chooses which mails they get and what others see of them; what nobody chose has a default."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from shared.database.models.accounts import User
from shared.database.models.audit_trail import AuditEvent
from shared.database.transaction import transaction
from shared.preferences import Preferences, preferences_of
from shared.roles import Role
from tests.doubles import function_client
from tests.inside import sized
from tests.people import As, Person, add_person, rows

SETTINGS = "/api/user/settings"
MAILS = {"emailDayBefore": True, "emailHourBefore": True, "emailNewMessages": True}
SEEN = {"typingVisible": True, "readReceiptsVisible": True, "presenceVisible": True}
GROUPS = {"notifications": MAILS, "privacy": SEEN, "alerts": {"emailRiskAlerts": True}}

NO_GROUPS: list[Any] = [None, True, "on", [], 1]
NO_SWITCHES: list[Any] = [None, "true", 1, "nul\0", {}]


def patch(auth: FlaskClient, person: Person, **changes: object) -> TestResponse:
    return As(auth, person).patch(SETTINGS, changes)


def read(auth: FlaskClient, person: Person) -> dict[str, Any]:
    answer = As(auth, person).get(SETTINGS)
    assert answer.status_code == 200, answer.get_json()
    shown: dict[str, Any] = answer.get_json()
    return shown


@transaction
def choose(db: Database, person: Person, chosen: dict[str, Any]) -> None:
    db.execute(update(User).where(User.id == person.id).values(preferences=chosen))


def kept(person: Person) -> dict[str, Any]:
    [user] = rows(select(User).where(User.id == person.id))
    return user.preferences


@pytest.mark.parametrize("role", list(Role))
def test_who_chose_nothing_has_the_defaults(auth: FlaskClient, role: Role) -> None:
    alerts = GROUPS["alerts"] if role is Role.THERAPIST else None
    assert read(auth, add_person(role)) == GROUPS | {"alerts": alerts}


@pytest.mark.parametrize("role", list(Role))
def test_one_setting_changes_and_the_others_stay(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    before = read(auth, person)
    for group in ("notifications", "privacy", *(["alerts"] if role is Role.THERAPIST else [])):
        for setting in GROUPS[group]:
            answer = patch(auth, person, **{group: {setting: False}})
            before[group][setting] = False
            assert answer.get_json() == read(auth, person) == before
    assert patch(auth, person, privacy={"typingVisible": True}).get_json()["privacy"]["typingVisible"] is True


def test_several_change_at_once(auth: FlaskClient) -> None:
    person = add_person()
    shown = patch(auth, person, privacy={"typingVisible": False}, notifications={"emailNewMessages": False}).get_json()
    assert (shown["privacy"]["typingVisible"], shown["notifications"]["emailNewMessages"]) == (False, False)
    assert (shown["privacy"]["presenceVisible"], shown["notifications"]["emailDayBefore"]) == (True, True)


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ADMINISTRATOR])
def test_alerts_are_therapists(auth: FlaskClient, role: Role) -> None:
    person = add_person(role)
    for alerts in ({"emailRiskAlerts": False}, {}):
        answer = patch(auth, person, alerts=alerts, privacy={"typingVisible": False})
        assert (answer.status_code, answer.get_json()["errors"]) == (
            422,
            [{"pointer": "/alerts", "detail": "is for therapists"}],
        )
    assert kept(person) == {}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        *(({group: value}, f"/{group}") for group in GROUPS for value in NO_GROUPS),
        *(
            ({group: {setting: value}}, f"/{group}/{setting}")
            for group in GROUPS
            for setting in GROUPS[group]
            for value in NO_SWITCHES
        ),
        *(({group: {"everything": False}}, f"/{group}/everything") for group in GROUPS),
        ({"privacy": {"typing_invisible": True}}, "/privacy/typing_invisible"),
        ({"typingVisible": False}, "/typingVisible"),
        ({"theme": "dark"}, "/theme"),
    ],
)
def test_what_cannot_be_accepted_is_named_and_nothing_changes(
    auth: FlaskClient, changes: dict[str, object], pointer: str
) -> None:
    person = add_person(Role.THERAPIST)
    answer = patch(auth, person, **changes)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]
    assert kept(person) == {}


def test_only_what_was_chosen_is_kept_so_that_a_default_can_change(auth: FlaskClient) -> None:
    person = add_person()
    patch(auth, person, privacy={"presenceVisible": False})
    assert kept(person) == {"privacy": {"presenceVisible": False}}


def test_what_another_version_kept_is_left_as_it_is(auth: FlaskClient) -> None:
    person = add_person()
    chosen = {"theme": "dark", "privacy": {"ringVisible": True, "typingVisible": False}}
    choose(person, chosen)
    assert read(auth, person)["privacy"] == SEEN | {"typingVisible": False}
    patch(auth, person, privacy={"presenceVisible": False})
    assert kept(person) == chosen | {"privacy": chosen["privacy"] | {"presenceVisible": False}}  # type: ignore[operator]


def test_other_parts_read_what_was_chosen_in_one_place(auth: FlaskClient) -> None:
    person = add_person()
    patch(auth, person, privacy={"typingVisible": False})
    holding = preferences_of(kept(person))
    assert (holding.privacy.typing_visible, holding.privacy.presence_visible) == (False, True)
    assert preferences_of({}) == Preferences()


def test_a_change_is_audited_by_the_names_of_what_changed(auth: FlaskClient) -> None:
    person = add_person()
    read(auth, person)
    patch(auth, person, privacy={"typingVisible": False, "presenceVisible": True}, notifications=dict(MAILS))
    patch(auth, person, privacy={"typingVisible": False})
    patch(auth, person)
    [entry] = rows(select(AuditEvent).where(AuditEvent.subject_id == person.id))
    assert (entry.action, entry.actor_id) == ("settings.changed", person.id)
    assert entry.details == {"fields": ["privacy.typingVisible"]}


def test_changes_at_once_all_count(auth: FlaskClient) -> None:
    person = add_person()
    changes = [{group: {setting: False}} for group in ("notifications", "privacy") for setting in GROUPS[group]][:4]
    clients = [(As(function_client("auth"), person), change) for change in changes]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one[0].patch(SETTINGS, one[1]), clients))
    assert [answer.status_code for answer in answers] == [200] * 4
    shown = read(auth, person)
    assert not any(shown[group][setting] for change in changes for group in change for setting in change[group])


def test_settings_are_nobody_elses(auth: FlaskClient) -> None:
    one, other = add_person(), add_person()
    patch(auth, one, privacy={"typingVisible": False})
    assert read(auth, other)["privacy"] == SEEN


CHOICES = st.fixed_dictionaries(
    {},
    optional={
        group: st.fixed_dictionaries({}, optional={setting: st.booleans() for setting in GROUPS[group]})
        for group in GROUPS
    },
)


@settings(max_examples=sized(8, 25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHOICES, min_size=1, max_size=4))
def test_the_last_choice_of_each_holds(auth: FlaskClient, choices: list[dict[str, dict[str, bool]]]) -> None:
    person = add_person(Role.THERAPIST)
    expected = {group: dict(GROUPS[group]) for group in GROUPS}
    for choice in choices:
        for group, chosen in choice.items():
            expected[group] |= chosen
        assert patch(auth, person, **choice).get_json() == expected
    assert read(auth, person) == expected
