"""Who is due first, who may join, and that nobody is passed over for ever."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from containers.inference.waiting_line import Place, WaitingLine, WaitingText, padded_tokens

BUDGET, WORTH = 256, 10
one_text = st.tuples(st.lists(st.integers(2, 128), min_size=1, max_size=12), st.booleans())


class Texts:
    """Makes texts of windows of given lengths."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, *lengths: int, of_batch: bool = False) -> WaitingText:
        return WaitingText([[0] * length for length in lengths], of_batch, None, 0.0, self._loop.create_future())


@contextmanager
def making_texts() -> Iterator[Texts]:
    loop = asyncio.new_event_loop()
    try:
        yield Texts(loop)
    finally:
        loop.close()


def taken(run: Sequence[Place]) -> list[tuple[WaitingText, int]]:
    return [(place.text, place.number) for place in run]


@settings(max_examples=50)
@given(st.lists(st.one_of(one_text, st.none()), max_size=30))
def test_every_window_is_run_once_in_runs_of_like_lengths_and_never_a_batchs_in_the_company_of_others(
    story: list[tuple[list[int], bool] | None],
) -> None:
    line, joined, done = WaitingLine(), [], []
    with making_texts() as text:
        for step in [*story, *[None] * 360]:
            if step is not None:
                joined.append(text(*step[0], of_batch=step[1]))
                line.join(joined[-1])
                continue
            run = line.next_run(BUDGET, WORTH)
            done += taken(run)
            if run:
                assert len(run) == 1 or padded_tokens(run) <= BUDGET
                assert padded_tokens(run) - sum(place.tokens for place in run) <= WORTH * (len(run) - 1)
                assert run[0].text.of_batch or not any(place.text.of_batch for place in run)
    assert sorted(map(id, joined)) == sorted({id(one) for one, _ in done})
    assert len(done) == len(set(done)) == sum(len(one.windows) for one in joined)
    assert not line
    assert [(line.length(lane).texts, line.length(lane).tokens) for lane in (False, True)] == [(0, 0)] * 2


def test_a_long_text_lets_shorter_ones_between_its_windows_and_is_itself_not_held_up_for_ever() -> None:
    line = WaitingLine()
    with making_texts() as text:
        long = text(*[128] * 10)
        line.join(long)
        assert taken(line.next_run(128, WORTH)) == [(long, 0)]
        shorter = text(20)
        line.join(shorter)
        assert taken(line.next_run(128, WORTH)) == [(shorter, 0)]
        left, runs = 9, 0
        while left:
            for _ in range(10):  # more than a run holds, again and again
                line.join(text(20))
            left -= sum(place.text is long for place in line.next_run(128, WORTH))
            runs += 1
        assert runs < 30


def test_batch_work_gets_every_fifth_run_though_texts_sent_alone_never_end() -> None:
    line = WaitingLine()
    with making_texts() as text:
        for _ in range(3):
            line.join(text(*[128] * 4, of_batch=True))
        history = []
        for _ in range(20):
            line.join(text(100))
            line.join(text(100))
            history.append(line.next_run(128, WORTH)[0].text.of_batch)
        assert history == [False, False, False, False, True] * 4


def test_a_batch_alone_has_the_network_for_itself_and_a_text_sent_alone_goes_first_all_the_same() -> None:
    line = WaitingLine()
    with making_texts() as text:
        line.join(text(*[128] * 100, of_batch=True))
        for _ in range(30):
            assert [place.text.of_batch for place in line.next_run(BUDGET, WORTH)] == [True, True]
            alone = text(100)
            line.join(alone)
            assert taken(line.next_run(BUDGET, WORTH)) == [(alone, 0)]


def test_windows_of_a_failed_run_keep_their_turns_and_are_run_one_by_one() -> None:
    line = WaitingLine()
    with making_texts() as text:
        failing = text(50, 100, 50)
        line.join(failing)
        run = line.next_run(BUDGET, WORTH)
        assert taken(run) == [(failing, 0), (failing, 2)]
        line.back(run)
        other = text(50)
        line.join(other)
        assert line.length(of_batch=False).texts == 2
        runs = [taken(line.next_run(BUDGET, WORTH)) for _ in range(4)]
        assert runs == [[(failing, 0)], [(failing, 1)], [(other, 0)], [(failing, 2)]]
        assert not line


def test_how_much_is_before_a_newcomer_counts_what_is_due_first_alone() -> None:
    line = WaitingLine()
    with making_texts() as text:
        line.join(text(*[100] * 10))
        line.join(text(*[100] * 10, of_batch=True))
        assert line.tokens_before([text(20)]) == 100  # the long text's first window
        assert line.tokens_before([text(*[100] * 3)]) == 300
        assert line.tokens_before([text(100, of_batch=True)]) == 2000
