"""Each day's last seal lies where nobody can change it, and contradicts a chain that was made anew or ends early."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.api_core.exceptions import Forbidden
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from dev.storage import StorageDouble, serve, store_in
from dev.storage_signatures import public_key_of
from infra.migrations.local import LocalDatabase
from shared.audit import heads
from shared.audit.__main__ import main
from shared.audit.findings import Finding, Kind
from shared.audit.heads import BucketAway, HeadBucket, head_bucket, keep_heads, signed_head
from shared.clock import held_at
from tests.shared.trail import (
    MORNING,
    SIGNING_KEY,
    add_entries,
    add_entry,
    alter,
    entries,
    found_at,
    made_anew,
    remove_seal,
    seal_at,
    seals,
)

BUCKET = "trail-heads"
DAYS = [date(2031, 3, 10), date(2031, 3, 11)]
THIRD_MORNING = MORNING + timedelta(days=2)
LATER = MORNING + timedelta(days=5)
RSA = generate_private_key(65_537, 2048)


@pytest.fixture
def double(tmp_path: Path) -> Iterator[tuple[StorageDouble, int]]:
    """Cloud Storage with a locked bucket, and its port."""
    signer = public_key_of(
        base64.b64encode(RSA.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    )
    made = StorageDouble(store_in(tmp_path, BUCKET), signer, "", locked=frozenset({BUCKET}))
    server = serve(made, 0)
    yield made, server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket(
    double: tuple[StorageDouble, int], database: LocalDatabase, environment: Callable[..., None]
) -> Iterator[HeadBucket]:
    """The bucket as the product knows it, with a key to sign with."""
    environment(audit_bucket_url=f"http://127.0.0.1:{double[1]}/{BUCKET}", audit_signing_key=SIGNING_KEY)
    heads._there.clear()
    found = head_bucket()
    assert found
    yield found
    found.bucket.client.close()
    heads._bucket_at.cache_clear()


@pytest.fixture
def two_days(bucket: HeadBucket) -> HeadBucket:
    """Two days with entries, sealed, with their heads."""
    add_entries(3)
    add_entries(3, since=MORNING + timedelta(days=1))
    tick(THIRD_MORNING)
    return bucket


def tick(moment: datetime) -> int:
    seal_at(moment, most=2)
    with held_at(lambda: moment):
        return keep_heads()


@pytest.fixture
def unlocked(double: tuple[StorageDouble, int], bucket: HeadBucket) -> Iterator[Any]:
    """The same bucket as if it were not locked, as nobody has it from outside."""
    server = serve(replace(double[0], locked=frozenset()), 0)
    options = {"api_endpoint": f"http://127.0.0.1:{server.server_port}"}
    client = Client("local", AnonymousCredentials(), client_options=options)  # type: ignore[no-untyped-call]
    yield client.bucket(BUCKET)
    client.close()
    server.shutdown()
    server.server_close()


def test_each_day_has_a_head_of_its_last_seal_that_our_key_signed(two_days: HeadBucket) -> None:
    assert two_days.days() == DAYS
    last = {seal.until_at: seal for seal in seals()}
    for day in DAYS:
        head = two_days.head(day)
        seal = last[heads.end_of(day)]
        assert head
        assert (head.day, head.number, head.digest) == (day, seal.number, seal.digest.hex())
        assert head.is_signed
    assert found_at(LATER) == []


def test_a_head_is_put_there_once_and_stays(two_days: HeadBucket) -> None:
    before = two_days.bucket.blob("heads/2031-03-10.json").download_as_bytes()
    heads._there.clear()
    assert tick(THIRD_MORNING) == 0
    assert two_days.add(signed_head(DAYS[0], 99, bytes(32))) is False
    assert two_days.bucket.blob("heads/2031-03-10.json").download_as_bytes() == before
    blob: Any = two_days.bucket.blob("heads/2031-03-10.json")
    for change in (blob.delete, partial(blob.upload_from_string, b"{}")):
        with pytest.raises(Forbidden):
            change()


def test_a_chain_made_anew_with_our_own_key_contradicts_the_heads(
    two_days: HeadBucket, database: LocalDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    alter(database, "DELETE FROM audit_event WHERE id = :id", {"id": entries()[0].id})
    made_anew(database, THIRD_MORNING)
    found = found_at(LATER)
    assert {finding.kind for finding in found} == {Kind.SEAL_FORGED}
    assert {finding.day for finding in found} == set(DAYS)
    heads._there.clear()
    tick(THIRD_MORNING)
    told = [record.message for record in caplog.records if record.levelname == "CRITICAL"]
    assert told == ["audit-head-contradicts"] * 2


def test_a_chain_that_ends_too_early_is_found(
    two_days: HeadBucket, database: LocalDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    last = seals()[-1].number
    for number in range(last, 2, -1):
        remove_seal(database, number)
    alter(database, "DELETE FROM audit_event WHERE occurred_at >= :since", {"since": MORNING + timedelta(days=1)})
    found = found_at(THIRD_MORNING)
    assert Finding(Kind.TAIL_REMOVED, last, day=DAYS[1]) in found
    with held_at(lambda: THIRD_MORNING):
        assert main(["verify"]) == 1
    assert f"FOUND tail-removed seal {last} day 2031-03-11" in capsys.readouterr().out


def test_a_trail_that_is_gone_altogether_is_found(two_days: HeadBucket, database: LocalDatabase) -> None:
    for table in ("audit_seal_leaves", "audit_seal", "audit_event"):
        alter(database, f"DELETE FROM {table}")
    assert [(finding.kind, finding.day) for finding in found_at(LATER)] == [(Kind.TAIL_REMOVED, day) for day in DAYS]


def test_a_forged_head_is_found(two_days: HeadBucket, unlocked: Any) -> None:
    head = two_days.head(DAYS[0])
    assert head
    told: dict[str, Any] = json.loads(head.model_dump_json())
    unlocked.blob(f"heads/{DAYS[0]}.json").upload_from_string(json.dumps(told | {"number": 1}))
    unlocked.blob(f"heads/{DAYS[1]}.json").upload_from_string("[]")
    assert [(finding.kind, finding.day) for finding in found_at(LATER)] == [(Kind.HEAD_FORGED, day) for day in DAYS]


def test_a_day_without_a_head_is_found_once_there_was_one(two_days: HeadBucket, unlocked: Any) -> None:
    unlocked.blob(f"heads/{DAYS[1]}.json").delete()
    assert found_at(LATER) == [Finding(Kind.HEAD_MISSING, seals()[-1].number, day=DAYS[1])]
    unlocked.blob(f"heads/{DAYS[0]}.json").delete()
    assert found_at(LATER) == [], "before the first head nothing is missing"


def test_a_bucket_that_was_away_is_caught_up_with(bucket: HeadBucket, environment: Callable[..., None]) -> None:
    there = bucket.bucket
    add_entry(MORNING)
    environment(audit_bucket_url="http://127.0.0.1:9/nobody", audit_signing_key=SIGNING_KEY)
    heads._bucket_at.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heads, "SECONDS_OF_RETRIES", 0.1)
        with pytest.raises(BucketAway):
            tick(MORNING + timedelta(days=3))
    environment(audit_bucket_url=f"{there.client._connection.API_BASE_URL}/{BUCKET}", audit_signing_key=SIGNING_KEY)
    heads._bucket_at.cache_clear()
    assert tick(MORNING + timedelta(days=3, minutes=1)) == 3
    assert bucket.days()[0] == DAYS[0]


def test_without_a_bucket_nothing_is_kept_and_nothing_fails(database: LocalDatabase) -> None:
    add_entry(MORNING)
    assert tick(THIRD_MORNING) == 0
    assert found_at(LATER) == []


def test_a_head_without_a_signature_is_none_where_there_is_a_key(bucket: HeadBucket) -> None:
    bare = signed_head(DAYS[0], 1, bytes(32)).model_copy(update={"signature": None, "key_id": None})
    assert not bare.is_signed
    assert not bare.model_copy(update={"signature": "no hex", "key_id": "s1"}).is_signed
    assert datetime(2031, 3, 11, tzinfo=UTC) == heads.end_of(DAYS[0])
