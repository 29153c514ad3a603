"""Zoom as appointments ask it: one token for all, no request before Zoom wants one, every answer understood."""

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeVar

import pytest

from functions.appointments import zoom as zoom_slice
from functions.appointments.zoom import Budget, Plan, RestZoom, Room, Zoom, ZoomAway, ZoomRefused
from functions.appointments.zoom_access import AccessTokens, Credentials
from shared import redis
from shared.clock import held_at, now
from shared.settings import settings
from tests.doubles import forget
from tests.functions.appointments.zoom_cloud import (
    ANYTHING,
    CHANGE,
    CREATE,
    DELETE,
    LIST,
    REGISTER,
    SHOW,
    TOKEN,
    USER,
    LocalZoom,
    forget_zoom,
)

Result = TypeVar("Result")
THERAPIST = "host@people.test"
PLAN = Plan(datetime(2026, 3, 3, 9, tzinfo=UTC), datetime(2026, 3, 3, 9, 50, tzinfo=UTC), "ref x")


def instance() -> Zoom:
    """Zoom as another instance of the function sees it, with a memory of its own."""
    given = settings()
    app = Credentials(given.zoom_account_id, given.zoom_meetings_client_id, given.zoom_meetings_client_secret)
    return RestZoom(given.zoom_api_url, AccessTokens(app, given.zoom_sign_in_url))


def budget(seconds: float = 10.0) -> Budget:
    return Budget(seconds)


@pytest.fixture
def at(zoom: LocalZoom) -> Zoom:
    return instance()


@pytest.fixture
def host(zoom: LocalZoom) -> str:
    return zoom.add_user(THERAPIST)


