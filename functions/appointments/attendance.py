"""What the notices of a meeting say of its appointment: whether it runs, who came, and for how long.

The same notices say the same in whatever order and however often they come; everything is passed in, times are UTC.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

OPENS_BEFORE: Final = timedelta(minutes=10)
"""How long before its start an appointment can be joined; nobody attends it earlier."""
OPENED_EARLY: Final = timedelta(minutes=30)
"""A room that was opened earlier than this, and in which nothing has happened since, is no part of the appointment."""
LINGERS: Final = timedelta(minutes=60)
"""How long after its end what happens in the room is still the appointment; whatever is open by then is closed."""
NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Kind(StrEnum):
    """What a notice tells."""

    STARTED = "started"
    ENDED = "ended"
    LEFT = "left"
    JOINED = "joined"
    WAITED = "waited"
    """Somebody is, or was, at the door."""


class Who(StrEnum):
    """Whom it tells of: one of the appointment's two people, or somebody who may be either."""

    PATIENT = "patient"
    THERAPIST = "therapist"
    SOMEBODY = "somebody"


class Stage(StrEnum):
    """How far an appointment is."""

    AHEAD = "ahead"
    RUNS = "runs"
    OVER = "over"


@dataclass(frozen=True)
class Notice:
    """One notice; `instance` is one opening of the room, `device` one way in which somebody takes part in it."""

    kind: Kind
    at: datetime
    told_at: int
    """Milliseconds, which order what happened within a second."""
    instance: str
    who: Who | None = None
    device: str = ""


@dataclass(frozen=True)
class Slot:
    """When an appointment takes place."""

    start_at: datetime
    end_at: datetime

    @property
    def opens_at(self) -> datetime:
        """From when on it can be attended."""
        return self.start_at - OPENS_BEFORE

    @property
    def closes_at(self) -> datetime:
        """From when on nothing is part of it."""
        return self.end_at + LINGERS


@dataclass(frozen=True)
class Presence:
    """One person's time in the room. `attended` is what has been left again; who is there is since `present_since`."""

    first_joined_at: datetime | None = None
    present_since: datetime | None = None
    last_left_at: datetime | None = None
    attended: timedelta = timedelta(0)

    @property
    def came(self) -> bool:
        """Whether they were there at all."""
        return self.first_joined_at is not None


@dataclass(frozen=True)
class Course:
    """What has happened so far."""

    runs: bool
    started_at: datetime | None
    ended_at: datetime | None
    """Of the last opening, where none is open."""
    patient: Presence
    therapist: Presence
    waited: timedelta
    """How long, of the appointment's own time, the therapist has been there."""
    unclear: bool
    """Whether somebody came, if only to the door, who may have been the patient."""


@dataclass(frozen=True)
class _Opening:
    """One time that the room was open; until None where it is."""

    since: datetime
    until: datetime | None
    last_at: datetime
    instance: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class _Stay:
    since: datetime
    until: datetime | None

    @property
    def ends(self) -> datetime:
        return self.until or NEVER


def course_of(notices: Iterable[Notice], slot: Slot, moment: datetime) -> Course:
    """What has happened to an appointment, as far as anybody was told by this moment."""
    told = frozenset(notices)
    openings = [opening for opening in _openings(told, slot, moment) if _is_of(opening, slot)]
    runs = any(opening.until is None for opening in openings)
    stays = {who: _stays(openings, who, slot) for who in (Who.PATIENT, Who.THERAPIST)}
    return Course(
        runs=runs,
        started_at=min((opening.since for opening in openings), default=None),
        ended_at=None if runs else max((opening.until for opening in openings if opening.until), default=None),
        patient=_presence(stays[Who.PATIENT]),
        therapist=_presence(stays[Who.THERAPIST]),
        waited=_waited(stays[Who.THERAPIST], slot, moment),
        unclear=any(_may_be_the_patient(notice, slot) for notice in told),
    )


def stage_of(course: Course, slot: Slot, moment: datetime) -> Stage:
    """How far the appointment is. What was opened and closed before its start has not begun."""
    if course.runs and moment >= slot.opens_at:
        return Stage.RUNS
    if moment >= slot.closes_at or (course.ended_at is not None and course.ended_at >= slot.start_at):
        return Stage.OVER
    return Stage.AHEAD


def is_missed(course: Course, slot: Slot, patience: timedelta) -> bool:
    """Whether the patient did not come to somebody who was there in time and has waited for so long."""
    came_at = course.therapist.first_joined_at
    if course.patient.came or course.unclear or came_at is None:
        return False
    return came_at <= slot.start_at + patience and course.waited >= patience


