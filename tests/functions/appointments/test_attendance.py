"""What notices say of an appointment: tables of whole sessions, and that order and repetition change nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.appointments.attendance import (
    Course,
    Kind,
    Notice,
    Presence,
    Slot,
    Stage,
    Who,
    course_of,
    is_missed,
    stage_of,
)
from tests.inside import sized

START = datetime(2026, 3, 3, 9, tzinfo=UTC)
SLOT = Slot(START, START + timedelta(minutes=50))
PATIENCE = timedelta(minutes=15)
MONTH_LATER = 60 * 24 * 30


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def notice(kind: Kind, minutes: float, who: Who | None = None, device: str = "", instance: str = "one") -> Notice:
    moment = at(minutes)
    return Notice(kind, moment, int(moment.timestamp() * 1000), instance, who, device)


def started(minutes: float, instance: str = "one") -> Notice:
    return notice(Kind.STARTED, minutes, instance=instance)


def ended(minutes: float, instance: str = "one") -> Notice:
    return notice(Kind.ENDED, minutes, instance=instance)


def stay(who: Who, since: float, until: float | None, device: str = "", instance: str = "one") -> list[Notice]:
    left = [] if until is None else [notice(Kind.LEFT, until, who, device or who, instance)]
    return [notice(Kind.JOINED, since, who, device or who, instance), *left]


def course(notices: Sequence[Notice], minutes: float = MONTH_LATER) -> Course:
    return course_of(notices, SLOT, at(minutes))


def minutes_of(presence: Presence) -> float:
    return presence.attended / timedelta(minutes=1)


T, P, X = Who.THERAPIST, Who.PATIENT, Who.SOMEBODY
WHOLE = [started(-5), *stay(T, -5, 51), *stay(P, 1, 50), ended(51)]


def test_a_whole_session() -> None:
    happened = course(WHOLE)
    assert (happened.runs, happened.started_at, happened.ended_at) == (False, at(-5), at(51))
    assert happened.patient == Presence(at(1), None, at(50), timedelta(minutes=49))
    assert happened.therapist == Presence(at(-5), None, at(51), timedelta(minutes=56))
    assert not happened.unclear


def test_nothing_told_is_nothing_known() -> None:
    nobody = Presence()
    assert course([]) == Course(False, None, None, nobody, nobody, timedelta(0), unclear=False)


@pytest.mark.parametrize(
    ("notices", "minutes", "present"),
    [
        (stay(P, 0, 20) + stay(P, 30, 50), 40, None),
        (stay(P, 0, 50, "laptop") + stay(P, 10, 30, "phone"), 50, None),
        (stay(P, 0, 30, "laptop") + stay(P, 20, 50, "phone"), 50, None),
        (stay(P, 0, 20, "laptop") + stay(P, 20, 50, "phone"), 50, None),
        (stay(P, 0, None, "laptop") + stay(P, 10, 30, "phone"), 0, 0),
        (stay(P, 0, 10, "laptop") + stay(P, 20, None, "phone"), 10, 20),
        (stay(P, -60, 50), 60, None),
        (stay(P, 0, 300), 110, None),
        ([notice(Kind.LEFT, 30, P, "laptop")], 0, None),
        (stay(P, 0, None, "laptop") + stay(P, 5, 25, "laptop"), 25, None),
        (stay(P, 20, 20), 0, None),
    ],
    ids=[
        "two visits",
        "a second device within the time of the first",
        "two devices one after the other, overlapping",
        "from one device to the other in the same second",
        "still there by the first of two devices",
        "there again",
        "nobody attends before it opens",
        "nor after it closed",
        "only the leaving was told",
        "a leaving of the same device was never told",
        "in and out",
    ],
)
def test_time_in_the_room_counts_once(notices: list[Notice], minutes: float, present: float | None) -> None:
    patient = course([started(-5), *notices], minutes=100).patient
    assert patient.came
    assert minutes_of(patient) == minutes
    assert patient.present_since == (None if present is None else at(present))


def test_the_end_of_the_meeting_is_the_end_of_who_was_never_said_to_leave() -> None:
    happened = course([started(-5), *stay(T, -5, None), *stay(P, 0, None), ended(48)])
    assert (minutes_of(happened.therapist), minutes_of(happened.patient)) == (53, 48)
    assert happened.patient.last_left_at == at(48)


def test_a_meeting_that_was_opened_again_is_one_session() -> None:
    first = [started(-2), *stay(T, -2, 10), *stay(P, 0, 10), ended(10)]
    again = [started(13, "two"), *stay(T, 13, None, instance="two"), *stay(P, 14, None, instance="two")]
    between, later = course(first, 12), course(first + again, 20)
    assert (between.runs, between.ended_at) == (False, at(10))
    assert (later.runs, later.started_at, later.ended_at) == (True, at(-2), None)
    assert (minutes_of(later.patient), later.patient.present_since) == (10, at(14))


def test_a_later_opening_ends_the_one_before_it() -> None:
    lost = [started(-2), *stay(P, 0, None)]
    happened = course([*lost, started(20, "two"), *stay(P, 21, 50, instance="two"), ended(50, "two")])
    assert (happened.runs, minutes_of(happened.patient)) == (False, 20 + 29)


@pytest.mark.parametrize(("minutes", "runs"), [(109, True), (110, False)])
def test_whose_end_was_never_told_ends_with_the_appointment(minutes: int, runs: bool) -> None:
    happened = course([started(-2), *stay(P, 0, None)], minutes)
    assert happened.runs is runs
    assert minutes_of(happened.patient) == (0 if runs else 50)


@pytest.mark.parametrize(
    ("notices", "counts"),
    [
        ([started(-24 * 60), *stay(T, -24 * 60, -23 * 60), ended(-23 * 60)], False),
        ([started(-24 * 60), *stay(T, -24 * 60, None)], False),
        ([started(-31), *stay(T, -31, None)], False),
        ([started(-30), *stay(T, -30, None)], True),
        ([started(-31), *stay(T, -31, None), *stay(P, 2, None)], True),
        ([started(-24 * 60), *stay(T, -24 * 60, None), *stay(P, 2, None)], True),
        ([started(-25), *stay(T, -25, -12), ended(-12)], False),
        ([started(110), *stay(T, 110, None)], False),
        ([started(24 * 60), *stay(T, 24 * 60, 25 * 60), ended(25 * 60)], False),
    ],
    ids=[
        "the room was tried the day before",
        "and its end was never told",
        "opened too early, and nothing since",
        "opened just early enough",
        "opened early, and somebody came",
        "even a day early",
        "opened and closed before anybody could join",
        "after it closed",
        "the room was used again the day after",
    ],
)
def test_only_what_belongs_to_the_appointment_counts(notices: list[Notice], counts: bool) -> None:
    happened = course(notices, 30 if notices[0].at < START else MONTH_LATER)
    assert (happened.therapist.came or happened.runs or happened.ended_at is not None) is counts


@pytest.mark.parametrize(
    ("notices", "minutes", "stage"),
    [
        ([], -1, Stage.AHEAD),
        ([], 60, Stage.AHEAD),
        ([], 110, Stage.OVER),
        ([started(-20)], -11, Stage.AHEAD),
        ([started(-20)], -10, Stage.RUNS),
        ([started(-5)], -5, Stage.RUNS),
        ([started(-5), ended(-2)], 1, Stage.AHEAD),
        ([started(-5), ended(-2), started(-1, "two")], 0, Stage.RUNS),
        ([started(-5), ended(0)], 1, Stage.OVER),
        ([started(-5), ended(10), started(12, "two")], 13, Stage.RUNS),
        ([started(-5), ended(45)], 46, Stage.OVER),
        ([started(-5)], 70, Stage.RUNS),
        ([started(-5)], 110, Stage.OVER),
    ],
)
def test_how_far_it_is(notices: list[Notice], minutes: int, stage: Stage) -> None:
    assert stage_of(course(notices, minutes), SLOT, at(minutes)) is stage


@pytest.mark.parametrize(
    ("notices", "minutes", "missed"),
    [
        ([], 20, False),
        ([started(-5)], 20, False),
        (stay(T, -5, None), 15, True),
        (stay(T, -5, None), 14.99, False),
        (stay(T, 0, None), 15, True),
        (stay(T, 10, None), 24.99, False),
        (stay(T, 10, None), 25, True),
        (stay(T, 16, None), 40, False),
        (stay(T, -5, 10), 40, False),
        (stay(T, 0, 8) + stay(T, 9, None), 15.99, False),
        (stay(T, 0, 8) + stay(T, 9, None), 16, True),
        (stay(T, -5, None) + stay(P, 20, None), 21, False),
        ([*stay(T, -5, None), notice(Kind.LEFT, 3, P, "phone")], 21, False),
        ([*stay(T, -5, None), notice(Kind.WAITED, 3, P)], 21, False),
        ([*stay(T, -5, None), notice(Kind.WAITED, 3, X)], 21, False),
        (stay(T, -5, None) + stay(X, 3, 4), 21, False),
        ([*stay(T, -5, None), notice(Kind.WAITED, -31, P)], 21, True),
        (stay(P, 0, None), 21, False),
    ],
    ids=[
        "nothing was told",
        "the therapist did not come",
        "the therapist has waited",
        "not long enough yet",
        "from the start on",
        "the therapist was late",
        "and has waited for as long",
        "the therapist was too late",
        "the therapist did not wait",
        "the line was lost, and too little so far",
        "the line was lost, and all in all enough",
        "the patient came late",
        "the patient must have been there",
        "the patient was at the door",
        "somebody was at the door",
        "somebody was there",
        "the patient was at the door the evening before, so to say",
        "the patient alone",
    ],
)
def test_who_did_not_come(notices: list[Notice], minutes: float, missed: bool) -> None:
    assert is_missed(course(notices, minutes), SLOT, PATIENCE) is missed


MOMENTS = st.integers(-40, 130)
NOTICES = st.builds(
    notice,
    st.sampled_from(Kind),
    MOMENTS,
    st.sampled_from(Who),
    st.sampled_from(["laptop", "phone"]),
    st.sampled_from(["one", "two", "three"]),
)


@settings(max_examples=sized(60, 300), deadline=None)
@given(told=st.lists(NOTICES, max_size=14), minutes=st.integers(-60, 200), data=st.data())
def test_order_and_repetition_change_nothing(told: list[Notice], minutes: int, data: st.DataObject) -> None:
    repeated = told + data.draw(st.lists(st.sampled_from(told), max_size=8)) if told else told
    otherwise = data.draw(st.permutations(repeated))
    assert course(otherwise, minutes) == course(told, minutes)


@settings(max_examples=sized(60, 300), deadline=None)
@given(told=st.lists(NOTICES, max_size=14), minutes=st.integers(-60, 200))
def test_nobody_is_there_longer_than_the_room_could_be_open(told: list[Notice], minutes: int) -> None:
    happened = course(told, minutes)
    for presence in (happened.patient, happened.therapist):
        assert timedelta(0) <= presence.attended <= SLOT.closes_at - SLOT.opens_at
        assert presence.came or presence == Presence()
        assert presence.present_since is None or happened.runs
        assert presence.first_joined_at is None or SLOT.opens_at <= presence.first_joined_at < SLOT.closes_at
    assert timedelta(0) <= happened.waited <= SLOT.end_at - SLOT.start_at
    assert (happened.started_at is None) == (not happened.runs and happened.ended_at is None)
