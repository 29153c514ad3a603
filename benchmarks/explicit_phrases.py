"""How much of what is said outright is heard, how much is not and heard all the same, and how long that takes.

`python -m benchmarks.explicit_phrases [--labelled FILE.csv[.gz]]`: on the tests' own sentences, and on labelled posts
where a file of them is given (columns `text`, `label` and, where there are several languages, `lang`).
"""

import argparse
import csv
import gzip
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from functions.messages.risk_policy import explicit_risk

CASES: Final = Path(__file__).parent.parent / "tests" / "functions" / "messages" / "risk_cases.tsv"
LONGEST: Final = 8000
"""Characters that a message can have."""


def cases() -> Iterator[tuple[str, str]]:
    """The tests' sentences, by kind."""
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            _, kind, said, text = line.split("\t")
            yield f"{kind}, {'said' if said == '1' else 'not said'}", text


def labelled(path: Path) -> Iterator[tuple[str, str]]:
    """Posts by their label, and their language where one is given."""
    csv.field_size_limit(sys.maxsize)
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield " ".join(filter(None, (row.get("lang"), row["label"]))), row["text"][:LONGEST]


def told(texts: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each group, and one about time: CPU milliseconds a message, by length."""
    there, heard = Counter[str](), Counter[str]()
    spent: dict[int, list[float]] = defaultdict(list)
    for group, text in texts:
        started = time.process_time()
        found = explicit_risk(text)
        spent[min(len(text) // 500, 4)].append(1000 * (time.process_time() - started))
        there[group] += 1
        heard[group] += found is not None
    lines = [
        f"{group}: {heard[group]} of {there[group]} ({heard[group] / there[group]:.2%})" for group in sorted(there)
    ]
    for length, times in sorted(spent.items()):
        times.sort()
        half, most = times[len(times) // 2], times[int(len(times) * 0.99)]
        lines.append(f"from {length * 500} characters: median {half:.3f} ms, p99 {most:.3f} ms")
    return lines


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labelled", type=Path, action="append", default=[])
    explicit_risk("the first use compiles what it needs")
    for title, texts in [("cases", cases()), *((path.name, labelled(path)) for path in parser.parse_args().labelled)]:
        print(f"## {title}", *told(texts), sep="\n")


if __name__ == "__main__":
    main()
