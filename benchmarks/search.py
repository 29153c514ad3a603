"""`make bench-search`: a word among 20,000 messages, by packs, by opening every message, and by a keyed blind index.

One conversation, its words drawn so that some are in every other message and most are rare (Zipf), as language is.
The product answers over HTTP, with its session, its audit entries and its limit; the first time it has no packs and
opens every message, the second time they have been made. The peer is what is left of a search where each word is kept
as a truncated HMAC in a table of its own: only its query is measured, in the same database, without HTTP, without
opening what was found, and without prefixes or words in a row, which such an index does not know.
"""

import hashlib
import hmac
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session as Database

from benchmarks.population import Pair, populate
from dev.cloud import LocalCloud
from dev.postgres import database_url
from shared.clock import now
from shared.database.engine import build_engine
from shared.database.models.accounts import Session
from shared.database.models.messaging import Conversation, Message
from shared.database.transaction import transaction
from shared.messages import seal_body

MESSAGES: Final = int(os.environ.get("BENCH_MESSAGES", "20000"))
REPEATS: Final = int(os.environ.get("BENCH_REPEATS", "20"))
PARTS: Final = {"postgres", "database", "redis", "upstash", "oidc", "messages"}
LIMITS: Final = "search=100000/1"
VOCABULARY: Final = 20_000
BATCH: Final = 1000
PACKS: Final = "/api/internal/messages/search-packs"


def main() -> None:
    """Fill a conversation, search it three ways, and print a table."""
    settings = {"LIMITS": LIMITS, "SEARCH_BUDGET_MS": "10000"}
    with LocalCloud(parts=PARTS, settings=settings) as cloud:
        [pair] = populate(cloud, 1)
        bodies = _bodies()
        _write(pair, bodies)
        queries = _queries(bodies)
        with httpx.Client(base_url=cloud.url("messages"), timeout=60) as client:
            opened = {name: _measure(partial(_search, client, pair, query)) for name, query in queries.items()}
            seconds, packs = _pack(cloud, client)
            packed = {name: _measure(partial(_search, client, pair, query)) for name, query in queries.items()}
        blind, size_of_index = _blind(cloud, pair, bodies, queries)
        _report(queries, opened, packed, blind)
        _report_sizes(cloud, packs, seconds, size_of_index)


def _bodies() -> list[str]:
    """Texts of 5 to 60 words, always the same."""
    choose = random.Random(7)
    words = [f"w{number:x}q" for number in range(VOCABULARY)]
    weights = [1 / (rank + 2) for rank in range(VOCABULARY)]
    return [" ".join(choose.choices(words, weights, k=choose.randint(5, 60))) for _ in range(MESSAGES)]


def _queries(bodies: list[str]) -> dict[str, str]:
    first = bodies[20].split()
    return {
        "a common word": "w0q",
        "a rare word": "w3e7q",
        "two words": "w5q w9q",
        "the beginning of a word": "w3e",
        "words in a row, long ago": f'"{first[0]} {first[1]} {first[2]}"',
        "a word that nobody wrote": "nothing",
    }


def _write(pair: Pair, bodies: list[str]) -> None:
    for start in range(0, len(bodies), BATCH):
        _write_some(pair, bodies[start : start + BATCH], start)


@transaction
def _write_some(db: Database, pair: Pair, bodies: list[str], start: int) -> None:
    conversation = db.get_one(Conversation, UUID(pair.conversation_id))
    sender_id = db.scalars(select(Session.user_id).limit(1)).one()
    for number, body in enumerate(bodies, start + 1):
        message = Message(id=uuid4(), conversation_id=conversation.id, sender_id=sender_id, seq=number)
        message.sent_at = now() - timedelta(days=365) + timedelta(minutes=number)
        message.body = seal_body(message.id, body)
        db.add(message)
    conversation.last_seq = start + len(bodies)


def _search(client: httpx.Client, pair: Pair, query: str) -> int:
    headers = {"Authorization": f"Bearer {pair.patient_token}"}
    given = {"query": query, "conversationId": pair.conversation_id}
    answer = client.post("/api/messages/search", json=given, headers=headers).raise_for_status().json()
    assert answer["searchedBackTo"] is None
    return len(answer["items"])


