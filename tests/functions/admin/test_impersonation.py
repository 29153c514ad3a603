"""An administrator looks on as somebody, to help: they read a little, change nothing, and it is no secret."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from dev.cloud import LocalCloud
from functions.auth.expired_rows import remove_expired
from shared import session
from shared.clock import held_at, now
from shared.database.models.accounts import Session, Transport, User, UserStatus
from shared.database.models.audit_trail import AuditEvent, AuditOutcome
from shared.database.models.trust import Impersonation
from shared.database.transaction import transaction
from shared.http.app import create_app
from shared.http.impersonation import READABLE
from shared.outbox import open_event
from shared.roles import Role
from tests.doubles import function_client
from tests.functions.auth.everything import appointment
from tests.functions.internal_calls import InternalCalls, outbox_events
from tests.people import As, Pair, Person, add_pair, add_person, rows
from tests.shared.http import probe

URL: Final = "/api/admin/impersonations"
SESSION: Final = "/api/auth/session"
WHY: Final = "They cannot find their appointment of Monday."
BEARER: Final = {"X-Session-Transport": "bearer"}
ORIGIN: Final = {"Origin": "http://localhost:3000"}
FUNCTIONS: Final = ("auth", "appointments", "messages", "admin", "ml_feedback")


def begin(asking: As, person: Person, **more: object) -> Any:
    given = {"userId": str(person.id), "reasonCode": "asked-for-help", "reason": WHY}
    return asking.post(URL, {**given, **more}, **BEARER)


def looking(asking: As, person: Person) -> Person:
    """The person as the administrator looks on: with the token of the impersonation."""
    answer = begin(asking, person)
    assert answer.status_code == 201, answer.text
    return replace(person, token=answer.get_json()["token"])


def kind(answer: Any) -> str:
    return str(answer.get_json()["type"]).rpartition(":")[2]


def kept() -> list[Impersonation]:
    return list(rows(select(Impersonation).order_by(Impersonation.began_at)))


def entries(action: str) -> list[AuditEvent]:
    return list(rows(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.occurred_at)))


@transaction
def change(db: Database, /, person: Person, **columns: object) -> None:
    user = db.get_one(User, person.id)
    for name, value in columns.items():
        setattr(user, name, value)


@pytest.fixture
def person(product: LocalCloud) -> Person:
    """A patient who asked for help."""
    return add_person(name="Pat Example")


@pytest.fixture
def auth(admin: FlaskClient) -> FlaskClient:
    """A client of the auth function."""
    return function_client("auth")


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], datetime]]:
    """Moves the clock; it stays there for the rest of the test."""
    held: list[Any] = []

    def move(by: timedelta) -> datetime:
        moment = now() + by
        holding = held_at(lambda: moment)
        holding.__enter__()
        held.append(holding)
        return moment

    yield move
    for holding in reversed(held):
        holding.__exit__(None, None, None)


# How it begins


def test_it_begins_with_a_reason_for_half_an_hour_and_the_person_is_told(
    asking: As, administrator: Person, person: Person
) -> None:
    answer = begin(asking, person)
    shown = answer.get_json()["impersonation"]
    assert (answer.status_code, shown["reason"], shown["user"]["name"]) == (201, WHY, "Pat Example")
    [row] = kept()
    assert (row.administrator_id, row.user_id, row.reason_code) == (administrator.id, person.id, "asked-for-help")
    assert WHY.encode() not in row.reason
    assert timedelta(minutes=29) < row.expires_at - row.began_at <= timedelta(minutes=30)
    [told] = outbox_events("account-notice")
    event = open_event(told.id)
    assert (told.aggregate_id, getattr(event, "notice", "")) == (person.id, "looked-on")
    [entry] = entries("impersonation.begin")
    assert (entry.actor_id, entry.subject_id, entry.acting_as) == (administrator.id, person.id, None)
    assert (entry.purpose, WHY in str(entry.details)) == ("asked-for-help", False)


@pytest.mark.parametrize("who", ["oneself", "another administrator"])
def test_nobody_looks_on_as_an_administrator(asking: As, administrator: Person, who: str) -> None:
    answer = begin(asking, administrator if who == "oneself" else add_person(Role.ADMINISTRATOR))
    assert (answer.status_code, kind(answer), kept()) == (403, "administrator-not-seen", [])
    [entry] = entries("impersonation.begin")
    assert entry.outcome is AuditOutcome.DENIED


@pytest.mark.parametrize(
    ("state", "status"), [("unknown", 404), ("erased", 404), ("nobody's", 404), ("suspended", 409)]
)
def test_whoever_is_not_there_or_paused_is_not_looked_at(asking: As, person: Person, state: str, status: int) -> None:
    changes: dict[str, dict[str, object]] = {
        "erased": {"status": UserStatus.ERASED, "erased_at": now(), "password_hash": None},
        "nobody's": {"is_synthetic": True},
        "suspended": {"status": UserStatus.SUSPENDED, "suspended_at": now()},
    }
    change(person, **changes.get(state, {}))
    answer = begin(asking, replace(person, id=uuid4()) if state == "unknown" else person)
    assert answer.status_code == status
    assert status == 404 or kind(answer) == "account-paused"


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"reason": " help "}, "/reason"),
        ({"reason": "x" * 1001}, "/reason"),
        ({"reasonCode": "curious"}, "/reasonCode"),
        ({"userId": "nobody"}, "/userId"),
    ],
)
def test_a_beginning_that_makes_no_sense_is_named(
    asking: As, person: Person, given: dict[str, str], pointer: str
) -> None:
    answer = begin(asking, person, **given)
    assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [pointer]


def test_one_at_a_time_also_where_two_are_begun_at_once(asking: As, person: Person) -> None:
    other = add_person(Role.THERAPIST)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: begin(asking, one), (person, other)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert kind(refused) == "looking-on-already"
    assert asking.delete(f"{URL}/{kept()[0].id}").status_code == 204
    assert begin(asking, other).status_code == 201


def test_one_that_is_over_holds_up_nobody(
    asking: As, administrator: Person, person: Person, later: Callable[[timedelta], datetime]
) -> None:
    begin(asking, person)
    later(timedelta(minutes=31))
    again = As(function_client("admin"), sign_in_anew(administrator))
    assert begin(again, person).status_code == 201
    assert [row.ending for row in kept()] == ["expired", None]


@transaction
def sign_in_anew(db: Database, person: Person) -> Person:
    user = db.get_one(User, person.id)
    opened = session.open_session(db, user, transport=Transport.BEARER, address="192.0.2.1", user_agent="a test")
    return replace(person, token=opened.token)


# What it may


def routes_of(client: FlaskClient) -> dict[str, str]:
    """Every public route that asks for a session, and its path with something in it."""
    found = {}
    for path, operations in client.get("/openapi.json").get_json()["paths"].items():
        for method, operation in operations.items():
            if operation["x-allow"] != "anyone":
                filled = path
                for parameter in operation.get("parameters", ()):
                    value = parameter["schema"].get("enum", [str(uuid4())])[0]
                    filled = filled.replace(f"{{{parameter['name']}}}", value)
                found[f"{method.upper()} {path}"] = filled
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_route_is_refused_but_those_that_are_named(asking: As, person: Person, function: str) -> None:
    token = looking(asking, person)
    client = function_client(function)
    found = routes_of(client)
    assert found, "the function has routes"
    looks = As(client, token)
    wrong = []
    for route, path in found.items():
        answer = getattr(looks, route.split(" ", 1)[0].lower())(path)
        refused = answer.status_code == 403 and kind(answer) == "not-while-impersonating"
        if refused is (route in READABLE):
            wrong.append(f"{route}: {answer.status_code}")
    assert wrong == []


def test_what_may_be_read_exists_and_reading_it_changes_nothing(admin: FlaskClient) -> None:
    everywhere = {route for function in FUNCTIONS for route in routes_of(function_client(function))}
    assert everywhere >= READABLE
    assert {route.split(" ")[0] for route in READABLE} == {"GET"}
    told = ("messages", "conversations", "alerts", "files", "export", "care-relationships", "feedback", "profile")
    assert not [route for route in READABLE if any(word in route for word in told)]


def test_a_new_route_is_refused_until_it_is_named(asking: As, person: Person) -> None:
    token = looking(asking, person)
    client = create_app("probe", probe.routes).test_client()
    for answer in (As(client, token).get("/api/who"), As(client, token).post("/api/who")):
        assert (answer.status_code, kind(answer)) == (403, "not-while-impersonating")
    assert As(client, person).get("/api/who").status_code == 200


def test_it_begins_no_other(asking: As, person: Person, admin: FlaskClient) -> None:
    nested = begin(As(admin, looking(asking, person)), add_person())
    assert (nested.status_code, kind(nested)) == (403, "not-while-impersonating")


def test_no_socket_is_opened_with_it(asking: As, person: Person) -> None:
    token = looking(asking, person).token
    assert list(session.find_all([token, person.token])) == [person.token]


def test_limits_count_who_really_asks(
    asking: As, person: Person, auth: FlaskClient, environment: Callable[..., None]
) -> None:
    looks = As(auth, looking(asking, person))
    environment(limits="session=2/60")
    assert [looks.get(SESSION).status_code for _ in range(3)] == [200, 200, 429]
    assert As(auth, person).get(SESSION).status_code == 200


def test_a_therapist_who_owes_a_second_factor_can_be_looked_on_as(
    asking: As, auth: FlaskClient, environment: Callable[..., None]
) -> None:
    looks = As(auth, looking(asking, add_person(Role.THERAPIST)))
    environment(two_factor_for_staff="true")
    assert looks.get("/api/user/settings").status_code == 200


# By cookie, as a page does


def test_a_page_has_a_cookie_beside_its_own_and_says_which_it_means(
    admin: FlaskClient, auth: FlaskClient, administrator: Person, person: Person
) -> None:
    given = {"userId": str(person.id), "reasonCode": "fault-reported", "reason": WHY}
    answer = admin.post(URL, json=given, headers={**administrator.bearer, **BEARER, **ORIGIN})
    assert (answer.status_code, answer.get_json()["token"]) == (201, None), "a page is given no token"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("bloom-impersonation=")
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=1800"} <= set(cookie.split("; "))
    auth.set_cookie("bloom-session", administrator.token)
    meant = {"X-Session": "impersonation"}
    assert auth.get(SESSION, headers=meant).status_code == 401, "nobody falls back on their own session"
    auth.set_cookie("bloom-impersonation", cookie.partition("=")[2].partition(";")[0])
    mine, theirs = (auth.get(SESSION, headers=headers).get_json() for headers in ({}, meant))
    assert (mine["user"]["id"], mine["impersonated"]) == (str(administrator.id), False)
    assert (theirs["user"]["id"], theirs["impersonated"]) == (str(person.id), True)
    ended = admin.delete(f"{URL}/{kept()[0].id}", headers=administrator.bearer)
    assert ended.headers["Set-Cookie"].startswith("bloom-impersonation=;")


# Who sees it


def test_both_names_are_in_every_entry(asking: As, administrator: Person, admin: FlaskClient) -> None:
    pair = add_pair()
    add_appointment(pair)
    looks = As(function_client("appointments"), looking(asking, pair.patient))
    assert len(looks.get("/api/appointments").get_json()["items"]) == 1
    assert looks.post("/api/appointments").status_code == 403
    made = rows(select(AuditEvent).where(AuditEvent.acting_as.is_not(None)).order_by(AuditEvent.occurred_at))
    assert {(entry.actor_id, entry.acting_as, entry.subject_id) for entry in made} == {
        (administrator.id, pair.patient.id, pair.patient.id)
    }
    assert [(entry.action, entry.outcome) for entry in made] == [
        ("impersonation.look", AuditOutcome.SUCCESS),
        ("appointments.list", AuditOutcome.SUCCESS),
        ("POST /api/appointments", AuditOutcome.DENIED),
    ]
    assert made[0].details == {"route": "GET /api/appointments"}


@transaction
def add_appointment(db: Database, pair: Pair) -> None:
    db.add(appointment(pair, now() + timedelta(days=1)))


def test_the_person_sees_each_look_and_who_looks_on_now_but_no_name(
    asking: As, administrator: Person, person: Person, auth: FlaskClient
) -> None:
    looks = As(auth, looking(asking, person))
    assert looks.get("/api/user/settings").status_code == 200
    own = As(auth, person)
    log = own.get("/api/user/access-log")
    assert [(one["role"], one["name"], one["what"]) for one in log.get_json()["items"]] == [
        ("an administrator", None, "looked at Bloom Health as you see it, to help with a problem"),
        ("an administrator", None, "began to look at Bloom Health as you see it, to help with a problem"),
    ]
    listed = own.get("/api/auth/sessions")
    assert [one["current"] for one in listed.get_json()["items"]] == [True], "it is no place of theirs"
    [on] = listed.get_json()["lookingOn"]
    assert (on["id"], on["by"]) == (str(kept()[0].id), "ADMINISTRATOR")
    assert administrator.name not in log.text + listed.text
    assert str(administrator.id) not in log.text + listed.text


def test_administrators_see_who_looked_on_and_why(asking: As, administrator: Person, person: Person) -> None:
    begin(asking, person)
    asking.delete(f"{URL}/{kept()[0].id}")
    begin(asking, person, reasonCode="security")
    first = asking.get(URL, limit=1).get_json()
    [latest], [before] = first["items"], asking.get(URL, limit=1, cursor=first["nextCursor"]).get_json()["items"]
    assert (latest["reasonCode"], latest["ending"]) == ("security", None)
    assert (before["ending"], before["reason"], before["administrator"]["name"]) == ("closed", WHY, "Ada")
    assert len(entries("impersonations.list")) == 2
    assert asking.get(URL, cursor="nonsense").status_code == 422


def test_it_counts_as_nobodys_session(asking: As, person: Person) -> None:
    begin(asking, person)
    assert asking.get("/api/admin/stats").get_json()["activeSessions"] == 2


def test_reasons_go_after_six_years(asking: As, person: Person, later: Callable[[timedelta], datetime]) -> None:
    begin(asking, person)
    later(timedelta(days=5 * 366))
    remove_expired()
    assert len(kept()) == 1
    later(timedelta(days=366))
    remove_expired()
    assert kept() == []


# How it ends


def by_deleting(asking: As, found: UUID, person: Person) -> None:
    assert asking.delete(f"{URL}/{found}").status_code == 204


def by_another_administrator(asking: As, found: UUID, person: Person) -> None:
    other = As(function_client("admin"), add_person(Role.ADMINISTRATOR))
    assert [other.delete(f"{URL}/{found}").status_code for _ in range(2)] == [204, 204], "ending twice is no fault"


def by_the_person(asking: As, found: UUID, person: Person) -> None:
    assert As(function_client("auth"), person).delete(f"/api/auth/sessions/{found}").status_code == 204


def by_suspending_the_person(asking: As, found: UUID, person: Person) -> None:
    given = {"status": "suspended", "reason": "security"}
    assert asking.patch(f"/api/admin/users/{person.id}", given).status_code == 200


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        (by_deleting, "closed"),
        (by_another_administrator, "closed"),
        (by_the_person, "revoked"),
        (by_suspending_the_person, "revoked"),
    ],
)
def test_it_can_be_ended_at_once(
    asking: As, person: Person, auth: FlaskClient, product: LocalCloud, how: Callable[..., None], ending: str
) -> None:
    looks = As(auth, looking(asking, person))
    assert looks.get(SESSION).status_code == 200, "it is in the cache"
    how(asking, kept()[0].id, person)
    assert looks.get(SESSION).status_code == 401
    tick(product)
    assert [row.ending for row in kept()] == [ending]
    assert [(entry.subject_id, entry.details["by"]) for entry in entries("impersonation.end")] == [(person.id, ending)]


@pytest.mark.parametrize("given", [{"status": "suspended", "reason": "other"}, {"role": "PATIENT"}, None])
def test_it_ends_with_what_lets_the_administrator_look_on(
    asking: As,
    admin: FlaskClient,
    administrator: Person,
    auth: FlaskClient,
    person: Person,
    given: dict[str, str] | None,
) -> None:
    looks = As(auth, looking(asking, person))
    assert looks.get(SESSION).status_code == 200
    if given:
        other = As(admin, add_person(Role.ADMINISTRATOR))
        assert other.patch(f"/api/admin/users/{administrator.id}", given).status_code == 200
    else:
        assert As(auth, administrator).post("/api/auth/sign-out").status_code == 204
    assert looks.get(SESSION).status_code == 401
    assert As(auth, person).get(SESSION).status_code == 200, "the person's own session goes on"


def test_whoever_is_no_administrator_any_more_is_not_found_in_the_database_either(
    asking: As, administrator: Person, person: Person
) -> None:
    token = looking(asking, person).token
    assert session.find_in_database(token)
    change(administrator, role=Role.THERAPIST)
    assert session.find_in_database(token) is None


@pytest.mark.parametrize(("minutes", "used"), [(30, True), (17, False)])
def test_it_ends_by_its_time_and_that_is_written_down(
    asking: As,
    administrator: Person,
    auth: FlaskClient,
    person: Person,
    product: LocalCloud,
    later: Callable[[timedelta], datetime],
    minutes: int,
    used: bool,
) -> None:
    looks = As(auth, looking(asking, person))
    for _ in range(2):
        later(timedelta(minutes=minutes / 2))
        if used:
            looks.get(SESSION)
    assert looks.get(SESSION).status_code == 401
    tick(product)
    tick(product)
    [row] = kept()
    assert row.ending == "expired"
    [entry] = entries("impersonation.end")
    assert (entry.actor_id, entry.subject_id, entry.resource_id) == (administrator.id, person.id, row.id)


def test_an_end_is_written_down_though_the_persons_account_is_gone(
    asking: As, person: Person, product: LocalCloud
) -> None:
    begin(asking, person)
    forget_sessions(person)
    tick(product)
    assert [row.ending for row in kept()] == ["revoked"]


@transaction
def forget_sessions(db: Database, person: Person) -> None:
    for found in db.scalars(select(Session).where(Session.user_id == person.id)):
        db.delete(found)


def test_what_never_began_cannot_be_ended(asking: As) -> None:
    assert asking.delete(f"{URL}/{uuid4()}").status_code == 404


def tick(product: LocalCloud) -> None:
    client = function_client("admin")
    assert InternalCalls(client, product).tick("/api/internal/admin/tick").status_code == 204
