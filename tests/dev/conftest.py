"""What the tests of the local cloud stand on: a real Redis, a web server that remembers, and a signing key."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dev.http_listener import listen
from dev.id_tokens import IdTokens, create_key, load_key
from tests.authorities import few_authorities  # noqa: F401 - a fixture of every test here
from tests.dev.stand_ins import ISSUER, RedisProcess, Subscriber


@pytest.fixture
def redis_process(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path / "redis")
    yield process
    process.stop()


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    stand_in = Subscriber()
    listener = await listen(stand_in.answer, 0)
    stand_in.url = f"http://127.0.0.1:{listener.port}"
    yield stand_in
    await listener.close()


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("oidc") / "key.json"
    create_key(path)
    return path


@pytest.fixture
def tokens(key_file: Path) -> IdTokens:
    return IdTokens(load_key(key_file), ISSUER)
