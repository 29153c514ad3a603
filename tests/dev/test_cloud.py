"""Pieces of the local cloud as tests take them: real processes on free ports, taken away and brought back."""

import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pg8000.native
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from upstash_redis import Redis

from dev.cloud import LocalCloud
from dev.database import is_current
from dev.postgres import SOCKET_NAME, socket_folder
from dev.running_part import State
from tests.dev.stand_ins import alive
from tests.waiting import eventually

PARTS = ("postgres", "database", "redis", "upstash", "oidc")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(parts=PARTS, settings={"BCRYPT_COST": "4"}) as cloud:
        yield cloud


def rows(cloud: LocalCloud, query: str, user: str = "bloom_app") -> list[list[object]]:
    socket = str(socket_folder(cloud.data_dir) / SOCKET_NAME)
    connection = pg8000.native.Connection(user, unix_sock=socket, database="bloom")
    try:
        return [list(row) for row in connection.run(query)]
    finally:
        connection.close()


@pytest.fixture
def redis(cloud: LocalCloud) -> Iterator[Redis]:
    settings = cloud.environment("upstash")
    token = settings["UPSTASH_REDIS_REST_TOKEN"]
    with Redis(url=settings["UPSTASH_REDIS_REST_URL"], token=token, rest_retries=0) as client:
        yield client


def test_only_the_named_parts_run(cloud: LocalCloud) -> None:
    assert cloud.names == list(PARTS)
    assert all(alive(cloud.pid(name)) for name in ("postgres", "redis", "upstash", "oidc"))
    assert cloud.status("database").state is State.DONE


def test_the_database_is_serializable_migrated_and_seeded(cloud: LocalCloud) -> None:
    assert rows(cloud, "SHOW transaction_isolation") == [["serializable"]]
    accounts = 'SELECT role, email FROM "user" WHERE email_verified_at IS NOT NULL ORDER BY role'
    assert rows(cloud, accounts) == [
        ["ADMINISTRATOR", "administrator@bloom.test"],
        ["PATIENT", "patient@bloom.test"],
        ["THERAPIST", "therapist@bloom.test"],
    ]
    assert rows(cloud, "SELECT status FROM care_relationship") == [["accepted"]]
    assert rows(cloud, "SELECT count(*) FROM conversation_member") == [[2]]
    consents = "SELECT kind FROM consent WHERE withdrawn_at IS NULL ORDER BY kind"
    assert rows(cloud, consents) == [["message_analysis"], ["telehealth"], ["terms"]]


def test_a_second_start_finds_it_all_there(cloud: LocalCloud) -> None:
    assert is_current(cloud.data_dir)
    before = rows(cloud, 'SELECT id, password_hash FROM "user" ORDER BY id')
    cloud.stop_part("database")
    cloud.start_part("database")
    assert rows(cloud, 'SELECT id, password_hash FROM "user" ORDER BY id') == before


def test_an_account_that_went_is_seeded_again(cloud: LocalCloud) -> None:
    rows(cloud, "UPDATE \"user\" SET email = 'gone@bloom.test' WHERE role = 'ADMINISTRATOR' RETURNING 1", "postgres")
    assert not is_current(cloud.data_dir)
    cloud.stop_part("database")
    cloud.start_part("database")
    assert is_current(cloud.data_dir)
    assert rows(cloud, "SELECT count(*) FROM conversation") == [[1]]


def test_what_redis_and_postgres_took_survives_their_being_killed(cloud: LocalCloud, redis: Redis) -> None:
    redis.set("kept", "yes")
    for name in ("redis", "postgres"):
        before = cloud.pid(name)
        cloud.kill_part(name)
        cloud.wait_until_up(name)
        assert cloud.pid(name) != before
    assert redis.get("kept") == "yes"
    assert rows(cloud, "SELECT count(*) FROM conversation") == [[1]]


def test_a_part_can_be_taken_away_and_brought_back(cloud: LocalCloud, redis: Redis) -> None:
    cloud.stop_part("redis")
    assert cloud.pid("redis") == 0
    assert httpx.post(cloud.url("upstash")).status_code == 401
    with pytest.raises(Exception, match="Redis is away"):
        redis.ping()
    cloud.start_part("redis")
    assert redis.ping() == "PONG"


async def test_a_frozen_part_stays_and_goes_on(cloud: LocalCloud, redis: Redis) -> None:
    before = cloud.pid("redis")
    cloud.kill_part("redis", signal.SIGSTOP)
    with pytest.raises(Exception, match="Redis is away"):
        redis.ping()
    cloud.kill_part("redis", signal.SIGCONT)
    await eventually(lambda: redis.ping() == "PONG")
    assert cloud.pid("redis") == before


def test_its_tokens_verify_against_its_issuer(cloud: LocalCloud) -> None:
    keys = KeySet.import_key_set(httpx.get(cloud.settings["OIDC_JWKS_URL"]).json())
    claims = jwt.decode(cloud.id_tokens.bearer("push@bloom", cloud.settings["OIDC_AUDIENCE"]), keys).claims
    assert (claims["iss"], claims["aud"]) == (cloud.settings["OIDC_ISSUER"], cloud.origin)


def test_what_it_keeps_is_closed_to_others(cloud: LocalCloud) -> None:
    assert stat.S_IMODE(cloud.data_dir.stat().st_mode) == 0o700
    for name, mode in {"env": 0o600, "oidc-key.json": 0o600, "postgres": 0o700, "run": 0o700}.items():
        assert stat.S_IMODE((cloud.data_dir / name).stat().st_mode) == mode, name


def test_at_the_end_nothing_runs_and_the_temporary_folder_is_gone() -> None:
    with LocalCloud(parts={"redis"}) as cloud:
        pid = cloud.pid("redis")
    assert not alive(pid)
    assert not cloud.data_dir.exists()


def test_a_real_service_replaces_its_part() -> None:
    given = {"REDIS_URL": "redis://127.0.0.1:6379", "SMTP_URL": "smtp://127.0.0.1:1025", "INFERENCE_URL": ""}
    cloud = LocalCloud(parts={"redis", "smtp", "oidc", "inference"}, settings=given)
    assert cloud.replaced == {"redis": "REDIS_URL", "smtp": "SMTP_URL"}
    assert cloud.names == ["oidc", "inference"]
    assert cloud.settings["REDIS_URL"] == "redis://127.0.0.1:6379"
    cloud.stop()


def test_a_part_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match=r"^no such parts: postgrs$"):
        LocalCloud(Path("/nowhere"), parts={"redis", "postgrs"})


def test_a_deep_folder_gets_its_socket_in_a_short_one(tmp_path: Path) -> None:
    folder = socket_folder(tmp_path / ("deep" * 30))
    assert len(str(folder / SOCKET_NAME)) < 100
    assert folder != socket_folder(tmp_path / ("peed" * 30))
    assert socket_folder(Path("/srv/bloom/.bloom")) == Path("/srv/bloom/.bloom/run")
