"""Numbers of the last half hour as small pictures: inline SVG without a script or a style of its own."""

import html
from collections.abc import Sequence

from dev.telemetry_numbers import PICTURES, Picture
from dev.telemetry_store import TelemetryStore

_WIDTH, _HEIGHT = 300.0, 40.0
Points = Sequence[tuple[float, float]]


def pictures(store: TelemetryStore) -> str:
    """A card for each series."""
    return f'<div class="pictures">{"".join(card(one, store.points(name)) for name, one in PICTURES.items())}</div>'


def card(picture: Picture, points: Points) -> str:
    """What it is, how it stands, and how it stood."""
    values = [value for _, value in points]
    wanted = picture.wanted_at_most
    beyond = " beyond" if values and wanted is not None and values[-1] > wanted else ""
    stands = number(values[-1]) if values else "…"
    unit = f"<small>{html.escape(picture.unit)}</small>" if values and picture.unit else ""
    line = sparkline(points, wanted) if len(points) > 1 else '<svg viewBox="0 0 300 40" aria-hidden="true"></svg>'
    promise = "" if wanted is None else f"<span>wanted: at most {number(wanted)} {html.escape(picture.unit)}</span>"
    return (
        f'<div class="card picture{beyond}"><span class="title">{html.escape(picture.title)}</span>'
        f'<span class="value">{stands}{unit}</span>{line}'
        f'<span class="range"><span>{_span(points)}</span>{promise}</span></div>'
    )


def sparkline(points: Points, wanted: float | None = None) -> str:
    """A line over time with the ground below it filled; what is wanted at most is dashed where it is in sight."""
    began, ended = points[0][0], points[-1][0]
    highest = max(*(value for _, value in points), 1e-9)
    if wanted and highest > wanted / 2:
        highest = max(highest, wanted)
    across = _WIDTH / max(ended - began, 1e-9)
    placed = [((at - began) * across, _HEIGHT - 2 - value / highest * (_HEIGHT - 5)) for at, value in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    level = _HEIGHT - 2 - (wanted or 0) / highest * (_HEIGHT - 5)
    dashed = (
        f'<line class="spark-wanted" x1="0" x2="{_WIDTH:g}" y1="{level:.1f}" y2="{level:.1f}"/>'
        if wanted and wanted <= highest
        else ""
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon class="spark-area" points="0,{_HEIGHT:g} {line} {_WIDTH:g},{_HEIGHT:g}"/>{dashed}'
        f'<polyline class="spark-line" points="{line}"/></svg>'
    )


def number(value: float) -> str:
    """With as many digits as can be read at a glance."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _span(points: Points) -> str:
    if len(points) < 2:
        return "looking…"
    minutes = (points[-1][0] - points[0][0]) / 60
    return f"last {minutes:.0f} min" if minutes >= 1 else "last minute"
