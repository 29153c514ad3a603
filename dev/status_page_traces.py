"""Traces as bars: a row for each of the last ones, and each span of one."""

import html
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from dev.telemetry_store import Span

_WIDTH = 1000.0
_DEEPEST = 4
SERVICES = ("messages", "auth", "appointments", "admin", "ml_feedback", "inference", "realtime")


def traces_table(traces: Sequence[Sequence[Span]]) -> str:
    """The last traces, the newest first."""
    if not traces:
        return '<p class="card none">None yet. Whatever is asked of the product is shown here a few seconds later.</p>'
    numbers = "".join(f'<th class="number">{name}</th>' for name in ("at", "took", "spans"))
    heads = f"<thead><tr><th>request</th>{numbers}<th>where the time went</th></tr></thead>"
    return f"<table>{heads}<tbody>{''.join(map(_trace_row, traces))}</tbody></table>"


def trace_page_content(spans: Sequence[Span]) -> str:
    """Every span of a trace, each below what caused it."""
    began, ended = _bounds(spans)
    lead = f"{len(spans)} spans in {_ms((ended - began) * 1000)}, trace <code>{spans[0].trace_id}</code>"
    rows = "".join(_span_row(span, depth, began, ended) for span, depth in in_order(spans))
    return f'<p class="lead">{lead}</p>{legend(spans)}<table class="spans"><tbody>{rows}</tbody></table>'


def legend(spans: Iterable[Span]) -> str:
    """Which colour is whose."""
    seen = {span.service for span in spans}
    found = [name for name in SERVICES if name in seen]
    swatches = "".join(
        f'<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="bar s-{name}" width="10" height="10" rx="3"/>'
        f"</svg>{name}</span>"
        for name in found
    )
    return f'<p class="legend">{swatches}</p>'


def in_order(spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    """Each span with how deep it lies; those whose cause is not known come first."""
    known = {span.span_id for span in spans}
    below: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda one: one.began):
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)

    def walk(parent_id: str, depth: int) -> Iterator[tuple[Span, int]]:
        for span in below.get(parent_id, ()):
            yield span, depth
            yield from walk(span.span_id, depth + 1)

    return walk("", 0)


def root_of(spans: Sequence[Span]) -> Span:
    """What the trace began with."""
    return next(in_order(spans))[0]


def _trace_row(spans: Sequence[Span]) -> str:
    root, (began, ended) = root_of(spans), _bounds(spans)
    bars = "".join(
        _bar(span, began, ended, y=3 + min(depth, _DEEPEST) * 4, height=3) for span, depth in in_order(spans)
    )
    failed = ' class="ill"' if any(span.failed for span in spans if span.parent_id == root.parent_id) else ""
    return (
        f'<tr><td><a href="/dev/traces/{root.trace_id}"{failed}>{html.escape(root.name)}</a></td>'
        f'<td class="number">{_time(began)}</td><td class="number">{_ms(root.milliseconds)}</td>'
        f'<td class="number">{len(spans)}</td><td class="bar-cell">{_svg(24, bars)}</td></tr>'
    )


def _span_row(span: Span, depth: int, began: float, ended: float) -> str:
    failed = ' class="ill"' if span.failed else ""
    bar = f'<rect class="track" width="{_WIDTH:g}" height="10" rx="3"/>{_bar(span, began, ended, y=1, height=8)}'
    return (
        f'<tr><td class="name"><div class="d{min(depth, _DEEPEST)}"><span{failed} title="{html.escape(span.facts)}">'
        f"{html.escape(span.name)}</span></div></td>"
        f'<td class="service">{html.escape(span.service)}</td><td class="number">{_ms(span.milliseconds)}</td>'
        f'<td class="bar-cell">{_svg(10, bar)}</td></tr>'
    )


def _bar(span: Span, began: float, ended: float, *, y: float, height: float) -> str:
    across = _WIDTH / max(ended - began, 1e-9)
    x, width = (span.began - began) * across, max(2.0, (span.ended - span.began) * across)
    service = span.service if span.service in SERVICES else "other"
    failed = " failed-span" if span.failed else ""
    return (
        f'<rect class="bar s-{service}{failed}" x="{min(x, _WIDTH - 2):.1f}" y="{y:g}" width="{width:.1f}"'
        f' height="{height:g}"><title>{html.escape(span.name)} {_ms(span.milliseconds)}</title></rect>'
    )


def _svg(height: float, content: str) -> str:
    return f'<svg class="bars" viewBox="0 0 {_WIDTH:g} {height:g}" preserveAspectRatio="none">{content}</svg>'


def _bounds(spans: Sequence[Span]) -> tuple[float, float]:
    return min(span.began for span in spans), max(span.ended for span in spans)


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms"


def _time(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%H:%M:%S")
