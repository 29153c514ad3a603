"""A new revision that does worse than the one before gives the requests back, and so does what nobody can see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from infra.canary import Ended, Watch
from infra.request_numbers import RequestNumbers
from tests.infra.gcloud_double import Gcloud
from tests.infra.monitoring_double import Monitoring, Numbers, monitoring

AUTH, MESSAGES, RELAY = "bloom-qa-auth", "bloom-qa-messages", "bloom-qa-realtime"
SHARED = {"new": 10, "old": 90}
RETURNED = {"old": 100}
WELL = {"old": Numbers({"2xx": 900, "4xx": 40}), "new": Numbers({"2xx": 100, "4xx": 4})}


@dataclass
class Time:
    """A clock that only waiting moves; `then` happens after so many waits."""

    now: datetime = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
    waits: int = 0
    then: dict[int, Callable[[], None]] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.waits += 1
        self.then.get(self.waits, lambda: None)()


@pytest.fixture
def seen(gcloud: Gcloud) -> Iterator[Monitoring]:
    for name in (AUTH, MESSAGES, RELAY):
        gcloud.serve(name, **SHARED)
    with monitoring("bloomhealth-qa") as double:
        double.known = {AUTH: dict(WELL), MESSAGES: dict(WELL), RELAY: dict(WELL)}
        yield double


def watch(seen: Monitoring, time: Time, percent: int = 10) -> bool:
    return Watch("qa", percent, RequestNumbers("bloomhealth-qa", seen.address), time.clock, time.wait).run()


def test_what_does_no_worse_goes_on_after_ten_minutes_and_no_sooner(seen: Monitoring, gcloud: Gcloud) -> None:
    time = Time()
    assert watch(seen, time)
    assert time.waits == 20
    assert gcloud.traffic(AUTH) == SHARED
    assert not {query["aggregation.perSeriesAligner"][0] for query in seen.asked} - {"ALIGN_DELTA"}


def test_a_revision_that_answers_500_gives_back_the_requests_of_all_at_the_first_look(
    seen: Monitoring, gcloud: Gcloud, capsys: pytest.CaptureFixture[str]
) -> None:
    seen.known[MESSAGES]["new"] = Numbers({"5xx": 6})
    seen.in_pages = True
    time = Time()
    assert not watch(seen, time)
    assert time.waits == 1
    assert [gcloud.traffic(name) for name in (AUTH, MESSAGES, RELAY)] == [RETURNED] * 3
    assert "returned: bloom-qa-messages: errors" in capsys.readouterr().out


def test_what_turns_bad_after_a_while_is_returned_then_though_others_are_judged_good(
    seen: Monitoring, gcloud: Gcloud
) -> None:
    seen.known[MESSAGES]["new"] = Numbers({"2xx": 10})  # still waited for, when the other turns
    turn = {25: lambda: seen.known[AUTH].update(new=Numbers({"2xx": 400, "5xx": 40}))}
    time = Time(then=turn)
    assert not watch(seen, time)
    assert time.waits == 25
    assert gcloud.traffic(AUTH) == RETURNED


def test_a_revision_that_is_slower_by_half_is_returned_once_its_instances_have_started(
    seen: Monitoring, gcloud: Gcloud
) -> None:
    seen.known[AUTH]["new"] = Numbers({"2xx": 200}, p99_ms=180)
    time = Time()
    assert not watch(seen, time)
    assert time.waits == 5  # the first two minutes say nothing of speed
    assert gcloud.traffic(AUTH) == RETURNED


def test_what_both_revisions_fail_at_is_not_the_new_ones_fault(seen: Monitoring, gcloud: Gcloud) -> None:
    seen.known[AUTH] = {"old": Numbers({"2xx": 800, "5xx": 100}), "new": Numbers({"2xx": 80, "5xx": 10})}
    assert watch(seen, Time())
    assert gcloud.traffic(AUTH) == SHARED


def test_how_long_people_stay_connected_is_not_slowness(seen: Monitoring) -> None:
    seen.known[RELAY]["new"] = Numbers({"1xx": 200}, p99_ms=3_000_000)
    assert watch(seen, Time())


def test_what_nobody_asks_goes_on_after_half_an_hour_and_is_named(
    seen: Monitoring, capsys: pytest.CaptureFixture[str]
) -> None:
    del seen.known[AUTH]
    time = Time()
    assert watch(seen, time)
    assert time.clock() - Time().clock() == timedelta(minutes=30)
    assert "bloom-qa-auth: 50 requests too few to be judged by" in capsys.readouterr().out


def test_a_release_that_nobody_can_see_is_returned(seen: Monitoring, gcloud: Gcloud) -> None:
    seen.away = True
    time = Time()
    assert not watch(seen, time)
    assert time.waits == 6
    assert gcloud.traffic(AUTH) == RETURNED


def test_a_look_that_fails_once_ends_nothing(seen: Monitoring) -> None:
    gone = {3: lambda: setattr(seen, "away", True), 4: lambda: setattr(seen, "away", False)}
    assert watch(seen, Time(then=gone))


def test_whoever_ends_it_in_the_middle_ends_the_release_too(seen: Monitoring, gcloud: Gcloud) -> None:
    def killed() -> None:
        raise Ended

    assert not watch(seen, Time(then={4: killed}))
    assert [gcloud.traffic(name) for name in (AUTH, MESSAGES, RELAY)] == [RETURNED] * 3


def test_only_what_has_a_new_revision_is_looked_at(seen: Monitoring, gcloud: Gcloud) -> None:
    for name in (AUTH, MESSAGES, RELAY):
        gcloud.settle(name)
    time = Time()
    assert watch(seen, time)
    assert time.waits == 0
