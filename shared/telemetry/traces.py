"""Where the time of a request goes, as spans of OpenTelemetry; without an exporter nothing is imported, kept or paid.

A span carries names, counts and times, never an id of a person, a text, or an exception's words.
"""

import random
import re
import time
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from threading import Thread
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Protocol

from shared.telemetry.leaving import Leaving

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Fact = str | int | float | bool
TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
SAMPLED: Final = 0x01
NOTHING: Final = nullcontext()


@dataclass(frozen=True)
class RequestTrace:
    """What ties the lines of one request together."""

    request_id: str
    trace_id: str | None = None


class Parent(NamedTuple):
    """What a W3C `traceparent` names (https://www.w3.org/TR/trace-context/)."""

    trace_id: str
    span_id: str
    is_sampled: bool


class Span:
    """A stretch of time that something took; times are nanoseconds of Unix time, ids hexadecimal.

    OpenTelemetry's own would cost seven times as much, and most of that before it ends.
    """

    __slots__ = ("began", "ended", "facts", "failed", "kind", "link", "name", "parent_id", "span_id", "trace_id")

    def __init__(self, name: str, kind: Kind, trace_id: str, parent_id: str = "") -> None:
        """It begins now."""
        self.name, self.kind, self.trace_id, self.parent_id = name, kind, trace_id, parent_id
        self.span_id = f"{random.getrandbits(64) or 1:016x}"
        self.facts: dict[str, Fact] = {}
        self.link: Span | None = None
        """What it was done within, where something else caused it."""
        self.failed = False
        self.ended = 0
        self.began = time.time_ns()

    @property
    def traceparent(self) -> str:
        """What names it to whoever goes on from it."""
        return f"00-{self.trace_id}-{self.span_id}-01"


class Recorder(Protocol):
    """Whatever keeps spans."""

    @property
    def leaving(self) -> Leaving:
        """By which they leave."""

    def wants(self, trace_id: str) -> bool:
        """Whether a request of this trace is recorded."""

    def keep(self, span: Span) -> None:
        """It is over."""


@dataclass
class Request:
    """What a request has open besides the span that it is in."""

    spans: list[Span] = field(default_factory=list)
    leaving: Thread | None = None
    """What takes earlier spans and numbers away meanwhile."""


current: ContextVar[RequestTrace | None] = ContextVar("current_trace", default=None)
_here: ContextVar[Span | None] = ContextVar("_here", default=None)
_request: ContextVar[Request | None] = ContextVar("_request", default=None)
_recorder: Recorder | None = None


def record_with(recorder: Recorder | None) -> None:
    """From now on spans are kept by this; None: by nobody."""
    global _recorder  # noqa: PLW0603 - one process has one
    _recorder = recorder
    if recorder is None:
        _here.set(None)
        _request.set(None)


def parent_of(traceparent: str | None) -> Parent | None:
    """What a `traceparent` names, or None where it is none."""
    found = TRACEPARENT.fullmatch(traceparent or "")
    return Parent(found[1], found[2], bool(int(found[3], 16) & SAMPLED)) if found else None


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace id in a W3C `traceparent` header, or None where it has none."""
    found = parent_of(traceparent)
    return found.trace_id if found else None


def begin(request_id: str, name: str | None, traceparent: str | None = None) -> None:
    """A request begins, under a name of ours; whether it is recorded, its trace's id and the settings decide.

    One without a name is not.
    """
    parent = parent_of(traceparent)
    trace_id = parent.trace_id if parent else None
    if _recorder is not None:
        request = Request(leaving=_recorder.leaving.begin())
        span = None
        if name is not None:
            begun = trace_id or f"{random.getrandbits(128) or 1:032x}"
            if _recorder.wants(begun):
                span, trace_id = Span(name, "server", begun, parent.span_id if parent else ""), begun
                request.spans.append(span)
        _here.set(span)
        _request.set(request)
    current.set(RequestTrace(request_id, trace_id))


def finish(*, failed: bool = False, **facts: Fact) -> None:
    """The request is over; what takes things away meanwhile is waited for, a moment at most."""
    request = _request.get()
    if _recorder is None or request is None:
        return
    for span in reversed(request.spans):
        span.facts |= facts
        _end(span, failed=failed)
    _here.set(None)
    _request.set(None)
    if request.leaving is not None:
        _recorder.leaving.wait(request.leaving)


def adopt(name: str, traceparent: str | None) -> None:
    """What the request does from here on belongs to the trace that caused it, if that is recorded; its lines do too."""
    request, parent, trace = _request.get(), parent_of(traceparent), current.get()
    if _recorder is None or request is None or parent is None or not parent.is_sampled:
        return
    span = Span(name, "consumer", parent.trace_id, parent.span_id)
    span.link = _here.get()
    request.spans.append(span)
    _here.set(span)
    if trace is not None:
        current.set(replace(trace, trace_id=parent.trace_id))


def following(name: str, traceparent: str | None, **facts: Fact) -> AbstractContextManager[object]:
    """Within the block, whatever is done belongs to the trace that caused it, if that is recorded."""
    if _recorder is None or traceparent is None:
        return NOTHING
    parent = parent_of(traceparent)
    if parent is None or not parent.is_sampled:
        return NOTHING
    span = Span(name, "consumer", parent.trace_id, parent.span_id)
    span.facts = facts
    return _Entered(span)


def span(name: str, kind: Kind = "internal", **facts: Fact) -> AbstractContextManager[object]:
    """Within the block, time counts as spent on this; outside of a recorded request it is nothing at all."""
    parent = _here.get()
    if parent is None:
        return NOTHING
    inner = Span(name, kind, parent.trace_id, parent.span_id)
    inner.facts = facts
    return _Entered(inner)


def rename(name: str) -> None:
    """The span that one is in is called so from now on."""
    span = _here.get()
    if span is not None:
        span.name = name


def note(**facts: Fact) -> None:
    """Facts about the span that one is in: names, counts and codes of ours."""
    span = _here.get()
    if span is not None:
        span.facts |= facts


def traceparent() -> str | None:
    """What names the span that one is in to whoever goes on from here; None where nothing is recorded."""
    span = _here.get()
    return None if span is None else span.traceparent


def here() -> Span | None:
    """The span that one is in, where that is recorded."""
    return _here.get()


def is_recording() -> bool:
    """Whether this process records requests at all."""
    return _recorder is not None


def _end(span: Span, *, failed: bool) -> None:
    span.ended, span.failed = time.time_ns(), failed
    if _recorder is not None:
        _recorder.keep(span)


class _Entered:
    """A span that one is in."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> "_Entered":
        self._token: Token[Any] = _here.set(self._span)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        _here.reset(self._token)
        if kind is not None:
            self._span.facts["error.type"] = kind.__name__
        _end(self._span, failed=kind is not None)
