"""The Upstash double against Upstash's own client."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from upstash_redis.asyncio import Redis
from upstash_redis.errors import UpstashError

from dev.upstash_double import LocalRedis, RedisAway, serve
from tests.dev.stand_ins import RedisProcess

TOKEN = "a-token"


@pytest.fixture
async def url(redis_process: RedisProcess) -> AsyncIterator[str]:
    listener = await serve(0, redis_process.port, TOKEN)
    yield f"http://127.0.0.1:{listener.port}"
    await listener.close()


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    async with Redis(url=url, token=TOKEN, rest_retries=0) as client:
        yield client


async def test_text_survives_base64_both_ways(redis: Redis) -> None:
    assert await redis.set("name", "Zoë “ok” \n")
    assert await redis.get("name") == "Zoë “ok” \n"


async def test_a_value_that_reads_ok_comes_back_as_it_is(redis: Redis) -> None:
    await redis.set("status", "OK")
    assert await redis.get("status") == "OK"
    assert await redis.ping() == "PONG"


async def test_numbers_nothing_and_nested_lists_keep_their_types(redis: Redis) -> None:
    assert await redis.incr("counter") == 1
    assert await redis.get("nowhere") is None
    assert await redis.eval("return {1, {'two', false}, 3}") == [1, ["two", None], 3]


async def test_a_script_runs_by_text_and_by_hash(redis: Redis) -> None:
    digest = await redis.script_load("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert await redis.evalsha(digest, keys=["hits"], args=["5"]) == 5
    assert await redis.eval("return KEYS[1] .. ARGV[1]", keys=["a"], args=["b"]) == "ab"


async def test_an_unknown_script_says_so(redis: Redis) -> None:
    with pytest.raises(UpstashError, match="NOSCRIPT"):
        await redis.evalsha("0" * 40)


async def test_a_pipeline_answers_each_command(redis: Redis) -> None:
    pipeline = redis.pipeline()
    pipeline.set("a", "1")
    pipeline.incr("a")
    pipeline.hset("h", values={"x": "y"})
    pipeline.hgetall("h")
    assert await pipeline.exec() == [True, 2, 1, {"x": "y"}]


async def test_a_transaction_answers_each_command(redis: Redis) -> None:
    transaction = redis.multi()
    transaction.set("b", "1")
    transaction.incrby("b", 4)
    assert await transaction.exec() == [True, 5]


async def test_a_failed_command_among_others_has_its_own_error(url: str) -> None:
    answer = await _post(f"{url}/pipeline", [["SET", "s", "text"], ["INCR", "s"]])
    assert answer.status_code == 200
    assert answer.json()[0] == {"result": "OK"}
    assert answer.json()[1]["error"].startswith("ERR value is not an integer")


async def test_a_transaction_that_cannot_be_queued_is_refused_whole(url: str) -> None:
    answer = await _post(f"{url}/multi-exec", [["SET", "s", "1"], ["NO-SUCH-COMMAND"]])
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("EXECABORT")
    assert (await _post(url, ["GET", "s"])).json() == {"result": None}


async def test_a_redis_error_is_400_with_its_text(redis: Redis, url: str) -> None:
    await redis.set("s", "text")
    answer = await _post(url, ["LPUSH", "s", "x"])
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("WRONGTYPE")


async def test_without_the_encoding_header_strings_are_plain(url: str) -> None:
    await _post(url, ["SET", "k", "plain"])
    assert (await _post(url, ["GET", "k"])).json() == {"result": "plain"}


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", TOKEN, "Bearer ünknown"])
async def test_another_token_is_refused(url: str, authorization: str) -> None:
    headers = {b"Authorization": authorization.encode()}
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, json=["PING"], headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


@pytest.mark.parametrize("body", [[], {}, "PING", [[]], ["SUBSCRIBE", "c"], ["blpop", "k", 0], ["MULTI"]])
async def test_what_is_no_usable_command_is_400(url: str, body: object) -> None:
    answer = await _post(url, body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("ERR")


async def test_what_is_no_json_is_400(url: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, content=b"{", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 400


async def test_text_that_no_encoding_has_fails_alone(url: str) -> None:
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = await client.post(url, content=rb'["SET", "k", "\ud800"]', headers=headers)
    assert answer.status_code == 500
    assert (await _post(url, ["PING"])).json() == {"result": "PONG"}


async def test_another_path_is_404(url: str) -> None:
    assert (await _post(f"{url}/set/a/b", ["PING"])).status_code == 404


async def test_publish_counts_the_subscribers(redis: Redis) -> None:
    assert await redis.publish("channel", "text") == 0


async def test_many_at_once_get_their_own_answers(url: str) -> None:
    """By one client for all: the vendor's makes a new one for each command, which holds this event loop up."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        await asyncio.gather(*(client.post(url, json=["SET", f"k{number}", str(number)]) for number in range(100)))
        answers = await asyncio.gather(*(client.post(url, json=["GET", f"k{number}"]) for number in range(100)))
    assert [answer.json()["result"] for answer in answers] == [str(number) for number in range(100)]


async def test_with_redis_away_the_answer_is_a_quick_503_and_it_finds_back(
    redis: Redis, url: str, redis_process: RedisProcess
) -> None:
    await redis.set("kept", "yes")
    redis_process.stop()
    began = time.monotonic()
    assert (await _post(url, ["PING"])).status_code == 503
    assert time.monotonic() - began < 0.5
    redis_process.start()
    assert await redis.get("kept") == "yes"


async def test_a_redis_that_still_reads_its_file_is_away() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"-LOADING Redis is loading the dataset in memory\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        redis = LocalRedis(server.sockets[0].getsockname()[1])
        with pytest.raises(RedisAway, match="reads its file"):
            await redis.run([["GET", "kept"]])
        redis.close()


async def test_with_redis_frozen_the_answer_comes_in_the_end(url: str, redis_process: RedisProcess) -> None:
    await _post(url, ["PING"])
    redis_process.freeze()
    answer = await _post(url, ["PING"])
    assert (answer.status_code, answer.json()["error"]) == (503, "ERR Redis is away: no answer in time")


async def _post(url: str, body: object) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(url, json=body, headers={"Authorization": f"Bearer {TOKEN}"})
