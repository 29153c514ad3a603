"""Whose turn it is: the windows of waiting texts, and which of them share the next run of the network."""

import asyncio
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from containers.inference.classifier import Prediction, Window
from containers.inference.engines import Logits

_LOOKED_AT: Final = 256
"""Windows of a lane that are considered for a place in a run, those that are due first."""
_PATIENCE: Final = 4
"""Runs of texts sent alone that go before batch work, which then gets one."""


@dataclass(eq=False)
class WaitingText:
    """A text whose windows are or will be run."""

    windows: Sequence[Window]
    of_batch: bool
    """Batch work goes behind texts that somebody sent alone."""
    deadline: float | None
    """In the event loop's time, as is `arrived`."""
    arrived: float
    answer: asyncio.Future[Prediction]
    rows: dict[int, Logits] = field(default_factory=dict)
    """The network's scores by number of window, as far as they are there."""
    waiting_windows: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of all its windows."""
        return sum(map(len, self.windows))

    @property
    def logits(self) -> Logits:
        """The rows in the order of the windows; only once all are there."""
        return np.stack([self.rows[number] for number in range(len(self.windows))])

    def wanted(self, now: float) -> bool:
        """Whether somebody still waits for the answer."""
        return not self.answer.done() and (self.deadline is None or now < self.deadline)


@dataclass(eq=False)
class Place:
    """One window of one text in the line."""

    text: WaitingText
    number: int
    turn: int
    """How many tokens are worked off before it is due; see `WaitingLine`."""
    alone: bool = False
    """It was in a run that failed, and is run by itself to see whether it was the cause."""

    @property
    def window(self) -> Window:
        """The token ids."""
        return self.text.windows[self.number]

    @property
    def tokens(self) -> int:
        """How many."""
        return len(self.window)


@dataclass
class Length:
    """How much waits."""

    texts: int = 0
    tokens: int = 0


class WaitingLine:
    """Windows in the order of their turns, in two lanes: batch work stands behind what was sent alone.

    A text's first window is due when all is worked off that was due when it came, its next window when in addition the
    text's own windows before it could have been: a long text thus lets the shorter ones that come after it go between
    its windows, and yet nobody is overtaken for ever. All batch work is one long text, and where texts sent alone never
    end every fifth run is its own.
    """

    def __init__(self) -> None:
        self._worked_off = 0
        self._lanes: dict[bool, list[Place]] = {False: [], True: []}
        """By whether it is batch work."""
        self._lengths = {False: Length(), True: Length()}
        self._passed_over = 0
        """Runs since batch work had one, or came."""

    def __bool__(self) -> bool:
        """Whether anything waits, wanted or not."""
        return any(self._lanes.values())

    @property
    def tokens(self) -> int:
        """All that waits."""
        return sum(length.tokens for length in self._lengths.values())

    @property
    def oldest_arrival(self) -> float:
        """When the text that is due first came; only while anything waits."""
        return self._first().text.arrived

    def length(self, of_batch: bool) -> Length:
        """What waits of batch work, or of texts sent alone."""
        return self._lengths[of_batch]

    def ahead_of(self, of_batch: bool) -> Length:
        """What counts against a newcomer's limits: all that waits before batch work, texts sent alone before others."""
        alone, batch = self._lengths[False], self._lengths[True]
        return Length(alone.texts + batch.texts, alone.tokens + batch.tokens) if of_batch else alone

    def tokens_before(self, texts: Sequence[WaitingText]) -> int:
        """Tokens of others that are due before the last window of these would be, were they to join now."""
        if texts[0].of_batch:
            return self.tokens
        last = max(self._worked_off + text.tokens - len(text.windows[-1]) for text in texts)
        return sum(place.tokens for place in self._lanes[False] if place.turn <= last)

    def join(self, text: WaitingText) -> None:
        """The text's windows take their places."""
        turn = self._worked_off
        if text.of_batch and self._lanes[True]:
            turn = self._lanes[True][-1].turn + self._lanes[True][-1].tokens
        lane = self._lanes[text.of_batch]
        for number, window in enumerate(text.windows):
            place = Place(text, number, turn)
            if text.of_batch:
                lane.append(place)
            else:
                insort(lane, place, key=_order)
            self._count_in(place)
            turn += len(window)

    def back(self, places: Iterable[Place]) -> None:
        """Windows of a run that failed stand where they stood, each to be run alone."""
        for place in places:
            place.alone = True
            insort(self._lanes[place.text.of_batch], place, key=_order)
            self._count_in(place)

    def drop_unwanted(self, now: float) -> None:
        """Windows of texts for whose answer nobody waits leave."""
        for lane in self._lanes.values():
            unwanted = [place for place in lane if not place.text.wanted(now)]
            self._take_out(lane, unwanted)

    def next_run(self, most_tokens: int, padding_worth: float) -> list[Place]:
        """The window that is due first, with others of about its length; at most `most_tokens` with padding.

        Another joins only where the padding that this costs is less than `padding_worth`, what a run of its own would
        cost. While texts sent alone wait, batch work joins none of them.
        """
        if not self:
            return []
        first = self._first()
        run = [first] if first.alone else self._alike(first, most_tokens, padding_worth)
        self._passed_over = 0 if first.text.of_batch or not self._lanes[True] else self._passed_over + 1
        self._worked_off += sum(place.tokens for place in run)
        for lane in self._lanes.values():
            self._take_out(lane, run)
        return run

    def _first(self) -> Place:
        alone, batch = self._lanes[False], self._lanes[True]
        return batch[0] if batch and (not alone or self._passed_over >= _PATIENCE) else alone[0]

    def _alike(self, first: Place, most_tokens: int, padding_worth: float) -> list[Place]:
        run, longest = [first], first.tokens
        for lane in (False, True) if first.text.of_batch else (False,):
            others = [place for place in self._lanes[lane][:_LOOKED_AT] if place is not first and not place.alone]
            for place in sorted(others, key=lambda other: abs(other.tokens - first.tokens)):
                wider = max(longest, place.tokens)
                padding = wider * (len(run) + 1) - longest * len(run) - place.tokens
                if padding <= padding_worth and wider * (len(run) + 1) <= most_tokens:
                    run.append(place)
                    longest = wider
        return run

    def _count_in(self, place: Place) -> None:
        length = self._lengths[place.text.of_batch]
        length.tokens += place.tokens
        length.texts += place.text.waiting_windows == 0
        place.text.waiting_windows += 1

    def _take_out(self, lane: list[Place], places: Sequence[Place]) -> None:
        leaving = set(map(id, places))
        for place in lane:
            if id(place) in leaving:
                self._count_out(place)
        lane[:] = [place for place in lane if id(place) not in leaving]

    def _count_out(self, place: Place) -> None:
        length = self._lengths[place.text.of_batch]
        length.tokens -= place.tokens
        place.text.waiting_windows -= 1
        length.texts -= place.text.waiting_windows == 0


def _order(place: Place) -> tuple[int, bool]:
    """Who is due as early as the rest of a text that was begun goes before it."""
    return place.turn, place.number > 0


def padded_tokens(run: Sequence[Place]) -> int:
    """Tokens that the network reads for these windows, padding included."""
    return len(run) * max(place.tokens for place in run)
