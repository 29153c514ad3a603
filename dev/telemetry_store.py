"""The last traces and numbers of the local cloud, kept in one SQLite file: the collector writes, the pages read."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SPANS_KEPT = 40_000
POINTS_KEPT = 360
"""Of each series: half an hour where one comes every five seconds."""
_TABLES = """
CREATE TABLE IF NOT EXISTS spans (
    trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL, service TEXT NOT NULL, name TEXT NOT NULL,
    began REAL NOT NULL, ended REAL NOT NULL, failed INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (trace_id, span_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS spans_ended ON spans (ended);
CREATE INDEX IF NOT EXISTS spans_roots ON spans (began) WHERE parent_id = '';
CREATE TABLE IF NOT EXISTS points (series TEXT NOT NULL, at REAL NOT NULL, value REAL NOT NULL);
CREATE INDEX IF NOT EXISTS points_series ON points (series, at);
"""


@dataclass(frozen=True)
class Span:
    """A stretch of time that something took; times are seconds of Unix time."""

    trace_id: str
    span_id: str
    parent_id: str
    """Empty where the trace begins."""
    service: str
    name: str
    began: float
    ended: float
    failed: bool
    facts: str = ""
    """Its attributes as text, for a tooltip."""

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began) * 1000


class TelemetryStore:
    """Spans and points; the oldest go where there are too many."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; {_TABLES}")

    def add_spans(self, spans: Iterable[Span]) -> None:
        """Keep spans, and of all the newest."""
        rows = [tuple(vars(span).values()) for span in spans]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute(
                "DELETE FROM spans WHERE ended < (SELECT ended FROM spans ORDER BY ended DESC LIMIT 1 OFFSET ?)",
                (SPANS_KEPT,),
            )

    def add_points(self, at: float, values: Iterable[tuple[str, float]]) -> None:
        """How each series stands at a moment."""
        rows = [(series, at, value) for series, value in values]
        with self._db:
            self._db.executemany("INSERT INTO points VALUES (?, ?, ?)", rows)
            self._db.executemany(
                "DELETE FROM points WHERE series = ? AND at < "
                "(SELECT at FROM points WHERE series = ? ORDER BY at DESC LIMIT 1 OFFSET ?)",
                [(series, series, POINTS_KEPT) for series, _, _ in rows],
            )

    def points(self, series: str) -> list[tuple[float, float]]:
        """Moment and value, the oldest first."""
        return list(self._db.execute("SELECT at, value FROM points WHERE series = ? ORDER BY at", (series,)))

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of a trace, in the order in which they began."""
        return self._spans("WHERE trace_id = ? ORDER BY began", (trace_id,))

    def last_traces(self, limit: int) -> list[list[Span]]:
        """The traces that began last, each as its spans; what the clock does every minute is left out."""
        found = self._db.execute(
            "SELECT trace_id, max(began) AS newest FROM spans "
            "WHERE name NOT LIKE '%/api/internal/%' AND name LIKE '% /api/%' "
            "GROUP BY trace_id ORDER BY newest DESC LIMIT ?",
            (limit,),
        )
        return [self.trace(trace_id) for trace_id, _ in found]

    def _spans(self, condition: str, values: Sequence[object]) -> list[Span]:
        rows = self._db.execute(f"SELECT * FROM spans {condition}", values)
        return [
            Span(trace_id, span_id, parent_id, service, name, began, ended, bool(failed), facts)
            for trace_id, span_id, parent_id, service, name, began, ended, failed, facts in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