def _pack(cloud: LocalCloud, client: httpx.Client) -> tuple[float, int]:
    """Make every pack, as the schedule does; the seconds it took, and how many there are."""
    account, audience = cloud.settings["SCHEDULER_SERVICE_ACCOUNT"], cloud.settings["OIDC_AUDIENCE"]
    headers = {"Authorization": f"Bearer {cloud.id_tokens.sign(account, audience)}"}
    started, packed = time.perf_counter(), 0
    while True:
        made = client.post(PACKS, json={}, headers=headers).raise_for_status().json()
        packed += made["packed"]
        if made["complete"]:
            return time.perf_counter() - started, packed


def _measure(ask: Callable[[], int]) -> tuple[list[float], int]:
    """Milliseconds of each try but the first, and what was found."""
    found, taken = ask(), []
    for _ in range(REPEATS):
        started = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - started) * 1000)
    return taken, found


def _blind(
    cloud: LocalCloud, pair: Pair, bodies: list[str], queries: dict[str, str]
) -> tuple[dict[str, tuple[list[float], int]], int]:
    """The peer: its times for what it can look for, and the bytes of its table."""
    engine = build_engine(database_url(cloud.data_dir, "postgres"))
    with engine.connect() as connection:
        connection.execute(
            text(
                "CREATE TABLE blind "
                "(conversation_id uuid, token bytea, seq bigint, PRIMARY KEY (conversation_id, token, seq))"
            )
        )
        for start in range(0, len(bodies), BATCH):
            _keep_tokens(connection, pair, bodies[start : start + BATCH], start)
        connection.execute(text("ANALYZE blind"))
        connection.commit()
        plain = {name: query.split() for name, query in queries.items() if name in {*queries} - _NO_BLIND}
        times = {name: _measure(partial(_look_up, connection, pair, words)) for name, words in plain.items()}
        size = connection.scalar(text("SELECT pg_total_relation_size('blind')"))
    engine.dispose()
    return times, int(size or 0)


_NO_BLIND: Final = {"the beginning of a word", "words in a row, long ago"}


def _keep_tokens(connection: Connection, pair: Pair, bodies: list[str], start: int) -> None:
    kept = [(_token(word), seq) for seq, body in enumerate(bodies, start + 1) for word in set(body.split())]
    connection.execute(
        text(
            "INSERT INTO blind SELECT CAST(:conversation AS uuid), t, s "
            "FROM unnest(CAST(:tokens AS bytea[]), CAST(:seqs AS bigint[])) AS given (t, s)"
        ),
        {
            "conversation": pair.conversation_id,
            "tokens": [token for token, _ in kept],
            "seqs": [seq for _, seq in kept],
        },
    )


def _look_up(connection: Connection, pair: Pair, words: list[str]) -> int:
    rows = connection.execute(
        text(
            "SELECT seq FROM blind WHERE conversation_id = CAST(:conversation AS uuid) "
            "AND token = ANY(CAST(:tokens AS bytea[])) GROUP BY seq HAVING count(*) = :words ORDER BY seq DESC LIMIT 20"
        ),
        {
            "conversation": pair.conversation_id,
            "tokens": [_token(word) for word in words],
            "words": len(words),
        },
    )
    return len(rows.all())


def _token(word: str) -> bytes:
    return hmac.digest(b"k" * 32, word.encode(), hashlib.sha256)[:8]


def _report(queries: Iterable[str], *ways: dict[str, tuple[list[float], int]]) -> None:
    print(f"{MESSAGES} messages in one conversation; p50 / p95 in ms over {REPEATS} searches, and what a page held")
    print(f"{'':28}{'every message opened':>28}{'packs':>28}{'blind index, query alone':>28}")
    for name in queries:
        print(f"{name:28}" + "".join(f"{_figures(way.get(name)):>28}" for way in ways))


def _figures(measured: tuple[list[float], int] | None) -> str:
    if measured is None:
        return "not offered"
    taken, found = measured
    return f"{statistics.median(taken):.0f} / {statistics.quantiles(taken, n=20)[-1]:.0f} ({found})"


def _report_sizes(cloud: LocalCloud, packs: int, seconds: float, size_of_index: int) -> None:
    engine = build_engine(database_url(cloud.data_dir, "postgres"))
    sizes: dict[str, Any] = {}
    with engine.connect() as connection:
        for table in ("message", "message_search_pack"):
            sizes[table] = connection.scalar(text("SELECT pg_total_relation_size(:table)"), {"table": table})
    engine.dispose()
    print(f"{packs} packs made in {seconds:.1f} s")
    for name, size in (*sizes.items(), ("blind index", size_of_index)):
        print(f"{name}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
