"""The report's pictures as SVG that needs nothing else: no script, no font, no file of its own."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from markupsafe import Markup

_INK, _QUIET, _LINE, _ACCENT, _PALE = "#24323d", "#6b7a86", "#d7e0e4", "#2b7a82", "#9cc7c9"
_SIDE: Final = 300
_MARGIN: Final = 44


def reliability(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """How often the model is right where it is so sure; on the diagonal its confidence is true.

    A point's area is its share of the texts, its line the 95 % interval.
    """
    total = sum(one["right"]["of"] for one in bins)
    points = [_reliability_point(one, total) for one in bins]
    diagonal = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{_ACCENT}" stroke-dasharray="4 6"/>'
    words = _label(_x(0.5), _y(0) + 36, "confidence", "middle") + (
        f'<text transform="translate(12 {_y(0.5)}) rotate(-90)" text-anchor="middle" fill="{_QUIET}">share right</text>'
    )
    size = _SIDE + _MARGIN + 16
    return _svg(size, size, "Reliability diagram", _grid() + diagonal + "".join(points) + words)


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Rows are what the texts are, columns what was said of them; a cell's depth is its share of the row."""
    cell, left, top = 52, 138, 22
    present = [row for row, found in enumerate(counts) if sum(found)]
    cells = [
        _cell(left + column * cell, top + place * cell, cell, count, sum(counts[row]), column == row)
        for place, row in enumerate(present)
        for column, count in enumerate(counts[row])
    ]
    sides = [
        _label(left - 10, top + place * cell + cell / 2 + 4, f"{labels[row]}", "end", _INK)
        for place, row in enumerate(present)
    ]
    bottom = top + len(present) * cell
    below = [
        f'<text transform="translate({left + column * cell + cell / 2 + 4} {bottom + 12}) rotate(-38)" '
        f'text-anchor="end" fill="{_INK}">{escape(label)}</text>'
        for column, label in enumerate(labels)
    ]
    said = _label(left + len(labels) * cell / 2, 12, "what the model says", "middle")
    width, height = left + len(labels) * cell + 6, bottom + 100
    return _svg(width, height, "Confusion matrix", said + "".join([*cells, *sides, *below]))


def whiskers(rows: Sequence[tuple[str, float, Sequence[float]]]) -> Markup:
    """A dot with its 95 % interval for each name, from 0 to 1."""
    left, width, step, top = 300, 600, 28, 8
    height = top + len(rows) * step + 26

    def across(value: float) -> float:
        return left + width * value

    lines = [
        f'<line x1="{across(tick / 5):.1f}" y1="{top}" x2="{across(tick / 5):.1f}" y2="{height - 22}" '
        f'stroke="{_LINE}"/>{_label(across(tick / 5), height - 6, f"{tick / 5:.1f}", "middle")}'
        for tick in range(6)
    ]
    marks = []
    for place, (name, value, (low, high)) in enumerate(rows):
        y = top + place * step + step / 2
        marks.append(
            f"{_label(left - 12, y + 4, name, 'end', _INK)}"
            f'<line x1="{across(low):.1f}" y1="{y}" x2="{across(high):.1f}" y2="{y}" stroke="{_PALE}" '
            f'stroke-width="5" stroke-linecap="round"/>'
            f'<circle cx="{across(value):.1f}" cy="{y}" r="5" fill="{_ACCENT}"/>'
            f"{_label(left + width + 14, y + 4, f'{value:.3f}', 'start', _INK)}"
        )
    return _svg(left + width + 66, height, "Values with 95 % intervals", "".join(lines + marks))


def _reliability_point(one: Mapping[str, Any], total: int) -> str:
    right = one["right"]
    x, (low, high) = _x(one["confidence"]), right["ci95"]
    radius = 3 + 15 * math.sqrt(right["of"] / max(1, total))
    said = f"{right['hits']} of {right['of']} right at {one['confidence']:.2f}"
    return (
        f'<line x1="{x:.1f}" y1="{_y(low):.1f}" x2="{x:.1f}" y2="{_y(high):.1f}" stroke="{_ACCENT}"/>'
        f'<circle cx="{x:.1f}" cy="{_y(right["value"]):.1f}" r="{radius:.1f}" fill="{_ACCENT}" fill-opacity="0.55">'
        f"<title>{said}</title></circle>"
    )


def _cell(x: float, y: float, side: float, count: int, of: int, is_right: bool) -> str:
    share = count / max(1, of)
    ink = "#ffffff" if share > 0.55 else _INK
    colour = _ACCENT if is_right else "#b0713c"
    shown = f"{count:,}" if count else ""
    return (
        f'<rect x="{x}" y="{y}" width="{side - 3}" height="{side - 3}" rx="5" fill="{colour}" '
        f'fill-opacity="{max(0.05, share):.3f}"/>'
        f'<text x="{x + side / 2 - 1.5}" y="{y + side / 2 + 3}" text-anchor="middle" fill="{ink}">{shown}</text>'
    )


def _grid() -> str:
    lines = []
    for tick in range(6):
        part = tick / 5
        lines.append(
            f'<line x1="{_x(part)}" y1="{_y(0)}" x2="{_x(part)}" y2="{_y(1)}" stroke="{_LINE}"/>'
            f'<line x1="{_x(0)}" y1="{_y(part)}" x2="{_x(1)}" y2="{_y(part)}" stroke="{_LINE}"/>'
            f"{_label(_x(part), _y(0) + 18, f'{part:.1f}', 'middle')}"
            f"{_label(_x(0) - 8, _y(part) + 4, f'{part:.1f}', 'end')}"
        )
    return "".join(lines)


def _x(share: float) -> float:
    return _MARGIN + share * _SIDE


def _y(share: float) -> float:
    return 10 + (1 - share) * _SIDE


def _label(x: float, y: float, text: str, anchor: str, ink: str = _QUIET) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink}">{escape(text)}</text>'


def _svg(width: float, height: float, title: str, content: str) -> Markup:
    # Every word in the content went through `escape`.
    return Markup(  # noqa: S704
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">{content}</svg>'
    )
