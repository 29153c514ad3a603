"""Whoever was away learns exactly what they missed: what was sent, what was edited, and what was deleted meanwhile."""

import random
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.functions.messages.test_edits import delete, edit, sent
from tests.functions.messages.test_history import seqs
from tests.functions.messages.test_messages import history
from tests.people import As, Pair


class Client:
    """Somebody's list of messages, kept in step by catching up alone."""

    def __init__(self, asking: As, pair: Pair, page: int) -> None:
        self._asking, self._pair, self._page = asking, pair, page
        self.messages: dict[int, dict[str, Any]] = {}
        self.last_seq = self.last_revision = 0
        self.told: list[int] = []
        """Numbers of the messages and changes of the last catch-up."""

    def catch_up(self) -> None:
        """First what was changed of what is here, then what came since."""
        self.told = []
        for page in self._pages("afterRevision", self.last_revision):
            for message in page:
                if message["seq"] <= self.last_seq:
                    self._take(message)
                self.last_revision = message["revision"]
        for page in self._pages("afterSeq", self.last_seq):
            for message in page:
                assert message["seq"] == self.last_seq + 1
                self.last_seq = message["seq"]
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        self.told.append(message["seq"])
        self.messages[message["seq"]] = message

    def _pages(self, place: str, after: int) -> list[list[dict[str, Any]]]:
        pages: list[list[dict[str, Any]]] = []
        cursor: str | None = str(after)
        while cursor is not None:
            shown = history(self._asking, self._pair, limit=self._page, **{place: cursor})
            pages.append(shown["items"])
            cursor = shown["nextCursor"]
        return pages


@pytest.fixture
def patient(messages: FlaskClient, pair: Pair) -> As:
    """The patient's client."""
    return As(messages, pair.patient)


@pytest.fixture
def therapist(messages: FlaskClient, pair: Pair) -> As:
    """The therapist's client."""
    return As(messages, pair.therapist)


def test_an_edit_and_a_deletion_of_what_somebody_has_are_not_missed(patient: As, therapist: As, pair: Pair) -> None:
    written = [sent(patient, pair, f"message {number}") for number in range(1, 6)]
    reader = Client(therapist, pair, page=50)
    reader.catch_up()
    edit(patient, written[2], "edited")
    delete(patient, written[3])
    sent(patient, pair, "message 6")
    reader.catch_up()
    assert reader.told == [3, 4, 6]
    assert [reader.messages[seq]["body"] for seq in (3, 4, 6)] == ["edited", None, "message 6"]
    reader.catch_up()
    assert reader.told == []


def test_what_changed_twice_is_told_once_and_pages_lead_to_the_last(patient: As, pair: Pair) -> None:
    written = [sent(patient, pair, f"message {number}") for number in range(1, 8)]
    for message in written:
        edit(patient, message, "once")
    for message in written[:3]:
        edit(patient, message, "twice", version=2)
    seen: list[tuple[int, int]] = []
    cursor: str | None = "0"
    while cursor is not None:
        shown = history(patient, pair, afterRevision=cursor, limit=2)
        seen += [(item["seq"], item["revision"]) for item in shown["items"]]
        cursor = shown["nextCursor"]
        assert shown["lastRevision"] == 10
    assert seen == [(4, 4), (5, 5), (6, 6), (7, 7), (1, 8), (2, 9), (3, 10)]


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2]), (1, [2]), (2, []), (1000, []), (2**62, [])])
def test_the_edges_of_changes_are_where_they_are_said_to_be(
    patient: As, pair: Pair, after: int, expected: list[int]
) -> None:
    for message in [sent(patient, pair), sent(patient, pair)]:
        edit(patient, message)
    shown = history(patient, pair, afterRevision=after)
    assert (seqs(shown), shown["nextCursor"]) == (expected, None)


def test_a_therapist_sees_the_analysis_of_what_changed(patient: As, therapist: As, pair: Pair) -> None:
    edit(patient, sent(patient, pair))
    [changed] = history(therapist, pair, afterRevision=0)["items"]
    assert changed["analysis"]["messageVersion"] == 2
    assert history(patient, pair, afterRevision=0)["items"][0]["analysis"] is None


@pytest.mark.parametrize("seed", range(3))
def test_whenever_somebody_looks_they_end_with_what_everyone_has(
    patient: As, therapist: As, pair: Pair, seed: int
) -> None:
    choose = random.Random(seed)
    often, seldom = Client(therapist, pair, page=3), Client(patient, pair, page=2)
    written: list[dict[str, Any]] = []
    for _ in range(60):
        deed = choose.random()
        if deed < 0.5 or not written:
            written.append(sent(patient, pair, f"message {len(written)}"))
        elif deed < 0.7:
            at = choose.randrange(len(written))
            answer = edit(patient, written[at], f"edited {choose.random()}", written[at]["version"])
            written[at] = answer.get_json()["message"] if answer.status_code == 200 else written[at]
        elif deed < 0.85:
            at = choose.randrange(len(written))
            written[at] = delete(patient, written[at]).get_json()
        else:
            often.catch_up()
    for reader, asking in ((often, therapist), (seldom, patient)):
        reader.catch_up()
        whole = history(asking, pair, limit=200)
        assert [reader.messages[seq] for seq in sorted(reader.messages)] == whole["items"]
        assert (reader.last_seq, reader.last_revision) == (whole["lastSeq"], whole["lastRevision"])
