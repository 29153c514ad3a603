"""SVG as text: shapes in one light style, the same bytes for the same picture."""

from html import escape
from typing import Final

INK, QUIET, PAPER = "#21352f", "#4d635c", "#fdfefd"
FILLS: Final = {
    "edge": ("#eef4f8", "#8aa9bf"),
    "part": ("#ffffff", "#8fb3a6"),
    "run": ("#e9f4ef", "#5e9c86"),
    "store": ("#fbf5e8", "#cbb27a"),
    "clock": ("#f5eff7", "#a98bb5"),
    "outside": ("#ffffff", "#b9b9b9"),
}
"""Fill and line by the kind of a part."""
FONT: Final = "system-ui,-apple-system,'Segoe UI',sans-serif"


def page(width: int, height: int, label: str, shapes: list[str]) -> str:
    """A whole picture; the label says in words what it shows."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
    head += f' aria-label="{escape(label)}" font-family="{escape(FONT)}">'
    ground = f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
    return "\n".join([head, ground, *shapes, "</svg>", ""])


def words(x: float, y: float, text: str, *, size: float = 12, anchor: str = "start", bold: bool = False) -> str:
    """One line of words, in ink where bold, quieter otherwise."""
    weight, colour = ("600", INK) if bold else ("400", QUIET)
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" fill="{colour}"'
        f' text-anchor="{anchor}">{escape(text)}</text>'
    )


def box(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A part's frame, in its kind's colours; dashed where it is somebody else's."""
    fill, line = FILLS[kind]
    dashes = ' stroke-dasharray="5 4"' if kind == "outside" else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="9" fill="{fill}" stroke="{line}"'
        f' stroke-width="1.4"{dashes}/>'
    )


def bar(x: float, y: float, width: float, height: float, fill: str) -> str:
    """A filled stretch."""
    return f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{height:g}" fill="{fill}"/>'


def thread(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    """A line from one part's right side to another's left, with a tip."""
    bend = max((x2 - x1) / 2, 24)
    return (
        f'<path d="M{x1:g} {y1:g} C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 6:g} {y2:g}" fill="none"'
        f' stroke="{colour}" stroke-width="1.3" opacity=".75"/>'
        f'<path d="M{x2 - 7:g} {y2 - 3.5:g} L{x2:g} {y2:g} L{x2 - 7:g} {y2 + 3.5:g}z" fill="{colour}"/>'
    )