def at_once(deeds: list[Callable[[], Result]]) -> list[Result]:
    """What each returns, when all begin at the same time."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        return [done.result() for done in [pool.submit(contextvars.copy_context().run, deed) for deed in deeds]]


def without_redis(environment: Callable[..., None]) -> None:
    environment(upstash_redis_rest_url="http://127.0.0.1:9")
    forget()


# Tokens.


def test_one_token_is_asked_for_by_twenty_instances_at_once(zoom: LocalZoom, host: str) -> None:
    found = at_once([lambda: instance().user(THERAPIST, budget()) for _ in range(20)])
    assert {user.id for user in found if user} == {host}
    assert len(zoom.asked(TOKEN)) == 1


def test_one_token_is_asked_for_by_twenty_threads_of_an_instance(at: Zoom, zoom: LocalZoom, host: str) -> None:
    at_once([lambda: at.user(THERAPIST, budget()) for _ in range(20)])
    assert len(zoom.asked(TOKEN)) == 1


def test_a_token_that_zoom_forgot_is_renewed_once_by_all(zoom: LocalZoom, host: str) -> None:
    instances = [instance() for _ in range(20)]
    for one in instances:
        one.user(THERAPIST, budget())
    zoom.revoke_tokens()
    found = at_once([lambda one=one: one.user(THERAPIST, budget()) for one in instances])  # type: ignore[misc]
    assert {user.id for user in found if user} == {host}
    assert len(zoom.asked(TOKEN)) == 2


def test_a_token_that_is_refused_again_is_not_asked_for_without_end(at: Zoom, zoom: LocalZoom, host: str) -> None:
    zoom.trouble(USER, status="401 Unauthorized", code=124)
    with pytest.raises(ZoomAway):
        at.user(THERAPIST, budget())
    assert (len(zoom.asked(TOKEN)), len(zoom.asked(USER))) == (2, 2)


def test_a_token_ends_a_while_before_its_end(at: Zoom, zoom: LocalZoom, host: str) -> None:
    began = now()
    for minutes, tokens in ((0, 1), (57, 1), (58, 2), (59, 2)):
        with held_at(lambda minutes=minutes: began + timedelta(minutes=minutes)):  # type: ignore[misc]
            at.user(THERAPIST, budget())
        assert len(zoom.asked(TOKEN)) == tokens, minutes


def test_no_token_is_in_redis_in_plain(zoom: LocalZoom, host: str) -> None:
    tokens = AccessTokens(Credentials(*app()), settings().zoom_sign_in_url)
    token = tokens.current(budget())
    [key] = redis.ask(lambda client: client.keys("zoom:token:*"))
    kept = redis.ask(lambda client: client.get(key))
    assert kept
    assert token not in kept
    assert 0 < redis.ask(lambda client: client.pttl(key)) <= 3_600_000
    assert AccessTokens(Credentials(*app()), settings().zoom_sign_in_url).current(budget()) == token


def app() -> tuple[str, str, str]:
    given = settings()
    return given.zoom_account_id, given.zoom_meetings_client_id, given.zoom_meetings_client_secret


@pytest.mark.parametrize("kept", ["", "not base64", "AAAA"])
def test_what_cannot_be_opened_is_no_token(at: Zoom, zoom: LocalZoom, host: str, kept: str) -> None:
    key = "zoom:token:" + ":".join(app()[:2])
    redis.ask(lambda client: client.set(key, kept))
    assert at.user(THERAPIST, budget())
    assert len(zoom.asked(TOKEN)) == 1


def test_without_redis_each_instance_has_a_token_of_its_own(
    zoom: LocalZoom, host: str, environment: Callable[..., None]
) -> None:
    without_redis(environment)
    first, second = instance(), instance()
    for _ in range(3):
        for one in (first, second):
            assert one.user(THERAPIST, budget())
    assert len(zoom.asked(TOKEN)) == 2


def test_without_redis_one_token_is_asked_for_by_all_threads_of_an_instance(
    zoom: LocalZoom, host: str, environment: Callable[..., None]
) -> None:
    without_redis(environment)
    one = instance()
    at_once([lambda: one.user(THERAPIST, budget()) for _ in range(20)])
    assert len(zoom.asked(TOKEN)) == 1


def test_who_waits_for_anothers_token_waits_no_longer_than_their_budget(zoom: LocalZoom, host: str) -> None:
    redis.ask(lambda client: client.set("zoom:token:" + ":".join(app()[:2]) + ":renewing", "another"))
    waited: list[float] = []
    tokens = AccessTokens(Credentials(*app()), settings().zoom_sign_in_url, waited.append)
    moments = iter(range(1000))
    with pytest.raises(ZoomAway):
        tokens.current(Budget(20.0, lambda: float(next(moments))))
    assert 3 < len(waited) < 20
    assert zoom.asked(TOKEN) == []


def test_a_claim_of_one_who_died_ends(zoom: LocalZoom, host: str) -> None:
    key = "zoom:token:" + ":".join(app()[:2]) + ":renewing"
    redis.ask(lambda client: client.set(key, "one who died"))
    tokens = AccessTokens(
        Credentials(*app()), settings().zoom_sign_in_url, lambda _: redis.ask(lambda client: client.delete(key))
    )
    assert tokens.current(budget())
    assert redis.ask(lambda client: client.get(key)) is None


@pytest.mark.parametrize(("setting", "value"), [("zoom_account_id", "other"), ("zoom_meetings_client_secret", "wrong")])
def test_an_app_that_zoom_does_not_know_is_told_in_the_log_alone(
    zoom: LocalZoom,
    host: str,
    environment: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    setting: str,
    value: str,
) -> None:
    environment(**{setting: value})
    with pytest.raises(ZoomAway):
        instance().user(THERAPIST, budget())
    lines = [record for record in caplog.records if record.message == "zoom-refuses-our-app"]
    assert [line.levelname for line in lines] == ["ERROR"]
    assert value not in caplog.text


# Limits.


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "http", "seconds"])
def test_nobody_asks_before_zoom_wants_to_be_asked(zoom: LocalZoom, host: str, form: str) -> None:
    began = now().replace(microsecond=0)
    until = began + timedelta(minutes=10)
    said = {"http": format_datetime(until, usegmt=True), "seconds": "600"}.get(form) or until.strftime(form)
    zoom.trouble(USER, status="429 Too Many Requests", code=429, headers={"Retry-After": said}, times=1)
    first, second = instance(), instance()
    with held_at(lambda: began), pytest.raises(ZoomAway):
        first.user(THERAPIST, budget())
    zoom.forget_requests()
    for one in (first, second):
        forget_zoom()  # another instance's memory: Redis knows
        with held_at(lambda: began + timedelta(minutes=9)), pytest.raises(ZoomAway):
            one.user(THERAPIST, budget())
    assert zoom.asked() == []
    with held_at(lambda: began + timedelta(minutes=10)):
        assert first.user(THERAPIST, budget())


def test_without_redis_an_instance_keeps_to_what_it_was_told(
    zoom: LocalZoom, host: str, environment: Callable[..., None]
) -> None:
    without_redis(environment)
    one = instance()
    until = (now() + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    zoom.trouble(USER, status="429 Too Many Requests", code=429, headers={"Retry-After": until}, times=1)
    for _ in range(3):
        with pytest.raises(ZoomAway):
            one.user(THERAPIST, budget())
    assert len(zoom.asked(USER)) == 1


def test_a_limit_a_second_is_over_within_two(at: Zoom, zoom: LocalZoom, host: str) -> None:
    began = now()
    zoom.trouble(USER, status="429 Too Many Requests", code=429, times=1)
    with held_at(lambda: began), pytest.raises(ZoomAway):
        at.user(THERAPIST, budget())
    with held_at(lambda: began + timedelta(seconds=1)):
        assert at.user(THERAPIST, budget())


def test_zooms_own_limit_is_kept_to(at: Zoom, zoom: LocalZoom, host: str) -> None:
    zoom.limit(requests=3, seconds=60)
    for _ in range(2):
        assert at.user(THERAPIST, budget())  # with the token, three
    for _ in range(5):
        with pytest.raises(ZoomAway):
            at.user(THERAPIST, budget())
    assert len(zoom.asked()) == 4


def test_a_hosts_own_limit_holds_up_no_other_host(at: Zoom, zoom: LocalZoom, host: str) -> None:
    began, other = now(), zoom.add_user("other@people.test")
    for _ in range(100):
        room = at.create(host, PLAN, budget())
    for _ in range(2):
        with held_at(lambda: began), pytest.raises(ZoomAway):
            at.create(host, PLAN, budget())
    assert len(zoom.asked(CREATE)) == 101  # the second try was not made
    assert at.create(other, PLAN, budget()).host_id == other
    assert at.room(str(room.id), budget())
    tomorrow = (began + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    with held_at(lambda: tomorrow), pytest.raises(ZoomAway):
        at.create(host, PLAN, budget())
    assert len(zoom.asked(CREATE)) == 103


def test_a_registrants_own_limit_holds_up_nobody(at: Zoom, zoom: LocalZoom, host: str) -> None:
    room = at.create(host, PLAN, budget())
    ids = {registered(at, room) for _ in range(3)}
    assert len(ids) == 1
    with pytest.raises(ZoomAway):
        at.register(str(room.id), "a@people.test", budget())
    assert at.register(str(room.id), "b@people.test", budget())


def registered(at: Zoom, room: Room) -> str:
    registrant = at.register(str(room.id), "a@people.test", budget())
    assert registrant
    return registrant.registrant_id


# What it answers.


def test_a_meeting_from_its_beginning_to_its_end(at: Zoom, host: str) -> None:
    room = at.create(host, PLAN, budget())
    number = str(room.id)
    assert len(number) == 11
    assert room.is_at(PLAN)
    shown = at.room(number, budget())
    assert shown is not None
    assert (shown.uuid, shown.agenda, shown.host_id) == (room.uuid, "ref x", host)
    assert "/s/" in shown.start_url
    assert shown.start_url != room.start_url  # fresh each time
    later = Plan(PLAN.start_at + timedelta(days=1), PLAN.end_at + timedelta(days=1, minutes=10), "ref x")
    assert at.move(number, host, later, budget())
    moved = at.room(number, budget())
    assert moved is not None
    assert (moved.is_at(later), moved.is_at(PLAN), moved.duration) == (True, False, 60)
    at.remove(number, budget())
    assert at.room(number, budget()) is None
    assert at.move(number, host, PLAN, budget()) is False
    at.remove(number, budget())


def test_no_url_that_opens_a_meeting_is_shown_by_accident(at: Zoom, host: str) -> None:
    room = at.create(host, PLAN, budget())
    registrant = at.register(str(room.id), "a@people.test", budget())
    for shown in (repr(room), str(room), repr(registrant)):
        assert "http" not in shown


def test_a_list_is_read_to_its_end(at: Zoom, zoom: LocalZoom, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoom_slice, "PAGE_SIZE", 2)
    made = {at.create(host, PLAN, budget()).id for _ in range(5)}
    assert {room.id for room in at.scheduled(host, budget())} == made
    assert len(zoom.asked(LIST)) == 3


def test_a_session_is_as_many_whole_minutes_as_cover_it() -> None:
    assert Plan(PLAN.start_at, PLAN.end_at + timedelta(seconds=1), "").as_json()["duration"] == 51
    east = PLAN.start_at.astimezone(datetime.fromisoformat("2026-03-03T14:45:00+05:45").tzinfo)
    assert Plan(east, PLAN.end_at, "").as_json()["start_time"] == "2026-03-03T09:00:00Z"


def test_who_is_not_in_our_account_is_nobody(at: Zoom, zoom: LocalZoom) -> None:
    assert at.user("nobody@people.test", budget()) is None
    zoom.trouble(USER, status="400 Bad Request", code=1010)
    assert at.user(THERAPIST, budget()) is None


def test_an_address_is_asked_for_as_it_is_written(at: Zoom, zoom: LocalZoom) -> None:
    user_id = zoom.add_user("some+body@people.test")
    found = at.user("some+body@people.test", budget())
    assert found is not None
    assert found.id == user_id


DEEDS: dict[str, tuple[str, Callable[[Zoom], Any]]] = {
    "user": (USER, lambda at: at.user(THERAPIST, budget())),
    "create": (CREATE, lambda at: at.create("h", PLAN, budget())),
    "room": (SHOW, lambda at: at.room("1", budget())),
    "move": (CHANGE, lambda at: at.move("1", "h", PLAN, budget())),
    "register": (REGISTER, lambda at: at.register("1", "a@people.test", budget())),
    "open": (CHANGE, lambda at: at.open_to_link("1", "h", budget())),
    "remove": (DELETE, lambda at: at.remove("1", budget())),
    "scheduled": (LIST, lambda at: list(at.scheduled("h", budget()))),
}
BAD, MISSING = "400 Bad Request", "404 Not Found"
EXPIRED = "Meeting 1 is not found or has expired."


@pytest.mark.parametrize(
    ("deed", "status", "code", "message", "outcome"),
    [
        ("user", MISSING, 1001, "", None),
        ("user", BAD, 1010, "", None),
        ("user", BAD, 300, "", ZoomRefused),
        ("create", MISSING, 1001, "", ZoomRefused),
        ("create", BAD, 300, "", ZoomRefused),
        ("create", BAD, 3161, "", ZoomRefused),
        ("room", MISSING, 3001, "", None),
        ("room", BAD, 3000, "", ZoomRefused),
        ("room", MISSING, 1001, "", ZoomRefused),
        ("move", MISSING, 3001, "", False),
        ("move", BAD, 300, EXPIRED, False),
        ("move", BAD, 3003, "", ZoomRefused),
        ("register", MISSING, 3001, "", ZoomRefused),
        ("register", BAD, 300, EXPIRED, ZoomRefused),
        ("register", MISSING, 1001, "", ZoomRefused),
        ("register", BAD, 3000, "", None),
        ("register", BAD, 200, "Only available for paid users.", None),
        ("open", MISSING, 3001, "", False),
        ("open", BAD, 300, "", ZoomRefused),
        ("remove", MISSING, 3001, "", None),
        ("remove", BAD, 300, EXPIRED, None),
        ("remove", BAD, 3007, "", None),
        ("remove", BAD, 3002, "", ZoomAway),
        ("remove", BAD, 3003, "", ZoomRefused),
        ("remove", MISSING, 1001, "", ZoomRefused),
        ("scheduled", MISSING, 1001, "", ZoomRefused),
        ("scheduled", BAD, 300, "", ZoomRefused),
    ],
)
def test_each_refusal_is_understood(
    at: Zoom, zoom: LocalZoom, deed: str, status: str, code: int, message: str, outcome: Any
) -> None:
    where, do = DEEDS[deed]
    zoom.trouble(where, status=status, code=code, message=message)
    if isinstance(outcome, type):
        with pytest.raises(outcome):
            do(at)
    else:
        assert do(at) is outcome
    assert len(zoom.asked(where)) == 1


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("500 Internal Server Error", 0),
        ("503 Service Unavailable", 0),
        ("429 Too Many Requests", 429),
        ("401 Unauthorized", 0),
        ("403 Forbidden", 0),
        (BAD, 4711),
    ],
)
def test_what_may_be_otherwise_soon_is_tried_again(
    at: Zoom, zoom: LocalZoom, deed: str, status: str, code: int
) -> None:
    where, do = DEEDS[deed]
    zoom.trouble(where, status=status, code=code)
    with pytest.raises(ZoomAway):
        do(at)
    assert len(zoom.asked(where)) == 1


@pytest.mark.parametrize("deed", ["user", "create", "room", "register", "scheduled"])
def test_an_answer_of_another_form_is_no_answer(at: Zoom, zoom: LocalZoom, deed: str) -> None:
    where, do = DEEDS[deed]
    zoom.trouble(where, status="200 OK")
    with pytest.raises(ZoomAway):
        do(at)


def test_what_zoom_says_is_in_no_log_and_no_error(
    at: Zoom, zoom: LocalZoom, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    zoom.trouble(USER, status="403 Forbidden", code=4711, message=f"about {THERAPIST}")
    with pytest.raises(ZoomAway) as away:
        at.user(THERAPIST, budget())
    zoom.calm()
    zoom.trouble(USER, status=BAD, code=300, message=f"about {THERAPIST}")
    with pytest.raises(ZoomRefused) as refused:
        at.user(THERAPIST, budget())
    said = (str(away.value), str(refused.value), caplog.text, capsys.readouterr().out)
    assert all(THERAPIST not in one for one in said)


# Away.


def test_a_zoom_that_does_not_answer_is_left_alone_for_a_while(at: Zoom, zoom: LocalZoom, host: str) -> None:
    at.user(THERAPIST, budget())
    zoom.trouble(ANYTHING, status="503 Service Unavailable")
    zoom.forget_requests()
    for _ in range(20):
        with pytest.raises(ZoomAway):
            at.user(THERAPIST, budget())
    assert len(zoom.asked()) == 5


def test_work_without_time_left_asks_nothing(at: Zoom, zoom: LocalZoom) -> None:
    with pytest.raises(ZoomAway):
        at.user(THERAPIST, Budget(0))
    assert zoom.asked() == []


def test_nothing_is_made_twice_by_itself(at: Zoom, zoom: LocalZoom, host: str) -> None:
    zoom.trouble(CREATE, status="502 Bad Gateway", done=True)
    with pytest.raises(ZoomAway):
        at.create(host, PLAN, budget())
    assert (len(zoom.asked(CREATE)), len(zoom.meetings())) == (1, 1)
