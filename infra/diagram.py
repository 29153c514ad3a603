"""`python -m infra.diagram`: draws what a stack provisions, from its own resources, to docs/infrastructure.svg."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra import inventory
from infra.inventory import Inventory
from infra.package import ROOT
from infra.pictures import box, page, thread, words
from infra.topology import Part, Way, parts, ways

PICTURE: Final = ROOT / "docs" / "infrastructure.svg"
COLUMNS: Final = (20.0, 330.0, 790.0)
WIDE: Final = (190.0, 250.0, 270.0)
GAP, LINE = 16.0, 15.0
COLOURS: Final = {
    "internet": "#5b86a5",
    "clock": "#8f6b9f",
    "events": "#b08a2e",
    "calls": "#3f8a6c",
    "keeps": "#8a7a58",
    "publishes": "#b08a2e",
    "asks": "#9aa8a3",
}
"""Of a thread, by what goes along it."""


@dataclass(frozen=True)
class Placed:
    """A part and where its box begins."""

    part: Part
    y: float

    @property
    def column(self) -> int:
        """Of the part."""
        return self.part.column

    @property
    def height(self) -> float:
        """In pixels, for its title and its facts."""
        return 30 + LINE * len(self.part.facts)

    @property
    def middle(self) -> float:
        """Half way down."""
        return self.y + self.height / 2


def draw(stack: Inventory) -> str:
    """The picture as SVG: the same bytes for the same resources."""
    boxes = _placed(parts(stack))
    height = max(each.y + each.height for each in boxes.values()) + GAP
    shapes = [words(20, 30, f"What the stack {stack.stack} provisions", size=18, bold=True)]
    shapes += [
        words(x, 58, title, size=12)
        for x, title in zip(COLUMNS, ("what calls", "what runs", "what is kept and used"), strict=True)
    ]
    shapes += _threads(ways(stack), boxes)
    for each in boxes.values():
        shapes += _drawn(each)
    shapes += _legend(height + 14)
    counted = f"{sum(1 for _ in stack)} resources of {len({found.type for found in stack})} types; drawn by"
    shapes.append(words(20, height + 46, f"{counted} python -m infra.diagram --stack {stack.stack}", size=11))
    return page(1080, round(height) + 62, f"Infrastructure of the stack {stack.stack}: {_told(parts(stack))}", shapes)


def _placed(found: Iterable[Part]) -> dict[str, Placed]:
    """Each part below the one before it in its column, by its name."""
    at, boxes = [72.0, 72.0, 72.0], {}
    for part in found:
        boxes[part.name] = placed = Placed(part, at[part.column])
        at[part.column] += placed.height + GAP
    return boxes


def _threads(found: list[Way], boxes: dict[str, Placed]) -> list[str]:
    """Ends that meet at one side of a part are spread over it, in the order of where they come from."""
    across = [way for way in found if boxes[way.start].column < boxes[way.end].column]
    leaving: Counter[str] = Counter()
    arriving: Counter[str] = Counter()
    outs, ins = Counter(way.start for way in across), Counter(way.end for way in across)
    exits = {}
    for way in sorted(across, key=lambda way: (boxes[way.start].y, boxes[way.end].y, way.what)):
        leaving[way.start] += 1
        exits[way] = _spread(boxes[way.start], leaving[way.start], outs[way.start])
    shapes = []
    for way in sorted(across, key=lambda way: (boxes[way.end].y, boxes[way.start].y, way.what)):
        arriving[way.end] += 1
        start, end = boxes[way.start], boxes[way.end]
        entry = _spread(end, arriving[way.end], ins[way.end])
        x = COLUMNS[start.column] + WIDE[start.column]
        shapes.append(thread(x, exits[way], COLUMNS[end.column], entry, COLOURS[way.what]))
    return shapes + _inside(found, boxes)


def _inside(found: list[Way], boxes: dict[str, Placed]) -> list[str]:
    """Calls between two deployables, drawn as an arc beside their column."""
    shapes = []
    x = COLUMNS[1] + WIDE[1]
    calls = [way for way in found if boxes[way.start].column == boxes[way.end].column == 1]
    for place, way in enumerate(calls):
        y1, y2, out = boxes[way.start].middle - 8, boxes[way.end].middle - 8 + 4 * place, x + 44 + 12 * place
        shapes.append(
            f'<path d="M{x:g} {y1:g} C{out:g} {y1:g} {out:g} {y2:g} {x + 6:g} {y2:g}" fill="none"'
            f' stroke="{COLOURS["calls"]}" stroke-width="1.6"/>'
            f'<path d="M{x + 7:g} {y2 - 3.5:g} L{x:g} {y2:g} L{x + 7:g} {y2 + 3.5:g}z" fill="{COLOURS["calls"]}"/>'
        )
    return shapes


def _spread(part: Placed, place: int, of: int) -> float:
    return round(part.y + part.height * place / (of + 1), 1)


def _drawn(placed: Placed) -> list[str]:
    part, y = placed.part, placed.y
    x, wide = COLUMNS[part.column], WIDE[part.column]
    shapes = [box(x, y, wide, placed.height, part.kind), words(x + 12, y + 20, part.name, size=13.5, bold=True)]
    return shapes + [words(x + 12, y + 37 + LINE * row, fact, size=11) for row, fact in enumerate(part.facts)]


def _legend(y: float) -> list[str]:
    said = {
        "internet": "from the internet",
        "clock": "by the clock",
        "events": "events",
        "calls": "may call or start",
        "asks": "holds its secret",
        "keeps": "keeps or reads there",
    }
    shapes, x = [], 20.0
    for what, text in said.items():
        shapes += [thread(x, y - 4, x + 34, y - 4, COLOURS[what]), words(x + 42, y, text, size=11)]
        x += 60 + 5.6 * len(text)
    return [*shapes, words(x, y, "dashed: somebody else's", size=11)]


def _told(boxes: Iterable[Part]) -> str:
    return "; ".join(f"{part.name} ({', '.join(part.facts)})" for part in boxes)


def main(arguments: list[str]) -> None:
    """Draw a stack's picture."""
    parser = argparse.ArgumentParser(prog="python -m infra.diagram", description=__doc__)
    parser.add_argument("--stack", default="prod", help="dev, qa, prod or pr-N")
    parser.add_argument("--to", type=Path, default=PICTURE, metavar="FILE.svg")
    asked = parser.parse_args(arguments)
    asked.to.write_text(draw(inventory.collect(asked.stack)))


if __name__ == "__main__":
    main(sys.argv[1:])