def _openings(told: frozenset[Notice], slot: Slot, moment: datetime) -> list[_Opening]:
    """All openings of the room by their beginning; there is one at a time, so a later one ends those before it."""
    by_instance: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in told:
        if notice.kind is not Kind.WAITED:
            by_instance[notice.instance].append(notice)
    found = sorted(
        map(_opening, by_instance.values()), key=lambda opening: (opening.since, opening.last_at, opening.instance)
    )
    followed = [
        replace(opening, until=following.since) if opening.until is None else opening
        for opening, following in pairwise(found)
    ] + found[-1:]
    return [_closed_by_time(opening, slot, moment) for opening in followed]


def _opening(notices: list[Notice]) -> _Opening:
    times = [notice.at for notice in notices]
    ends = [notice.at for notice in notices if notice.kind is Kind.ENDED]
    in_time = tuple(sorted(notices, key=_in_time))
    return _Opening(min(times), max(ends, default=None), max(times), notices[0].instance, in_time)


def _in_time(notice: Notice) -> tuple[datetime, int, bool]:
    return notice.at, notice.told_at, notice.kind is Kind.LEFT


def _closed_by_time(opening: _Opening, slot: Slot, moment: datetime) -> _Opening:
    """Whose end nobody was told of is taken to have ended with the appointment, or with what was told of it last."""
    if opening.until is not None or moment < slot.closes_at:
        return opening
    return replace(opening, until=max(slot.end_at, opening.last_at))


def _is_of(opening: _Opening, slot: Slot) -> bool:
    if opening.since >= slot.closes_at or (opening.until is not None and opening.until <= slot.opens_at):
        return False
    return opening.since >= slot.start_at - OPENED_EARLY or opening.last_at >= slot.opens_at


def _stays(openings: Iterable[_Opening], who: Who, slot: Slot) -> list[_Stay]:
    """One person's times in the room, on whatever devices, without overlaps."""
    merged: list[_Stay] = []
    found = [stay for opening in openings for stay in _stays_in(opening, who)]
    for stay in sorted(_within(found, slot), key=lambda stay: (stay.since, stay.ends)):
        if merged and stay.since <= merged[-1].ends:
            longer = max(merged[-1], stay, key=lambda one: one.ends)
            merged[-1] = replace(merged[-1], until=longer.until)
        else:
            merged.append(stay)
    return merged


def _stays_in(opening: _Opening, who: Who) -> Iterator[_Stay]:
    """By device: from a joining to the next leaving, or to the end; of a leaving alone its moment."""
    since: dict[str, datetime] = {}
    for notice in opening.notices:
        if notice.who is not who:
            continue
        if notice.kind is Kind.JOINED:
            since.setdefault(notice.device, notice.at)
        if notice.kind is Kind.LEFT:
            yield _Stay(since.pop(notice.device, notice.at), notice.at)
    for joined_at in since.values():
        yield _Stay(joined_at, opening.until)


def _within(stays: Iterable[_Stay], slot: Slot) -> Iterator[_Stay]:
    for stay in stays:
        since = max(stay.since, slot.opens_at)
        until = None if stay.until is None else min(stay.until, slot.closes_at)
        if since < slot.closes_at and (until is None or since <= until):
            yield _Stay(since, until)


def _presence(stays: list[_Stay]) -> Presence:
    if not stays:
        return Presence()
    left = [(stay.since, stay.until) for stay in stays if stay.until is not None]
    return Presence(
        first_joined_at=stays[0].since,
        present_since=None if stays[-1].until else stays[-1].since,
        last_left_at=max((until for _, until in left), default=None),
        attended=sum((until - since for since, until in left), timedelta(0)),
    )


def _waited(stays: Iterable[_Stay], slot: Slot, moment: datetime) -> timedelta:
    until = min(moment, slot.end_at)
    spans = ((max(stay.since, slot.start_at), min(stay.ends, until)) for stay in stays)
    return sum((max(end - begin, timedelta(0)) for begin, end in spans), timedelta(0))


def _may_be_the_patient(notice: Notice, slot: Slot) -> bool:
    if not slot.start_at - OPENED_EARLY <= notice.at < slot.closes_at:
        return False
    return notice.who is Who.SOMEBODY or (notice.who is Who.PATIENT and notice.kind is Kind.WAITED)
