"""What Pub/Sub has acknowledged and not yet delivered, kept in one SQLite file."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL, attributes TEXT NOT NULL, publish_time TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    message_id INTEGER NOT NULL, subscription TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0, failure TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, subscription));
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (subscription, dead, due);
"""


@dataclass(frozen=True)
class NewMessage:
    """A message as its publisher gave it."""

    data: bytes
    attributes: dict[str, str]


@dataclass(frozen=True)
class Delivery:
    """A message on its way to one subscription."""

    message_id: int
    subscription: str
    attempts: int
    """Deliveries tried so far."""
    data: bytes
    attributes: dict[str, str]
    publish_time: str
    failure: str = ""


class PubSubStore:
    """Topics, messages and their deliveries; every method commits before it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        # NORMAL outlives the process being killed, without a disk flush for each publish.
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")

    def create_topic(self, name: str) -> bool:
        """Whether the topic is new."""
        with self._db:
            return self._db.execute("INSERT OR IGNORE INTO topics VALUES (?)", (name,)).rowcount == 1

    def has_topic(self, name: str) -> bool:
        """Whether the topic was created."""
        return self._db.execute("SELECT 1 FROM topics WHERE name = ?", (name,)).fetchone() is not None

    def topics(self) -> list[str]:
        """The topics' full names."""
        return [name for (name,) in self._db.execute("SELECT name FROM topics ORDER BY name")]

    def add(self, messages: Iterable[tuple[NewMessage, Sequence[str]]]) -> list[int]:
        """Keep messages, each with the subscriptions that want it; their ids in order."""
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with self._db:
            return [self._add_one(message, subscriptions, moment) for message, subscriptions in messages]

    def _add_one(self, message: NewMessage, subscriptions: Sequence[str], moment: str) -> int:
        row = (message.data, json.dumps(message.attributes), moment)
        inserted = self._db.execute("INSERT INTO messages (data, attributes, publish_time) VALUES (?, ?, ?)", row)
        message_id = inserted.lastrowid or 0
        self._db.executemany(
            "INSERT INTO deliveries (message_id, subscription) VALUES (?, ?)",
            [(message_id, name) for name in subscriptions],
        )
        self._forget_if_delivered(message_id)
        return message_id

    def due(self, subscription: str, now: float, limit: int, under_way: Collection[int]) -> list[Delivery]:
        """At most `limit` deliveries whose time has come, the oldest message first."""
        found = self._deliveries("subscription = ? AND dead = 0 AND due <= ? ORDER BY message_id", (subscription, now))
        return [delivery for delivery in found if delivery.message_id not in under_way][:limit]

    def next_due(self, subscription: str, after: float) -> float | None:
        """When the next delivery is due (Unix time), or None."""
        row = self._db.execute(
            "SELECT min(due) FROM deliveries WHERE subscription = ? AND dead = 0 AND due > ?", (subscription, after)
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def pending(self) -> list[Delivery]:
        """What is still to be delivered."""
        return self._deliveries("dead = 0 ORDER BY message_id", ())

    def dead_letters(self) -> list[Delivery]:
        """What was given up."""
        return self._deliveries("dead = 1 ORDER BY message_id", ())

    def _deliveries(self, condition: str, values: tuple[object, ...]) -> list[Delivery]:
        rows = self._db.execute(
            "SELECT message_id, subscription, attempts, data, attributes, publish_time, failure "
            f"FROM deliveries JOIN messages ON messages.id = message_id WHERE {condition}",
            values,
        )
        return [
            Delivery(message_id, subscription, attempts, data, json.loads(attributes), publish_time, failure)
            for message_id, subscription, attempts, data, attributes, publish_time, failure in rows
        ]

    def acknowledge(self, delivery: Delivery) -> None:
        """The subscriber has it."""
        with self._db:
            self._db.execute(
                "DELETE FROM deliveries WHERE message_id = ? AND subscription = ?",
                (delivery.message_id, delivery.subscription),
            )
            self._forget_if_delivered(delivery.message_id)

    def postpone(self, delivery: Delivery, due: float, failure: str) -> None:
        """Try again at `due` (Unix time)."""
        self._failed(delivery, due, failure, dead=False)

    def bury(self, delivery: Delivery, failure: str) -> None:
        """Give the delivery up, and keep it among the dead letters."""
        self._failed(delivery, 0, failure, dead=True)

    def _failed(self, delivery: Delivery, due: float, failure: str, *, dead: bool) -> None:
        with self._db:
            self._db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due = ?, failure = ?, dead = ? "
                "WHERE message_id = ? AND subscription = ?",
                (due, failure, dead, delivery.message_id, delivery.subscription),
            )

    def _forget_if_delivered(self, message_id: int) -> None:
        self._db.execute(
            "DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message_id = ?)",
            (message_id, message_id),
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()
