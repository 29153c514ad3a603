"""One POST to a part of the local cloud, as Pub/Sub and Cloud Scheduler make it."""

import asyncio
import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit


async def post(url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> int:
    """The status of the answer.

    Raises OSError or http.client.HTTPException where there is none.
    """
    return await asyncio.to_thread(_post, url, body, headers, timeout_seconds)


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=timeout_seconds)
    try:
        connection.request("POST", address.path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
