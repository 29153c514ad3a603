"""Redis as the relay speaks to it besides listening: few connections however many ask; late answers are none."""

from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from shared.telemetry import log

CONNECTIONS: Final = 8
SECONDS_TO_ANSWER: Final = 0.5
SECONDS_TO_WAIT: Final = 5.0
AWAY: Final = (RedisError, OSError, TimeoutError)


def redis_at(url: str) -> Redis:
    """A client that tries twice, since a resting connection may be gone, and a storm of whose questions queues."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=SECONDS_TO_WAIT,
        socket_timeout=SECONDS_TO_ANSWER,
        socket_connect_timeout=SECONDS_TO_ANSWER,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis(connection_pool=pool)


async def publish(redis: Redis, channel: str, payload: str) -> None:
    """For what is not worth an error."""
    try:
        await redis.publish(channel, payload)
    except AWAY as error:
        log("not-published", severity="WARNING", channel=channel.partition(":")[0], error=type(error).__name__)
